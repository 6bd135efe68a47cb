"""Frames: one message each (PROTOCOL sections 2 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from crdtchat.sync.awareness import dump, parse_object
from crdtchat.sync.codes import Malformed, RejectCode
from crdtchat.sync.wire import (
    expect_end,
    read_bytes,
    read_fixed,
    read_string,
    read_uint,
    sized,
    string,
    uint,
)

SUBPROTOCOL = "crdtchat.v1"
BROADCAST_ID_BYTES = 16
NO_BROADCAST_ID = bytes(BROADCAST_ID_BYTES)


class MessageType(IntEnum):
    """First number of a frame."""

    SYNC = 0
    AWARENESS = 1
    QUERY_AWARENESS = 3
    WELCOME = 64
    OPERATION = 65
    BATCH = 66
    ACK = 67
    REJECT = 68
    PRESENCE = 69
    RESYNC = 70


class SyncStep1(NamedTuple):
    """Asks for what is missing from a state vector."""

    state_vector: bytes


class SyncStep2(NamedTuple):
    """Answers it."""

    update: bytes


class SyncUpdate(NamedTuple):
    """A change as it happens."""

    update: bytes


class Awareness(NamedTuple):
    """An awareness update, not yet decoded."""

    update: bytes


class QueryAwareness(NamedTuple):
    """Asks for the states of all."""


class Welcome(NamedTuple):
    """First frame of the server."""

    info: dict[str, object]


class Operation(NamedTuple):
    """A client's transaction."""

    broadcast_id: bytes
    update: bytes


class EventKind(IntEnum):
    """What an operation means to the reader."""

    NEW = 0
    UPDATED = 1
    DELETED = 2


class Event(NamedTuple):
    """One operation as news."""

    kind: EventKind
    broadcast_id: bytes
    aid: str
    cid: str
    """Empty when it is about the whole annotation."""
    by: str
    at: int
    """Milliseconds since 1970."""


class Batch(NamedTuple):
    """Operations `first .. last` merged; `first` 0: a difference or the whole document."""

    first: int
    last: int
    update: bytes
    events: tuple[Event, ...]


class Ack(NamedTuple):
    """On disk. `sequence`: the receiver holds all up to it, or 0 while it is owed a difference."""

    sequence: int
    clock: int
    broadcast_ids: tuple[bytes, ...]


class Reject(NamedTuple):
    """Never to be applied."""

    broadcast_id: bytes
    hard: bool
    clock: int
    code: str
    reason: str


class Presence(NamedTuple):
    """Who is here, or what one does."""

    info: dict[str, object]


class Resync(NamedTuple):
    """A client joins or rejoins."""

    epoch: int
    after: int
    state_vector: bytes


class ResyncRequest(NamedTuple):
    """The server asks for a Resync."""

    epoch: int


FromClient = (
    SyncStep1 | SyncStep2 | SyncUpdate | Awareness | QueryAwareness | Operation | Presence | Resync
)
FromServer = (
    SyncStep1
    | SyncStep2
    | SyncUpdate
    | Awareness
    | Welcome
    | Batch
    | Ack
    | Reject
    | Presence
    | ResyncRequest
)

PRESENCE_BYTES = 512
_SERVER_NESTING = 100
"""What somebody says of themselves, in a list of people."""
_OPERATION = bytes((MessageType.OPERATION,))


def decode_from_client(frame: bytes, *, v1: bool) -> FromClient:
    """Decode a frame a client sent. Raises Malformed for anything else."""
    if v1 and frame[:1] == _OPERATION:
        raw, at = read_bytes(frame, 1 + BROADCAST_ID_BYTES)
        expect_end(frame, at)
        return Operation(frame[1 : 1 + BROADCAST_ID_BYTES], raw)
    kind, at = read_uint(frame, 0)
    if kind == MessageType.SYNC:
        return _read_sync(frame, at)
    if kind == MessageType.AWARENESS:
        raw, at = read_bytes(frame, at)
        expect_end(frame, at)
        return Awareness(raw)
    if kind == MessageType.QUERY_AWARENESS:
        expect_end(frame, at)
        return QueryAwareness()
    if v1:
        if kind == MessageType.PRESENCE:
            text, at = read_string(frame, at)
            expect_end(frame, at)
            if len(text) > PRESENCE_BYTES:
                raise Malformed("presence too large")
            return Presence(_object(text))
        if kind == MessageType.RESYNC:
            epoch, at = read_uint(frame, at)
            after, at = read_uint(frame, at)
            raw, at = read_bytes(frame, at)
            expect_end(frame, at)
            return Resync(epoch, after, raw)
    raise Malformed(f"no client sends messages of type {kind}")


