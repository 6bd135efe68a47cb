"""Strict decoder of the Yjs v1 update, for the subset the schema needs.

Format: yjs `src/utils/encoding.js`. An update is sections of structs, one per client id, in
descending order of id, then a delete set. The subset: items in a Map root (with a key), holding
Any values that are strings or flat arrays of strings and integers, or already deleted. Everything
else that Yjs knows (GC, Skip, Text, types, formats, subdocuments, right origins) is refused here,
before any engine sees it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from crdtchat.sync.codes import Malformed, RejectCode
from crdtchat.sync.limits import Limits
from crdtchat.sync.wire import MAX_UINT, expect_end, read_string, read_uint

Value = str | tuple[str | int, ...]
Id = tuple[int, int]
"""An item: (client, clock)."""


class Item(NamedTuple):
    """One struct: `length` successive values of one key, or that many deleted ones."""

    clock: int
    length: int
    origin: Id | None
    """The item it stands behind; None if it is the first its author knew of."""
    root: str
    key: str
    """Root and key, empty when they follow from the origin."""
    values: tuple[Value, ...] | None
    """None: deleted before it was sent."""
    offset: int
    """Where its bytes begin in the update."""


class Section(NamedTuple):
    """The structs of one client id, contiguous from `clock` up to `end`."""

    client: int
    clock: int
    end: int
    structs: int
    """How many there are."""
    body: bytes
    """The structs as they stand in the update."""
    items: tuple[Item, ...] = ()
    """The same, decoded; empty once they were judged."""
    start: int = 0
    """Offset of `body` in the update."""


Ranges = tuple[tuple[int, int], ...]
"""Deleted ranges of one client as (first clock, end clock), ascending."""
Deletes = tuple[tuple[int, Ranges], ...]
"""Deleted ranges by client id."""


class Update(NamedTuple):
    """A decoded update: what it adds and what it deletes."""

    sections: tuple[Section, ...]
    deletes: Deletes


def judged(update: Update) -> Update:
    """The same without its items, which nobody asks for once they were judged: decoded texts take
    twice the memory of the bytes they came from."""
    sections, deletes = update
    if len(sections) != 1:
        return Update(tuple([section._replace(items=()) for section in sections]), deletes)
    client, clock, end, structs, body, _, start = sections[0]
    return _new(Update, ((_new(Section, (client, clock, end, structs, body, (), start)),), deletes))


_ORIGIN, _RIGHT, _KEYED, _REF = 0x80, 0x40, 0x20, 0x1F
_DELETED, _ANY, _SKIP = 1, 8, 10
_STRUCTS = frozenset(
    link | _KEYED | content for link in (0, _ORIGIN) for content in (_ANY, _DELETED)
)
"""First bytes of the structs that the schema has."""
_TEXT, _ARRAY, _INT = 119, 117, 125
_new = tuple.__new__
"""Makes a named tuple in half the time of its constructor."""


def decode_update(data: bytes, limits: Limits) -> Update:
    """Decode an update within `limits`.

    Raises Malformed, with the code of what is wrong, for anything that is not exactly the subset.
    Costs at most a bounded time for bounded input, whatever the bytes say of themselves.
    """
    if len(data) > limits.update_bytes:
        raise Malformed("update too large")
    try:
        return _decode(data, limits)
    except IndexError:
        raise Malformed("cut off") from None
    except UnicodeDecodeError:
        raise Malformed("text that is not UTF-8") from None


def _decode(data: bytes, limits: Limits) -> Update:
    count, at = read_uint(data, 0)
    if count > limits.sections:
        raise Malformed("structs of too many clients")
    sections: list[Section] = []
    structs = 0
    values_left = limits.values
    previous = MAX_UINT + 1
    for _ in range(count):
        number, at = read_uint(data, at)
        client, at = read_uint(data, at)
        first, at = read_uint(data, at)
        if not number:
            raise Malformed("empty section")
        if client >= previous:
            raise Malformed("client ids not in descending order")
        previous = client
        structs += number
        if structs > limits.structs:
            raise Malformed("too many structs")
        start = at
        clock = first
        items: list[Item] = []
        for _ in range(number):
            item, at, values_left = _read_item(data, at, clock, values_left)
            clock += item[1]
            items.append(item)
        if clock > MAX_UINT:
            raise Malformed("clock above 2^53")
        section = (client, first, clock, number, data[start:at], tuple(items), start)
        sections.append(_new(Section, section))
    if data[at] == 0:
        expect_end(data, at + 1)
        return _new(Update, (tuple(sections), ()))
    deletes, at = _read_deletes(data, at, limits.delete_ranges)
    expect_end(data, at)
    return Update(tuple(sections), deletes)


def _read_item(data: bytes, at: int, clock: int, values_left: int) -> tuple[Item, int, int]:
    offset = at
    info = data[at]
    at += 1
    if info not in _STRUCTS:
        raise _no_such_struct(info)
    root = key = ""
    origin: Id | None = None
    if info & _ORIGIN:
        origin_client, at = read_uint(data, at)
        origin_clock, at = read_uint(data, at)
        origin = (origin_client, origin_clock)
    else:
        if data[at] != 1:
            read_uint(data, at)  # Raises if it is not even a number.
            raise Malformed("a parent that is not a root", RejectCode.FOREIGN_TYPE)
        root, at = read_string(data, at + 1)
        key, at = read_string(data, at)
    length = data[at]
    at += 1
    if length >= 0x80:
        length, at = read_uint(data, at - 1)
    if not length:
        raise Malformed("empty item")
    if info & _REF == _DELETED:
        return _new(Item, (clock, length, origin, root, key, None, offset)), at, values_left
    if length == 1:
        value, at, values_left = _read_value(data, at, values_left)
        return _new(Item, (clock, 1, origin, root, key, (value,), offset)), at, values_left
    if length > values_left:
        raise Malformed("too many values")
    values: list[Value] = []
    for _ in range(length):
        value, at, values_left = _read_value(data, at, values_left)
        values.append(value)
    return Item(clock, length, origin, root, key, tuple(values), offset), at, values_left


def _no_such_struct(info: int) -> Malformed:
    if info == _SKIP:
        return Malformed("a gap between structs", RejectCode.CLOCK_GAP)
    if info & _REF not in (_ANY, _DELETED):
        reason = "a struct the schema does not have"
    elif info & _RIGHT:
        reason = "a right origin in a map"
    else:
        reason = "an item without a key"
    return Malformed(reason, RejectCode.FOREIGN_TYPE)


def _read_value(data: bytes, at: int, left: int) -> tuple[Value, int, int]:
    tag = data[at]
    at += 1
    if tag == _TEXT:
        text, at = read_string(data, at)
        if left < 1:
            raise Malformed("too many values")
        return text, at, left - 1
    if tag != _ARRAY:
        raise Malformed("a value that is neither text nor a flat array", RejectCode.BAD_VALUE)
    count = data[at]
    at += 1
    if count >= 0x80:
        count, at = read_uint(data, at - 1)
    left -= count + 1
    if left < 0:
        raise Malformed("too many values")
    values: list[str | int] = []
    bytes_there = len(data)
    # The innermost loop of the server: strings are read here instead of by `read_string`.
    for _ in range(count):
        tag = data[at]
        at += 1
        if tag == _TEXT:
            size = data[at]
            at += 1
            if size >= 0x80:
                size, at = read_uint(data, at - 1)
            end = at + size
            if end > bytes_there:
                raise Malformed("cut off inside a byte string")
            values.append(data[at:end].decode())
            at = end
        elif tag == _INT:
            number, at = _read_int(data, at)
            values.append(number)
        else:
            read_float = _FLOATS.get(tag)
            if read_float is None:
                raise Malformed(
                    "an array element that is neither text nor integer", RejectCode.BAD_VALUE
                )
            number, at = read_float(data, at)
            values.append(number)
    return tuple(values), at, left


def _read_int(data: bytes, at: int) -> tuple[int, int]:
    """lib0 varint: sign in the first byte's seventh bit, six bits there, seven in each other."""
    byte = data[at]
    at += 1
    negative = byte & 0x40
    number = byte & 0x3F
    if byte >= 0x80:
        shift = 6
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 48:
                raise Malformed("number above 2^53")
        if byte == 0:
            raise Malformed("number not in its shortest form")
    if number > MAX_UINT:
        raise Malformed("number above 2^53")
    if negative:
        if not number:
            raise Malformed("negative zero", RejectCode.BAD_VALUE)
        return -number, at
    return number, at


