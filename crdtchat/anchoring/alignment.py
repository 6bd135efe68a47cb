"""Local alignment of a query with windows of the page, with affine gaps.

All arithmetic is on integers, so that both twins find the same alignment and not merely one of
the same worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crdtchat.anchoring.page_index import Ints, PageIndex
from crdtchat.anchoring.query import Query

MISMATCH = -8
GAP_OPEN = 10
GAP_EXTEND = 1
#: Words inserted inside the quote cost more than words inserted beside it, so that of two equal
#: ways the quote stays together.
GAP_OPEN_INSIDE = 16
GAP_EXTEND_INSIDE = 2
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
    index: PageIndex, query: Query, windows: list[tuple[int, int]], barred: tuple[int, int] = (0, 0)
) -> list[Alignment]:
    """The best local alignment of the query in each window (page tokens from, to).

    Page tokens in `barred` match nothing. Windows of unequal width are padded; cost is the
    product of query length, widest window and number of windows.
    """
    rows = len(query.ids)
    width = max(high - low for low, high in windows)
    count = len(windows)
    ids = np.full((count, width), -3, dtype=np.int32)
    stems = np.full((count, width), -3, dtype=np.int32)
    for at, (low, high) in enumerate(windows):
        ids[at, : high - low] = index.id_array[low:high]
        stems[at, : high - low] = index.stem_array[low:high]
        if barred[0] < barred[1]:
            inside = slice(max(0, barred[0] - low), max(0, barred[1] - low))
            ids[at, inside] = -3
            stems[at, inside] = -3
    stems[stems == -1] = -3
    wanted = np.array(query.ids, dtype=np.int32)[:, None, None]
    wanted_stems = np.array(query.stems, dtype=np.int32)[:, None, None]
    gains = np.array(query.gains, dtype=np.int32)[:, None, None]
    same = ids[None] == wanted
    partly = np.where(stems[None] == wanted_stems, gains // 3, np.int32(MISMATCH))
    pair = np.where(same, gains, partly).astype(np.int32)
    inside_from, inside_to = query.first, query.last - 1
    table = _fill(pair, inside_from, inside_to)
    result = []
    for at, (low, _) in enumerate(windows):
        peak = int(table.best[1:, at, 1:].argmax())
        row, column = divmod(peak, width)
        alignment = Alignment([-1] * rows, [False] * rows, int(table.best[row + 1, at, column + 1]))
        if alignment.gain > 0:
            _trace(_ways(table, pair, same, at), (row, column), low, alignment)
        result.append(alignment)
    return result


@dataclass(slots=True)
class _Table:
    """Gains of the best alignments that end at each cell, and of those that end in a gap."""

    #: Any alignment; a row and a column of zeros stand before the first.
    best: Ints
    #: The same without those that end with an unpaired page token.
    fresh: Ints
    #: Those that end with an unpaired query token.
    above: Ints
    #: Those that end with an unpaired page token.
    left: Ints
    #: What it costs to leave the first page token after each query token unpaired.
    opening: list[int]


def _fill(pair: Ints, inside_from: int, inside_to: int) -> _Table:
    rows, count, width = pair.shape
    best = np.zeros((rows + 1, count, width + 1), dtype=np.int32)
    above = np.full((rows + 1, count, width + 1), _FLOOR, dtype=np.int32)
    left = np.empty((rows, count, width), dtype=np.int32)
    fresh = np.empty((rows, count, width), dtype=np.int32)
    slope = np.arange(width + 1, dtype=np.int32)[None]
    climb = np.empty((count, width), dtype=np.int32)
    opened = np.empty((count, width), dtype=np.int32)
    opening = []
    slopes = {}
    for inside in (False, True):
        step = GAP_EXTEND_INSIDE if inside else GAP_EXTEND
        cost = GAP_OPEN_INSIDE if inside else GAP_OPEN
        slopes[inside] = (slope[:, 1:] * step, slope[:, 1:width] * step + cost, cost)
    for row in range(rows):
        rise, fall, cost = slopes[inside_from <= row < inside_to]
        opening.append(cost)
        now = best[row + 1, :, 1:]
        before = best[row]
        vertical = above[row + 1, :, 1:]
        np.subtract(above[row, :, 1:], GAP_EXTEND, out=vertical)
        np.subtract(before[:, 1:], GAP_OPEN, out=opened)
        np.maximum(vertical, opened, out=vertical)
        rest = fresh[row]
        np.add(before[:, :-1], pair[row], out=rest)
        np.maximum(rest, vertical, out=rest)
        np.maximum(rest, 0, out=rest)
        # a gap in the page may begin at any earlier cell: the running maximum finds the best
        np.add(rest, rise, out=climb)
        np.maximum.accumulate(climb, axis=1, out=climb)
        horizontal = left[row]
        horizontal[:, 0] = -cost
        np.subtract(climb[:, :-1], fall, out=horizontal[:, 1:])
        np.maximum(rest, horizontal, out=now)
    return _Table(best, fresh, above, left, opening)


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


def _ways(table: _Table, pair: Ints, same: npt.NDArray[np.bool_], at: int) -> _Ways:
    here = table.best[1:, at, 1:]
    diagonal = here == table.best[:-1, at, :-1] + pair[:, at]
    way = np.where(here == table.fresh[:, at], np.where(diagonal, 1, 2), 3)
    opening = np.array(table.opening, dtype=np.int32)[:, None]
    return _Ways(
        width=pair.shape[2],
        way=np.where(here == 0, 0, way).astype(np.uint8).tobytes(),
        above_opens=(table.above[1:, at, 1:] == table.best[:-1, at, 1:] - GAP_OPEN).tobytes(),
        left_opens=(table.left[:, at] == table.best[1:, at, :-1] - opening).tobytes(),
        same=same[:, at].tobytes(),
        gaining=(pair[:, at] > 0).tobytes(),
    )


def _trace(ways: _Ways, peak: tuple[int, int], low: int, alignment: Alignment) -> None:
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
                alignment.pages[row] = low + column
                alignment.partial[row] = not ways.same[cell]
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
