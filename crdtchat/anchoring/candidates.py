"""Where on the page a passage may be: votes of shared tokens on diagonals."""

from __future__ import annotations

from bisect import bisect_left

from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import Query

#: A token or pair that stands in more places than this votes only for those nearest to the
#: expected one: bounds the work on texts that repeat themselves.
_MOST_VOTES = 32
#: log2 of the width of a bucket of diagonals.
_BUCKET_BITS = 3
_PLACES = 4
_PLACES_LONG = 2
_LONG_QUERY = 300
_PAD = 24


def nearest_positions(positions: list[int], expected: int, most: int) -> list[int]:
    """At most `most` of the sorted `positions`, around `expected`."""
    if len(positions) <= most:
        return positions
    at = bisect_left(positions, expected)
    low = max(0, min(at - most // 2, len(positions) - most))
    return positions[low : low + most]


def find_windows(
    index: PageIndex, query: Query, expected: int, hints: list[int]
) -> list[tuple[int, int]]:
    """Windows of page tokens that may hold the passage, the most promising first.

    `expected` is the page token where the passage's first token would stand had nothing changed;
    `hints` are such tokens known from elsewhere, always looked at.
    """
    votes: dict[int, int] = {}
    ids = query.ids
    gains = query.gains
    size = len(ids)
    for at in range(size):
        number = ids[at]
        if number < 0:
            continue
        gain = gains[at]
        positions = index.postings(number)
        if len(positions) <= _MOST_VOTES:
            for position in positions:
                bucket = (position - at) >> _BUCKET_BITS
                votes[bucket] = votes.get(bucket, 0) + gain
        if at + 1 < size and ids[at + 1] >= 0:
            positions = index.pair_postings(number, ids[at + 1])
            gain += gains[at + 1]
            for position in nearest_positions(positions, expected + at, _MOST_VOTES):
                bucket = (position - at) >> _BUCKET_BITS
                votes[bucket] = votes.get(bucket, 0) + gain
    home = expected >> _BUCKET_BITS
    joined = [(count + votes.get(bucket + 1, 0), bucket) for bucket, count in votes.items()]
    best = max(joined)[0] if joined else 0
    ranked = sorted(
        (-count, abs(bucket - home), bucket) for count, bucket in joined if count * 8 >= best
    )
    total = len(index.ids)
    chosen: list[int] = []
    windows: list[tuple[int, int]] = []
    most = _PLACES if size <= _LONG_QUERY else _PLACES_LONG
    pad = _PAD + size // 4

    def add(bucket: int) -> None:
        chosen.append(bucket)
        begin = bucket << _BUCKET_BITS
        low = max(0, begin - pad)
        high = min(total, begin + (2 << _BUCKET_BITS) + size + pad)
        if low < high:
            windows.append((low, high))

    for hint in hints:
        bucket = (hint - (1 << _BUCKET_BITS >> 1)) >> _BUCKET_BITS
        if all(abs(bucket - other) > 2 for other in chosen):
            add(bucket)
    added = 0
    for _, _, bucket in ranked:
        if added >= most:
            break
        if all(abs(bucket - other) > 2 for other in chosen):
            add(bucket)
            added += 1
    return windows
