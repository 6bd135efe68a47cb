"""Where on the page a passage may be: votes of shared tokens on diagonals."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import Query

#: A token that stands in more places than this does not vote alone but with its neighbour, and a
#: pair in more places than this only if nothing else votes, and then only for those nearest to the
#: expected one: bounds the work on texts that repeat themselves.
_MOST_VOTES = 8
_MOST_PAIR_VOTES = 32
#: log2 of the width of a bucket of diagonals.
_BUCKET_BITS = 3
_PLACES = 3
_PLACES_LONG = 2
_LONG_QUERY = 300
#: A place needs this share of the best one's votes, in tenths.
_SHARE = 4
#: Buckets on each side whose votes belong to a place: so many words may have come or gone.
_REACH = 3
#: Tokens added around what voted.
_SLACK = 8


@dataclass(frozen=True, slots=True)
class Window:
    """Query tokens `top` to `bottom` - 1 may stand among page tokens `low` to `high` - 1."""

    top: int
    bottom: int
    low: int
    high: int
    #: The votes for it; hints have them too.
    votes: int = 0


def nearest_positions(positions: list[int], expected: int, most: int) -> list[int]:
    """At most `most` of the sorted `positions`, around `expected`."""
    if len(positions) <= most:
        return positions
    at = bisect_left(positions, expected)
    low = max(0, min(at - most // 2, len(positions) - most))
    return positions[low : low + most]


#: Votes for a bucket: their sum, and the first and last query token that voted.
_Votes = dict[int, list[int]]


def _count(index: PageIndex, query: Query, expected: int) -> _Votes:
    votes: _Votes = {}
    ids = query.ids
    gains = query.gains
    size = len(ids)
    crowded: list[tuple[int, int, list[int]]] = []

    def vote(at: int, gain: int, positions: list[int]) -> None:
        for position in positions:
            bucket = (position - at) >> _BUCKET_BITS
            cast = votes.get(bucket)
            if cast is None:
                votes[bucket] = [gain, at, at]
            else:
                cast[0] += gain
                if at > cast[2]:
                    cast[2] = at
                elif at < cast[1]:
                    cast[1] = at

    for at in range(size):
        number = ids[at]
        if number < 0:
            continue
        positions = index.postings(number)
        if len(positions) <= _MOST_VOTES:
            vote(at, 2 * gains[at], positions)
        elif at + 1 < size and ids[at + 1] >= 0:
            positions = index.pair_postings(number, ids[at + 1])
            gain = gains[at] + gains[at + 1]
            if len(positions) <= _MOST_PAIR_VOTES:
                vote(at, gain, positions)
            else:
                crowded.append((at, gain, positions))
    best = max((cast[0] for cast in votes.values()), default=0)
    if best * 4 < sum(gains):
        # the passage is made of what stands everywhere: only nearness is left to tell
        for at, gain, positions in crowded:
            vote(at, gain, nearest_positions(positions, expected + at, _MOST_PAIR_VOTES))
    return votes


def find_windows(index: PageIndex, query: Query, expected: int, hints: list[int]) -> list[Window]:
    """Windows that may hold the passage, the most promising first.

    `expected` is the page token where the passage's first token would stand had nothing changed;
    `hints` are such tokens known from elsewhere, always looked at.
    """
    votes = _count(index, query, expected)
    home = expected >> _BUCKET_BITS
    joined = []
    best = 0
    for bucket, cast in votes.items():
        after = votes.get(bucket + 1)
        both = cast[0] + after[0] if after else cast[0]
        joined.append((both, bucket))
        best = max(best, both)
    ranked = sorted(
        (-count, abs(bucket - home), bucket)
        for count, bucket in joined
        if count * 10 >= best * _SHARE
    )
    most = _PLACES if len(query.ids) <= _LONG_QUERY else _PLACES_LONG
    chosen: list[int] = []
    windows: list[Window] = []
    half = 1 << _BUCKET_BITS >> 1
    for hint in hints:
        bucket = (hint - half) >> _BUCKET_BITS
        if all(abs(bucket - other) > 2 for other in chosen):
            chosen.append(bucket)
            windows.append(_around(index, query, votes, bucket, hinted=True))
    added = 0
    for _, _, bucket in ranked:
        if added >= most:
            break
        if all(abs(bucket - other) > 2 for other in chosen):
            chosen.append(bucket)
            windows.append(_around(index, query, votes, bucket, hinted=False))
            added += 1
    return [window for window in windows if window.low < window.high]


def _around(index: PageIndex, query: Query, votes: _Votes, bucket: int, *, hinted: bool) -> Window:
    """The window that holds what voted for a bucket and its neighbours."""
    width = 1 << _BUCKET_BITS
    size = len(query.ids)
    top, bottom = (query.first, query.last) if hinted else (size, 0)
    low, high = top + bucket * width, bottom + (bucket + 1) * width
    if not hinted:
        low, high = len(index.ids), 0
    middle = votes.get(bucket, [0])[0] + votes.get(bucket + 1, [0])[0]
    for near in range(bucket - _REACH, bucket + _REACH + 2):
        cast = votes.get(near)
        if cast is None or cast[0] * 8 < middle:
            continue
        top, bottom = min(top, cast[1]), max(bottom, cast[2] + 2)
        low = min(low, cast[1] + near * width)
        high = max(high, cast[2] + 2 + (near + 1) * width)
    return Window(
        max(0, top - _SLACK),
        min(size, bottom + _SLACK),
        max(0, low - _SLACK),
        min(len(index.ids), high + _SLACK),
        middle,
    )
