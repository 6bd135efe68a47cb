"""Encoder for what the server writes itself, and the joining of verified updates.

Joining needs no engine: structs refer to each other by id only, so the sections of contiguous
updates of one client can stand behind each other byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crdtchat.sync.update import Deletes, Id, Ranges, Section, Update, Value
from crdtchat.sync.wire import string, uint

EMPTY_UPDATE = b"\x00\x00"


def encode_value(value: Value) -> bytes:
    """Encode one Any value as lib0 does, integers as varints."""
    if isinstance(value, str):
        return b"\x77" + string(value)
    parts = [b"\x75", uint(len(value))]
    for scalar in value:
        if isinstance(scalar, str):
            parts.append(b"\x77" + string(scalar))
        else:
            parts.append(b"\x7d" + _int(scalar))
    return b"".join(parts)


def encode_write(
    client: int, clock: int, *, root: str, key: str, value: Value, origin: Id | None
) -> bytes:
    """Encode "set `key` of `root`" as an update; `origin` is the item the key holds now.

    The overtaken item is deleted with it, as Yjs does.
    """
    if origin is None:
        item = b"\x28\x01" + string(root) + string(key) + b"\x01" + encode_value(value)
        deletes = b"\x00"
    else:
        item = b"\xa8" + uint(origin[0]) + uint(origin[1]) + b"\x01" + encode_value(value)
        deletes = encode_deletes([origin])
    return b"\x01\x01" + uint(client) + uint(clock) + item + deletes


def encode_deletion(ids: Iterable[Id]) -> bytes:
    """Encode an update that deletes items and writes nothing."""
    return b"\x00" + encode_deletes(ids)


def encode_deletes(ids: Iterable[Id]) -> bytes:
    """Encode a delete set of single items."""
    return encode_delete_set(as_deletes(ids))


def as_deletes(ids: Iterable[Id]) -> Deletes:
    """A delete set of single items."""
    by_client: dict[int, list[tuple[int, int]]] = {}
    for client, clock in ids:
        by_client.setdefault(client, []).append((clock, clock + 1))
    return _united(by_client)


def join_updates(updates: Sequence[Update]) -> bytes:
    """Join decoded updates, in the order they were accepted, into one.

    Of each client the sections must be contiguous, which successive accepted updates are.
    """
    sections: dict[int, list[Section]] = {}
    deletes: dict[int, list[tuple[int, int]]] = {}
    for update in updates:
        for section in update.sections:
            sections.setdefault(section.client, []).append(section)
        for client, ranges in update.deletes:
            deletes.setdefault(client, []).extend(ranges)
    parts = [uint(len(sections))]
    for client in sorted(sections, reverse=True):
        run = sections[client]
        parts += [
            uint(sum([section.structs for section in run])),
            uint(client),
            uint(run[0].clock),
        ]
        parts += [section.body for section in run]
    parts.append(encode_delete_set(_united(deletes)))
    return b"".join(parts)


def _united(by_client: dict[int, list[tuple[int, int]]]) -> Deletes:
    """In the order of the wire, which is that of Yjs: ids descending, ranges ascending."""
    return tuple(
        [(client, _merged(by_client[client])) for client in sorted(by_client, reverse=True)]
    )


def encode_delete_set(deletes: Deletes) -> bytes:
    """Encode a delete set; as an update of its own it stands behind one zero byte."""
    parts = [uint(len(deletes))]
    for client, ranges in deletes:
        parts += [uint(client), uint(len(ranges))]
        for first, end in ranges:
            parts += [uint(first), uint(end - first)]
    return b"".join(parts)


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    """Sort ranges and unite those that touch or overlap."""
    if len(ranges) == 1:
        return (ranges[0],)
    merged: list[tuple[int, int]] = []
    for first, end in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((first, end))
    return tuple(merged)


def _int(number: int) -> bytes:
    sign = 0x40 if number < 0 else 0
    number = abs(number)
    if number < 0x40:
        return bytes((sign | number,))
    out = bytearray((0x80 | sign | number & 0x3F,))
    number >>= 6
    while number >= 0x80:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)
