"""Snapshots as they are kept: compressed where that makes them smaller.

Words of people and the ids of their records take a third or less. The log stays as it is: its
entries are small, are written while somebody waits, and are folded before long.
"""

from __future__ import annotations

import zlib

_WORTH = 512
"""Bytes below which nothing is compressed."""
_SWELLS = 8
"""How much larger what is unpacked may be without being copied as it grows: twice the time."""
_LEVEL = 1
"""A few milliseconds for a large page; higher levels take three times as long for a tenth less."""


def pack(state: bytes) -> tuple[bytes, bool]:
    """The bytes to keep, and whether they are compressed (zlib, RFC 1950)."""
    if len(state) >= _WORTH:
        packed = zlib.compress(state, _LEVEL)
        if len(packed) < len(state):
            return packed, True
    return state, False


def unpack(kept: bytes, packed: bool) -> bytes:
    """The state. Raises ValueError for bytes that were damaged."""
    if not packed:
        return kept
    try:
        return zlib.decompress(kept, bufsize=_SWELLS * len(kept))
    except zlib.error as error:
        raise ValueError(str(error)) from None
