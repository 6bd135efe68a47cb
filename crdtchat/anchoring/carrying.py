"""Where the comparison of the old page with the new one puts a passage."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from crdtchat.anchoring.alignment import Alignment
from crdtchat.anchoring.characters import same_words
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.query import Query
from crdtchat.anchoring.selectors import Selectors

#: Tokens that must go with the quote on each side, those that are looked at, and their bits;
#: and the bits that do without neighbours on a side.
_LEAST_TOKENS = 4
_MOST_TOKENS = 12
_LEAST_BITS = 100
_PLENTY_OF_BITS = 160
#: Bits of a quote that would hardly be written twice by chance.
DISTINCT_BITS = 40
#: What stands farther from its neighbour than this went another way.
_TOGETHER = 200


def only_place(text: str, passage: str) -> int:
    """Where `passage` stands in `text` if it stands there once, else -1."""
    found = text.find(passage)
    return -1 if found >= 0 and text.find(passage, found + 1) >= 0 else found


def carry(diff: PageDiff, selectors: Selectors) -> tuple[int, int] | None:
    """Where the quote went if it and its neighbours went as one piece and it kept its words.

    What stands in an unbroken run needs no search. The selectors must stand in the old page.
    None if there is any doubt.
    """
    old, new = diff.old.tokens, diff.new.tokens
    first = bisect_right(old.ends, selectors.start_cp)
    last = bisect_left(old.starts, selectors.end_cp)
    if first >= last:
        return None
    to_new = diff.to_new
    place = to_new[first]
    if place < 0 or any(to_new[at] != place + at - first for at in range(first, last)):
        return None
    low, high = first, last
    while (
        low > 0 and first - low < _MOST_TOKENS and to_new[low - 1] == place + low - 1 - first >= 0
    ):
        low -= 1
    while (
        high < len(to_new) and high - last < _MOST_TOKENS and to_new[high] == place + high - first
    ):
        high += 1
    weight = diff.new.weight
    bits = sum(weight(old.folds[at]) for at in range(low, high))
    beside = min(first - low, high - last)
    if bits < (_LEAST_BITS if beside >= _LEAST_TOKENS else _PLENTY_OF_BITS):
        return None
    start = new.starts[place] + selectors.start_cp - old.starts[first]
    end = new.ends[place + last - 1 - first] + selectors.end_cp - old.ends[last - 1]
    if not 0 <= start <= end <= len(diff.new.text):
        return None
    return (start, end) if same_words(diff.new.text[start:end], selectors.exact) else None


def find_once(diff: PageDiff, selectors: Selectors) -> tuple[int, int] | None:
    """Where the quote went if its words stand once on the old page and once on the new one.

    None if they are too common to tell anything, or if the comparison puts most of them elsewhere.
    """
    exact = selectors.exact
    text = diff.new.text
    start = only_place(text, exact)
    if start < 0 or only_place(diff.old.text, exact) < 0:
        return None
    old, new = diff.old.tokens, diff.new.tokens
    first = bisect_right(old.ends, selectors.start_cp)
    last = bisect_left(old.starts, selectors.end_cp)
    end = start + len(exact)
    low, high = bisect_right(new.ends, start), bisect_left(new.starts, end)
    bits = elsewhere = 0
    for at in range(first, last):
        weight = diff.new.weight(old.folds[at])
        bits += weight
        if diff.to_new[at] >= 0 and not low <= diff.to_new[at] < high:
            elsewhere += weight
    return (start, end) if bits >= DISTINCT_BITS and 2 * elsewhere <= bits else None


def carried_alignment(diff: PageDiff, query: Query, old_first: int) -> Alignment | None:
    """The query's tokens paired as the comparison pairs them, None if it pairs none of the quote.

    `old_first` is the old page's token for the query's first one. From the quote's first pair
    outwards, pairs out of order or far away are left out.
    """
    size = len(query.ids)
    to_new = diff.to_new
    home = query.first
    while home < query.last and to_new[old_first + home] < 0:
        home += 1
    if home == query.last:
        return None
    pages = [-1] * size
    pages[home] = near = to_new[old_first + home]
    for at in range(home - 1, -1, -1):
        place = to_new[old_first + at]
        if near - _TOGETHER <= place < near and place >= 0:
            pages[at] = near = place
    near = pages[home]
    for at in range(home + 1, size):
        place = to_new[old_first + at]
        if near < place <= near + _TOGETHER:
            pages[at] = near = place
    gain = sum(query.gains[at] for at in range(size) if pages[at] >= 0)
    return Alignment(pages, [False] * size, gain)
