"""Ids of records and operations. Randomness is handed in: the same bytes make the same id.

A comment's id begins with its time, so that a deleted comment can keep its place among the others
when all that is left of it is a tombstone.
"""

from __future__ import annotations

from collections.abc import Callable

RandomBytes = Callable[[int], bytes]
"""Gives that many random bytes, as `secrets.token_bytes` does."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ANNOTATION_LETTERS = 12
_TIME_LETTERS, _CHANCE_LETTERS = 8, 6
_EARLIEST_MS, _LATEST_MS = 1_704_067_200_000, 4_102_444_800_000
"""2024 and 2100: what lies outside is an id that another client made up otherwise."""


def new_annotation_id(random: RandomBytes) -> str:
    """Make an annotation id of 72 random bits."""
    return _letters(random(_ANNOTATION_LETTERS))


def new_comment_id(now: int, random: RandomBytes) -> str:
    """Make a comment id for a comment of `now` (milliseconds since 1970) with 36 random bits."""
    time = ""
    rest = now
    for _ in range(_TIME_LETTERS):
        time = _ALPHABET[rest % 64] + time
        rest //= 64
    return time + _letters(random(_CHANCE_LETTERS))


def time_of_comment_id(cid: str) -> int | None:
    """The time inside a comment id, in milliseconds; None if it was made in another way."""
    if len(cid) != _TIME_LETTERS + _CHANCE_LETTERS:
        return None
    time = 0
    for letter in cid[:_TIME_LETTERS]:
        time = time * 64 + _ALPHABET.index(letter)
    return time if _EARLIEST_MS <= time < _LATEST_MS else None


def chance_of(cid: str) -> str:
    """What a comment id has from its random bytes; empty if it was made in another way."""
    return cid[_TIME_LETTERS:] if len(cid) == _TIME_LETTERS + _CHANCE_LETTERS else ""


def is_same_chance(cid: str, other: str) -> bool:
    """Whether two comment ids differ in their time at most: made of the same random bytes."""
    return chance_of(cid) == chance_of(other) != ""


def new_broadcast_id(random: RandomBytes) -> bytes:
    """Make the 16 bytes of a version 4 UUID."""
    raw = bytearray(random(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)


def _letters(raw: bytes) -> str:
    return "".join(_ALPHABET[byte & 63] for byte in raw)
