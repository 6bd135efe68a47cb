"""Local alignment of a query with windows of the page, with affine gaps.

All arithmetic is on integers, so that both twins find the same alignment and not merely one of
the same worth.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crdtchat.anchoring.candidates import Window
from crdtchat.anchoring.page_index import Ints, PageIndex
from crdtchat.anchoring.query import Query

MISMATCH = -8
GAP_OPEN = 10
GAP_EXTEND = 1
#: Words inserted inside the quote cost more than words inserted beside it, so that of two equal
#: ways the quote stays together.
GAP_OPEN_INSIDE = 12
#: A run of equal tokens at an end of a window is taken for granted from this length on; this
#: many tokens from the end it may begin, in at most so many places; this many of its tokens are
#: aligned nevertheless, so that what lies between the runs has something to hold on to.
_END_LONG = 10
_END_TRIES = 3
_END_PLACES = 8
_END_OVERLAP = 4
#: The quick way is believed if it gains so many tenths of what the window's tokens can gain.
_GOOD_ENOUGH = 7
#: It is tried where the votes are so many tenths of that gain (pairs vote twice).
_PROMISING = 12
#: How many words may have come in between the quote and its contexts.
_SIDE_SLACK = 16
_FLOOR = -(1 << 28)


@dataclass(slots=True)
class Alignment:
    """Which page token each token of the query is paired with (-1: none), and the gain.

    `partial` tells the pairs that share a stem only.
    """

    pages: list[int]
    partial: list[bool]
    gain: int


def align(
    index: PageIndex, query: Query, window: Window, barred: tuple[int, int] = (0, 0)
) -> Alignment:
    """The best local alignment of the query in a window.

    Page tokens in `barred` match nothing. Runs of equal tokens at both ends of the window are
    paired beforehand, so that the cost is the product of what is left of query and page; where
    that gains too little, the ends belonged to some twin, and all is aligned.
    """
    quick = nothing(query)
    hoped = sum(query.gains[window.top : window.bottom])
    if barred[0] >= barred[1] and window.votes * 10 >= hoped * _PROMISING:
        rest = _pair_ends(index, query, window, quick)
        if rest != window:
            align_rest(index, query, rest, barred, quick)
            if quick.gain * 10 >= hoped * _GOOD_ENOUGH:
                return quick
    full = nothing(query)
    align_rest(index, query, window, barred, full)
    return full if full.gain > quick.gain else quick


def align_at(index: PageIndex, query: Query, begin: int) -> Alignment:
    """The best alignment in which the whole quote stands at page token `begin`.

    The quote must stand there word by word. Contexts are paired outwards as far as they are
    equal, and what is left of each is aligned with the page on its own side.
    """
    alignment = nothing(query)
    size = len(query.ids)
    end = begin + query.last - query.first
    _write(query, alignment, query.first, begin, query.last - query.first)
    whole = Window(0, size, 0, len(index.ids))
    length = _run(index, query, query.first - 1, begin - 1, -1, whole)
    top, low = query.first - length, begin - length
    _write(query, alignment, top, low, length)
    reach = top + top // 4 + _SIDE_SLACK
    align_rest(index, query, Window(0, top, max(0, low - reach), low), (0, 0), alignment)
    length = _run(index, query, query.last, end, 1, whole)
    _write(query, alignment, query.last, end, length)
    bottom, high = query.last + length, end + length
    reach = size - bottom + (size - bottom) // 4 + _SIDE_SLACK
    rest = Window(bottom, size, high, min(len(index.ids), high + reach))
    align_rest(index, query, rest, (0, 0), alignment)
    return alignment


def nothing(query: Query) -> Alignment:
    """An alignment that pairs no token."""
    return Alignment([-1] * len(query.ids), [False] * len(query.ids), 0)


def align_rest(
    index: PageIndex,
    query: Query,
    window: Window,
    barred: tuple[int, int],
    alignment: Alignment,
) -> None:
    """Adds the best local alignment in a window to what is paired already."""
    width = window.high - window.low
    if window.bottom <= window.top or width <= 0:
        return
    shown = slice(window.low, window.high)
    asked = slice(window.top, window.bottom)
    ids = index.id_array[shown]
    stems = index.stem_array[shown]
    touch = index.glue_array[shown]
    if barred[0] < barred[1]:
        hidden = slice(max(0, barred[0] - window.low), max(0, barred[1] - window.low))
        ids, stems = ids.copy(), stems.copy()
        ids[hidden] = -3
        stems[hidden] = -3
    wanted = np.array(
        [query.ids[asked], query.stems[asked], query.gains[asked], query.glued[asked]],
        dtype=np.int32,
    )[:, :, None]
    gains = wanted[2]
    same = ids == wanted[0]
    partly = np.where(stems == wanted[1], gains // 3, np.int32(MISMATCH))
    # a full stop is not the point of a number: signs match well only if set alike
    alike = (wanted[3] < 0) | (touch == wanted[3])
    pair = np.where(same, np.where(alike, gains, gains // 3), partly).astype(np.int32)
    table = _fill(pair, query.first - window.top, query.last - 1 - window.top)
    gains_here = table.best[1:, 1:] - table.floor
    row, column = divmod(int(gains_here.argmax()), width)
    gain = int(gains_here[row, column])
    if gain > 0:
        alignment.gain += gain
        _trace(_ways(table, pair, same), (row, column), window, alignment)


def _run(index: PageIndex, query: Query, at: int, page: int, step: int, window: Window) -> int:
    """How many tokens are equal from a pair onwards (`step` 1) or backwards (-1)."""
    ids = index.ids
    wanted = query.ids
    length = 0
    while (
        window.top <= at < window.bottom
        and window.low <= page < window.high
        and wanted[at] == ids[page]
    ):
        length += 1
        at += step
        page += step
    return length


def _end_run(index: PageIndex, query: Query, window: Window, step: int) -> tuple[int, int, int]:
    """The longest run of equal tokens at an end of the window: where it begins, how long it is.

    No run is better than a doubtful one: it must be long and have no rival half as long.
    """
    wanted = query.ids
    for away in range(_END_TRIES):
        at = window.top + away if step > 0 else window.bottom - 1 - away
        first = at if step > 0 else at - 1
        if not window.top <= first < window.bottom - 1 or min(wanted[first : first + 2]) < 0:
            continue
        positions = index.pair_postings(wanted[first], wanted[first + 1])
        begin = bisect_left(positions, window.low)
        end = bisect_left(positions, window.high - 1)
        best = second = place = 0
        for position in positions[begin : min(end, begin + _END_PLACES)]:
            page = position if step > 0 else position + 1
            length = _run(index, query, at, page, step, window)
            if length > best:
                best, second, place = length, best, page
            else:
                second = max(second, length)
        if best >= _END_LONG and 2 * second < best and end - begin <= _END_PLACES:
            return at, place, best
    return 0, 0, 0


def _pair_ends(index: PageIndex, query: Query, window: Window, alignment: Alignment) -> Window:
    """Pairs long equal runs at both ends and gives what is left, with a few tokens of overlap."""
    top, bottom, low, high = window.top, window.bottom, window.low, window.high
    at, page, length = _end_run(index, query, window, 1)
    if length:
        _write(query, alignment, at, page, length)
        if at + length == bottom:
            return Window(bottom, bottom, low, low)
        keep = length - _END_OVERLAP
        top, low = at + keep, page + keep
    rest = Window(top, bottom, low, high)
    at, page, length = _end_run(index, query, rest, -1)
    if length:
        begin, place = at - length + 1, page - length + 1
        _write(query, alignment, begin, place, length)
        bottom, high = begin + _END_OVERLAP, place + _END_OVERLAP
    for row in range(top, bottom):
        # what overlaps is aligned again, and must not be counted twice
        if alignment.pages[row] >= 0:
            alignment.pages[row] = -1
            alignment.gain -= query.gains[row]
    return Window(top, bottom, low, high)


def _write(query: Query, alignment: Alignment, at: int, page: int, length: int) -> None:
    for step in range(length):
        if alignment.pages[at + step] < 0:
            alignment.gain += query.gains[at + step]
        alignment.pages[at + step] = page + step


@dataclass(slots=True)
class _Table:
    """Gains of the best alignments that end at each cell, and of those that end in a gap.

    To each gain the cell's distance from the corner, row plus column, is added: so a longer gap
    costs nothing more, which saves a third of the work.
    """

    #: Any alignment; a row and a column of empty ones stand before the first.
    best: Ints
    #: The same without those that end with an unpaired page token.
    fresh: Ints
    #: Those that end with an unpaired query token.
    above: Ints
    #: Those that end with an unpaired page token.
    left: Ints
    #: What an empty alignment counts.
    floor: Ints
    #: What it costs to leave the first page token after each query token unpaired.
    opening: list[int]


def _fill(pair: Ints, inside_from: int, inside_to: int) -> _Table:
    rows, width = pair.shape
    distance = np.arange(rows + 1, dtype=np.int32)[:, None] * GAP_EXTEND
    best = distance + np.arange(width + 1, dtype=np.int32) * GAP_EXTEND
    floor = best[1:, 1:].copy()
    above = np.empty((rows, width), dtype=np.int32)
    left = np.empty((rows, width), dtype=np.int32)
    fresh = np.empty((rows, width), dtype=np.int32)
    np.add(pair, 2 * GAP_EXTEND, out=fresh)
    vertical = np.full(width, _FLOOR, dtype=np.int32)
    climb = np.empty(width, dtype=np.int32)
    climbed = climb[:-1]
    opening = [
        (GAP_OPEN_INSIDE if inside_from <= row < inside_to else GAP_OPEN) - GAP_EXTEND
        for row in range(rows)
    ]
    subtract, maximum, accumulate = np.subtract, np.maximum, np.maximum.accumulate
    lines = zip(
        opening, best[:-1, 1:], best[:-1, :-1], best[1:, 1:], fresh, above, left, left[:, 1:],
        floor, strict=True,
    )  # fmt: skip
    for cost, over, corner, now, rest, gap, side, sides, least in lines:
        subtract(over, GAP_OPEN - GAP_EXTEND, out=gap)
        maximum(vertical, gap, out=gap)
        vertical = gap
        rest += corner
        maximum(rest, gap, out=rest)
        maximum(rest, least, out=rest)
        # a gap in the page may begin at any earlier cell: the running maximum finds the best
        accumulate(rest, out=climb)
        side[0] = _FLOOR
        subtract(climbed, cost, out=sides)
        maximum(rest, side, out=now)
    return _Table(best, fresh, above, left, floor, opening)


@dataclass(slots=True)
class _Ways:
    """How each cell of one window was reached, as bytes, which Python reads fastest."""

    width: int
    #: 0: begin, 1: pair, 2: query token unpaired, 3: page token unpaired.
    way: bytes
    above_opens: bytes
    left_opens: bytes
    same: bytes
    gaining: bytes


def _ways(table: _Table, pair: Ints, same: npt.NDArray[np.bool_]) -> _Ways:
    here = table.best[1:, 1:]
    diagonal = here == table.best[:-1, :-1] + (pair + np.int32(2 * GAP_EXTEND))
    way = np.where(here == table.fresh, np.where(diagonal, 1, 2), 3)
    opening = np.array(table.opening, dtype=np.int32)[:, None]
    return _Ways(
        width=pair.shape[1],
        way=np.where(here == table.floor, 0, way).astype(np.uint8).tobytes(),
        above_opens=(table.above == table.best[:-1, 1:] - (GAP_OPEN - GAP_EXTEND)).tobytes(),
        left_opens=(table.left == table.best[1:, :-1] - opening).tobytes(),
        same=same.tobytes(),
        gaining=(pair > 0).tobytes(),
    )


def _trace(ways: _Ways, peak: tuple[int, int], window: Window, alignment: Alignment) -> None:
    """Walks back from the peak and writes down the pairs."""
    row, column = peak
    width = ways.width
    while row >= 0 and column >= 0:
        cell = row * width + column
        way = ways.way[cell]
        if way == 0:
            return
        if way == 1:
            if ways.gaining[cell]:
                alignment.pages[window.top + row] = window.low + column
                alignment.partial[window.top + row] = not ways.same[cell]
            row -= 1
            column -= 1
        elif way == 2:
            while not ways.above_opens[row * width + column]:
                row -= 1
            row -= 1
        else:
            while not ways.left_opens[row * width + column]:
                column -= 1
            column -= 1
