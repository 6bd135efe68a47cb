"""Looks at every frame and every step of a simulation (DESIGN invariants 2, 4, 5, 6 and 10)."""

from __future__ import annotations

from typing import Protocol
from zlib import crc32

from crdtchat.document.rules import RULES
from crdtchat.document.schema import ROOTS
from crdtchat.host.counters import Counters
from crdtchat.host.gathering import Gathering
from crdtchat.stores.base import DocumentKey, Entry
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode, Malformed
from crdtchat.sync.limits import OPERATION, TRUSTED
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning
from crdtchat.sync.update import decode_update
from crdtchat.testing.simulator.archive import Archive
from crdtchat.testing.simulator.connection import Connection
from crdtchat.testing.simulator.trace import Trace, describe

_PASSING = {CloseCode.RESTART, CloseCode.UNAVAILABLE, CloseCode.TOO_SLOW}
"""Codes with which an honest client may be sent away."""

assert set(RULES) == set(ROOTS) == set("acsrdutm")


class Watched(Protocol):
    """A node, as the witness looks at it."""

    rooms: dict[DocumentKey, Gathering]
    touched: set[DocumentKey]
    counters: Counters

    def connections_of(self, room: Gathering) -> list[Connection]:
        """The connections in a room."""


class Witness:
    """Raises InvariantBroken at the first step that breaks a promise."""

    def __init__(self, trace: Trace, pages: dict[DocumentKey, bytes]) -> None:
        """`pages`: for every page bytes that occur in its texts and names and nowhere else."""
        self.owners: dict[DocumentKey, dict[int, str]] = {key: {} for key in pages}
        """Client ids of honest stock clients."""
        self.peers: dict[DocumentKey, dict[str, Peer]] = {key: {} for key in pages}
        self._senders: dict[DocumentKey, dict[bytes, set[str]]] = {key: {} for key in pages}
        self.archives = {
            key: Archive(self.peers[key], self.owners[key], self._senders[key], trace.fail)
            for key in pages
        }
        self._updates: dict[tuple[int, bytes], bytes] = {}
        """What honest clients sent, by connection and broadcastId: sent again under another client
        id an operation has other bytes, and the answer to the one is none to the other."""
        self._trace = trace
        self._marks = pages
        self._looked_at: dict[tuple[DocumentKey, int, int], None] = {}

    def committed(self, key: DocumentKey, entries: tuple[Entry, ...] | list[Entry]) -> None:
        """Entries became durable."""
        for entry in entries:
            self.archives[key].add(entry)

    def rebuilt(self, key: DocumentKey, state: bytes, sequence: int) -> None:
        """A page has a new epoch."""
        self.archives[key].rebuilt(state, sequence)

    def receives(self, connection: Connection, frame: bytes) -> None:
        """A session is about to receive a frame."""
        try:
            decoded = message.decode_from_client(frame, v1=True)
        except Malformed:
            return
        if isinstance(decoded, message.Operation):
            senders = self._senders[connection.key].setdefault(decoded.broadcast_id, set())
            senders.add(connection.peer.user)
            if connection.honest:
                self._updates[connection.serial, decoded.broadcast_id] = decoded.update
                self.archives[connection.key].sent.setdefault(decoded.broadcast_id, [])

    def sends(self, connection: Connection, frame: bytes) -> None:
        """A frame leaves for a client. Invariants 2 and 10."""
        key, who = connection.key, connection.who
        self._trace.note(who, f"< {describe(frame)}")
        seen = (key, crc32(frame), len(frame))
        if seen in self._looked_at and frame[0] != message.MessageType.ACK:
            return
        self._looked_at[seen] = None
        for other, mark in self._marks.items():
            if other != key and mark in frame:
                raise self._trace.fail(f"{who} on {key} is sent something of {other}")
        decoded = message.decode_from_server(frame)
        archive = self.archives[key]
        if isinstance(decoded, message.Batch | message.SyncStep2 | message.SyncUpdate):
            lacking = archive.lacks(decode_update(decoded.update, TRUSTED))
            if lacking:
                raise self._trace.fail(f"{who} is sent {lacking}, which is not committed")
        if isinstance(decoded, message.Batch) and decoded.last > archive.sequence:
            raise self._trace.fail(f"{who} is told of operation {decoded.last} before its commit")
        if isinstance(decoded, message.Ack) and connection.honest:
            for broadcast_id in decoded.broadcast_ids:
                if broadcast_id in archive.broadcast_ids:
                    continue
                # It may repeat what another operation did, such as a deletion.
                sent = self._updates[connection.serial, broadcast_id]
                lacking = archive.lacks(decode_update(sent, OPERATION))
                if lacking:
                    raise self._trace.fail(f"{who} is acknowledged {lacking}, not committed")

    def closes(self, who: str, honest: bool, stock: bool, code: int, reason: str) -> None:
        """The server ends a session. Invariant 5: an honest one never for what it cannot help."""
        self._trace.note(who, f"< close {code} {reason}")
        if not honest or code in _PASSING or (stock and code == CloseCode.DIVERGED):
            return
        raise self._trace.fail(f"honest {who} is closed with {code}: {reason}")

    def looks_at(self, node: Watched, tuning: Tuning) -> None:
        """After every step, at the pages it touched. Invariants 5, 6 and 7 as far as they hold at
        any moment."""
        if node.counters.get("engine_failures"):
            raise self._trace.fail("a document was given up: the engine failed")
        for key in node.touched:
            gathering = node.rooms.get(key)
            if gathering is None:
                continue
            room, here = gathering.room, node.connections_of(gathering)
            near = room.presence.near()
            present = len(near.named) + sum(near.others.values())
            if not room.sessions == present == len(here):
                raise self._trace.fail(
                    f"{len(here)} connections, {room.sessions} sessions, {present} present on {key}"
                )
            if room.history.sequence > self.archives[key].sequence:
                raise self._trace.fail(f"the room of {key} is ahead of its log")
            for one in here:
                outbox = room.outbox(one.number)
                if outbox.droppable_bytes > tuning.outbox_bytes:
                    raise self._trace.fail(f"the outbox of {one.who} is over its bound")
                if outbox.answers_bytes > 2 * tuning.answers_bytes:
                    raise self._trace.fail(f"{one.who} is owed more than the bound")
