"""Going on where a window ended: what text inserted in the passage has torn from it."""

from __future__ import annotations

from bisect import bisect_left

from crdtchat.anchoring.alignment import Alignment, align_rest, nothing
from crdtchat.anchoring.candidates import Window
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import Query

#: How many tokens may have come in between, besides those that are missing.
_FARTHEST = 160
#: Before what was torn off is looked for, its pairs of words must promise so many tenths of what it
#: could gain (all of it would be promised twice); and it must gain so much, and more the farther
#: away it stands, to be believed.
_PROMISING = 5
_LEAST_GAIN = 60


def extend(
    index: PageIndex, query: Query, alignment: Alignment, barred: tuple[int, int] = (0, 0)
) -> None:
    """Pairs the ends of the query that an alignment left out with what stands farther out.

    The order of words is kept: what comes before in the query is sought before on the page.
    """
    pages = alignment.pages
    size = len(pages)
    first = 0
    while first < size and pages[first] < 0:
        first += 1
    if first == size:
        return
    last = size - 1
    while pages[last] < 0:
        last -= 1
    low, high = pages[first], pages[last] + 1
    reach = first + first // 4 + _FARTHEST
    before = Window(0, first, max(0, low - reach), low)
    reach = size - 1 - last
    reach += reach // 4 + _FARTHEST
    after = Window(last + 1, size, high, min(len(index.ids), high + reach))
    for window in (before, after):
        least = max(_LEAST_GAIN, sum(query.gains[window.top : window.bottom]) * _PROMISING // 10)
        if _promise(index, query, window) < least:
            continue
        torn = nothing(query)
        align_rest(index, query, window, barred, torn)
        paired = [page for page in torn.pages if page >= 0]
        if not paired:
            continue
        away = low - 1 - paired[-1] if window is before else paired[0] - high
        if torn.gain >= _LEAST_GAIN + away:
            alignment.gain += torn.gain - away
            for at in range(window.top, window.bottom):
                pages[at] = torn.pages[at]
                alignment.partial[at] = torn.partial[at]


def _promise(index: PageIndex, query: Query, window: Window) -> int:
    """The gains of the pairs of words in a window's part of the query that its page part has."""
    promise = 0
    ids = query.ids
    for at in range(window.top, window.bottom - 1):
        if ids[at] < 0 or ids[at + 1] < 0:
            continue
        positions = index.pair_postings(ids[at], ids[at + 1])
        found = bisect_left(positions, window.low)
        if found < len(positions) and positions[found] < window.high - 1:
            promise += query.gains[at] + query.gains[at + 1]
    return promise
