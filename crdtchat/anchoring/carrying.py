"""The short way with the old page at hand: what stands in an unbroken run needs no search."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from crdtchat.anchoring.characters import same_words
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.selectors import Selectors

#: Tokens that must go with the quote on each side, those that are looked at, and their bits;
#: and the bits that do without neighbours on a side.
_LEAST_TOKENS = 4
_MOST_TOKENS = 12
_LEAST_BITS = 100
_PLENTY_OF_BITS = 160


def carry(diff: PageDiff, selectors: Selectors) -> tuple[int, int] | None:
    """Where the quote went if it and its neighbours went as one piece and it kept its words.

    The selectors must stand in the old page. None if there is any doubt.
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