def _float_reader(form: str) -> Callable[[bytes, int], tuple[int, int]]:
    unpack = struct.Struct(form)

    def read(data: bytes, at: int) -> tuple[int, int]:
        """A float that is an integer: what yrs writes for every number."""
        end = at + unpack.size
        if end > len(data):
            raise Malformed("cut off inside a number")
        (number,) = unpack.unpack_from(data, at)
        if not -MAX_UINT <= number <= MAX_UINT or number != int(number):
            raise Malformed("a number that is no exact integer", RejectCode.BAD_VALUE)
        if number == 0 and data[at] & 0x80:
            raise Malformed("negative zero", RejectCode.BAD_VALUE)
        return int(number), end

    return read


_FLOATS: dict[int, Callable[[bytes, int], tuple[int, int]]] = {
    124: _float_reader(">f"),
    123: _float_reader(">d"),
}


def _read_deletes(data: bytes, at: int, ranges_left: int) -> tuple[Deletes, int]:
    count, at = read_uint(data, at)
    if not count:
        return (), at
    if count > ranges_left:
        raise Malformed("deletes of too many clients")
    deletes: list[tuple[int, Ranges]] = []
    seen: set[int] = set()
    for _ in range(count):
        client, at = read_uint(data, at)
        number, at = read_uint(data, at)
        if not number:
            raise Malformed("empty delete section")
        if client in seen:
            raise Malformed("two delete sections of one client")
        seen.add(client)
        ranges_left -= number
        if ranges_left < 0:
            raise Malformed("too many delete ranges")
        ranges: list[tuple[int, int]] = []
        end = 0
        for _ in range(number):
            clock, at = read_uint(data, at)
            length, at = read_uint(data, at)
            if not length:
                raise Malformed("empty delete range")
            if clock < end:
                raise Malformed("delete ranges overlap or are out of order")
            end = clock + length
            if end > MAX_UINT:
                raise Malformed("clock above 2^53")
            ranges.append((clock, end))
        deletes.append((client, tuple(ranges)))
    return tuple(deletes), at
