"""lib0's primitives, read strictly: shortest form only, bounded, nothing past the end.

lib0 itself accepts padded and oversized numbers, and its ports disagree about them; a parser that
accepts exactly what the encoders write leaves nothing to disagree about.
"""

from __future__ import annotations

from crdtchat.sync.codes import Malformed

MAX_UINT = 2**53 - 1
"""Largest number of the protocol: JavaScript's largest exact integer."""


def read_uint(data: bytes, at: int) -> tuple[int, int]:
    """Read a varuint at `at`; return it and the position behind it.

    Raises Malformed if it is cut off, padded with zero groups, or above `MAX_UINT`.
    """
    try:
        byte = data[at]
        at += 1
        if byte < 0x80:
            return byte, at
        number = byte & 0x7F
        shift = 7
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 49:
                raise Malformed("number above 2^53")
    except IndexError:
        raise Malformed("cut off inside a number") from None
    if byte == 0:
        raise Malformed("number not in its shortest form")
    if number > MAX_UINT:
        raise Malformed("number above 2^53")
    return number, at


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a length and that many bytes."""
    size, at = read_uint(data, at)
    end = at + size
    if end > len(data):
        raise Malformed("cut off inside a byte string")
    return data[at:end], end


def read_string(data: bytes, at: int) -> tuple[str, int]:
    """Read a length and that many bytes of strict UTF-8."""
    size = data[at] if at < len(data) else 0x80
    if size < 0x80:
        at += 1
    else:
        size, at = read_uint(data, at)
    end = at + size
    if end > len(data):
        raise Malformed("cut off inside a byte string")
    try:
        return data[at:end].decode(), end
    except UnicodeDecodeError:
        raise Malformed("text that is not UTF-8") from None


def read_fixed(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    """Read exactly `size` bytes."""
    end = at + size
    if end > len(data):
        raise Malformed("cut off")
    return data[at:end], end


def expect_end(data: bytes, at: int) -> None:
    """Raise Malformed unless `at` is the end: trailing bytes are a parser differential."""
    if at != len(data):
        raise Malformed("bytes after the end")


def uint(number: int) -> bytes:
    """Encode a varuint."""
    if number < 0x80:
        return _SHORT[number]
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def sized(raw: bytes) -> bytes:
    """Encode a length and the bytes."""
    return uint(len(raw)) + raw


def string(text: str) -> bytes:
    """Encode a length and the UTF-8 of `text`."""
    return sized(text.encode())


_SHORT = tuple(bytes((number,)) for number in range(0x80))