def decode_from_server(frame: bytes) -> FromServer:
    """Decode a frame the server sent. Raises Malformed for anything else."""
    kind, at = read_uint(frame, 0)
    match kind:
        case MessageType.SYNC:
            return _read_sync(frame, at)
        case MessageType.AWARENESS:
            raw, at = read_bytes(frame, at)
            expect_end(frame, at)
            return Awareness(raw)
        case MessageType.WELCOME:
            text, at = read_string(frame, at)
            expect_end(frame, at)
            return Welcome(_object(text, _SERVER_NESTING))
        case MessageType.BATCH:
            return _read_batch(frame, at)
        case MessageType.ACK:
            sequence, at = read_uint(frame, at)
            clock, at = read_uint(frame, at)
            count, at = read_uint(frame, at)
            ids = []
            for _ in range(count):
                broadcast_id, at = read_fixed(frame, at, BROADCAST_ID_BYTES)
                ids.append(broadcast_id)
            expect_end(frame, at)
            return Ack(sequence, clock, tuple(ids))
        case MessageType.REJECT:
            broadcast_id, at = read_fixed(frame, at, BROADCAST_ID_BYTES)
            hard, at = read_uint(frame, at)
            clock, at = read_uint(frame, at)
            code, at = read_string(frame, at)
            reason, at = read_string(frame, at)
            expect_end(frame, at)
            return Reject(broadcast_id, bool(hard), clock, code, reason)
        case MessageType.PRESENCE:
            text, at = read_string(frame, at)
            expect_end(frame, at)
            return Presence(_object(text, _SERVER_NESTING))
        case MessageType.RESYNC:
            epoch, at = read_uint(frame, at)
            expect_end(frame, at)
            return ResyncRequest(epoch)
    raise Malformed(f"no server sends messages of type {kind}")


def _read_sync(frame: bytes, at: int) -> SyncStep1 | SyncStep2 | SyncUpdate:
    step, at = read_uint(frame, at)
    raw, at = read_bytes(frame, at)
    expect_end(frame, at)
    if step == 0:
        return SyncStep1(raw)
    if step == 1:
        return SyncStep2(raw)
    if step == 2:
        return SyncUpdate(raw)
    raise Malformed("no such sync message")


def _read_batch(frame: bytes, at: int) -> Batch:
    first, at = read_uint(frame, at)
    last, at = read_uint(frame, at)
    update, at = read_bytes(frame, at)
    count, at = read_uint(frame, at)
    events: list[Event] = []
    for _ in range(count):
        kind, at = read_uint(frame, at)
        if kind > EventKind.DELETED:
            raise Malformed("no such event")
        broadcast_id, at = read_fixed(frame, at, BROADCAST_ID_BYTES)
        aid, at = read_string(frame, at)
        cid, at = read_string(frame, at)
        by, at = read_string(frame, at)
        when, at = read_uint(frame, at)
        events.append(Event(EventKind(kind), broadcast_id, aid, cid, by, when))
    expect_end(frame, at)
    return Batch(first, last, update, tuple(events))


def encode_sync_step1(state_vector: bytes) -> bytes:
    return b"\x00\x00" + sized(state_vector)


def encode_sync_step2(update: bytes | memoryview) -> bytes:
    return b"\x00\x01" + uint(len(update)) + update  # which may be large: copied once


def encode_sync_update(update: bytes | memoryview) -> bytes:
    return b"\x00\x02" + uint(len(update)) + update


def encode_awareness_message(update: bytes) -> bytes:
    return b"\x01" + sized(update)


def encode_welcome(info: dict[str, object]) -> bytes:
    return b"\x40" + string(dump(info))


def encode_operation(broadcast_id: bytes, update: bytes) -> bytes:
    return _OPERATION + broadcast_id + sized(update)


def encode_batch(
    first: int, last: int, update: bytes | memoryview, events: Sequence[Event]
) -> bytes:
    parts: list[bytes | memoryview] = [
        b"\x42",
        uint(first),
        uint(last),
        uint(len(update)),
        update,
        uint(len(events)),
    ]
    parts += [
        bytes((event.kind,))
        + event.broadcast_id
        + string(event.aid)
        + string(event.cid)
        + string(event.by)
        + uint(event.at)
        for event in events
    ]
    return b"".join(parts)


def encode_ack(sequence: int, clock: int, broadcast_ids: Sequence[bytes]) -> bytes:
    head = b"\x43" + uint(sequence) + uint(clock) + uint(len(broadcast_ids))
    return head + b"".join(broadcast_ids)


def encode_reject(broadcast_id: bytes, clock: int, code: RejectCode, reason: str) -> bytes:
    hard = b"\x01" if code.hard else b"\x00"
    return b"\x44" + broadcast_id + hard + uint(clock) + string(code) + string(reason)


def encode_presence(info: dict[str, object]) -> bytes:
    return b"\x45" + string(dump(info))


def encode_resync(epoch: int, after: int, state_vector: bytes) -> bytes:
    return b"\x46" + uint(epoch) + uint(after) + sized(state_vector)


def encode_resync_request(epoch: int) -> bytes:
    return b"\x46" + uint(epoch)


def _object(text: str, nesting: int = 64) -> dict[str, object]:
    info = parse_object(text, nesting)
    if info is None:
        raise Malformed("null where an object is due")
    return info
