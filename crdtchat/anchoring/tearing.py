"""A quote that an alignment tore apart keeps the part that is like it."""

from __future__ import annotations

from itertools import pairwise

from crdtchat.anchoring.alignment import Alignment
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import Query

#: From so many page tokens on that came in between, two parts of a quote are looked at apart.
_TORN = 3
#: A range that is less like the quote than this, in tenths, is not what became of it.
_ALIKE = 6


def mend(index: PageIndex, query: Query, alignment: Alignment) -> None:
    """Takes back the pairs of the quote's torn-off ends if without them the rest is more like it.

    Only where the whole range would be so unlike the quote that nobody would call it an edit of
    it. Every word of the quote gains, so an alignment takes along a word or a sign far away. What
    stands beside the rest word by word is paired instead.
    """
    pages, weights = alignment.pages, query.weights
    rows = [at for at in range(query.first, query.last) if pages[at] >= 0]
    breaks = [
        number
        for number in range(1, len(rows))
        if (pages[rows[number]] - pages[rows[number - 1]]) - (rows[number] - rows[number - 1])
        >= _TORN
    ]
    if not breaks:
        return
    total = sum(weights[query.first : query.last])
    bounds = [0, *breaks, len(rows)]
    kept, begins, ends = [0], [], []
    for begin, end in pairwise(bounds):
        worth = kept[-1]
        for at in rows[begin:end]:
            worth += weights[at] // 2 if alignment.partial[at] else weights[at]
        kept.append(worth)
        begins.append(pages[rows[begin]])
        ends.append(pages[rows[end - 1]] + 1)
    heights = [0]
    for page in range(begins[0], ends[-1]):
        heights.append(heights[-1] + index.weight_at(page))

    def alike(low: int, high: int) -> tuple[int, int]:
        """Twice what pieces `low` to `high` - 1 share with the quote, and all that both weigh."""
        here = heights[ends[high - 1] - begins[0]] - heights[begins[low] - begins[0]]
        return 2 * (kept[high] - kept[low]), total + here

    low, high = 0, len(begins)
    shared, both = alike(low, high)
    if shared * 10 >= both * _ALIKE:
        return
    changed = True
    while changed:
        changed = False
        ways = [(at, high) for at in range(low + 1, high)]
        ways += [(low, at) for at in range(low + 1, high)]
        for way in ways:
            less, less_both = alike(*way)
            if less * both > shared * less_both:
                (low, high), shared, both, changed = way, less, less_both, True
    for at in rows[: bounds[low]] + rows[bounds[high] :]:
        pages[at] = -1
        alignment.partial[at] = False
    if low > 0:
        _pair_beside(index, query, alignment, rows[bounds[low]], -1)
    if high < len(begins):
        _pair_beside(index, query, alignment, rows[bounds[high] - 1], 1)


def _pair_beside(index: PageIndex, query: Query, alignment: Alignment, at: int, step: int) -> None:
    """Pairs what is equal from a pair outwards, up to the first difference."""
    page = alignment.pages[at] + step
    at += step
    while (
        0 <= at < len(query.ids)
        and 0 <= page < len(index.ids)
        and query.ids[at] == index.ids[page]
        and alignment.pages[at] != page
    ):
        alignment.pages[at] = page
        alignment.partial[at] = False
        at += step
        page += step
