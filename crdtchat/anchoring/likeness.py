"""How alike two short texts are, character by character."""

from __future__ import annotations

#: Above this many cells the comparison would take too long; callers fall back to tokens.
_MOST_CELLS = 4_000_000


def common_characters(first: str, second: str) -> int | None:
    """The length of the longest common subsequence, None if that would cost too much.

    Bit-parallel (Hyyroe 2004) on Python's long integers.
    """
    head = 0
    limit = min(len(first), len(second))
    while head < limit and first[head] == second[head]:
        head += 1
    tail = 0
    while tail < limit - head and first[-1 - tail] == second[-1 - tail]:
        tail += 1
    first = first[head : len(first) - tail]
    second = second[head : len(second) - tail]
    if len(first) * len(second) > _MOST_CELLS:
        return None
    if not first or not second:
        return head + tail
    masks: dict[str, int] = {}
    bit = 1
    for char in first:
        masks[char] = masks.get(char, 0) | bit
        bit <<= 1
    full = bit - 1
    row = full
    for char in second:
        hit = row & masks.get(char, 0)
        row = ((row + hit) | (row - hit)) & full
    return head + tail + len(first) - row.bit_count()


def likeness(first: str, second: str) -> float | None:
    """Twice the common characters over all characters, 1 for two empty texts."""
    total = len(first) + len(second)
    if total == 0:
        return 1.0
    common = common_characters(first, second)
    return None if common is None else 2 * common / total
