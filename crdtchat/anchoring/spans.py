"""From an alignment to the range of the text that the quote has become."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.anchoring.alignment import Alignment
from crdtchat.anchoring.characters import is_boundary, is_space
from crdtchat.anchoring.likeness import likeness
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import Query
from crdtchat.anchoring.tearing import mend

#: A word may have become so many tokens more.
_CUT_WORD = 3


@dataclass(slots=True)
class Span:
    """Page tokens `low` to `high` - 1 stand for the quote, code points `start_cp` to `end_cp`."""

    low: int
    high: int
    start_cp: int
    end_cp: int


def matched_span(query: Query, alignment: Alignment) -> tuple[int, int] | None:
    """First and last token of the quote that are paired, None if none is."""
    pages = alignment.pages
    first, last = query.first, query.last - 1
    while first <= last and pages[first] < 0:
        first += 1
    while last >= first and pages[last] < 0:
        last -= 1
    return (first, last) if first <= last else None


def _take_edge(missing: int, gap: int | None, missing_context: int) -> int:
    """How many unpaired page tokens beside the first paired one stand for the missing ones."""
    if gap is None:
        return 0
    if missing_context == 0:
        return gap if gap <= 2 * missing + 3 else missing
    # the context's end was replaced too: only where words were replaced one by one is it clear
    # which of the new ones belong to the quote
    return missing if gap == missing + missing_context else 0


def _rest_of_word(
    index: PageIndex, query: Query, alignment: Alignment, at: int, gap: int | None, step: int
) -> int:
    """How many unpaired page tokens beside a pair of unlike words belong to the same word.

    `step` tells on which side they are; a word may have been cut in two, or given a hyphen.
    """
    if not alignment.partial[at] or gap is None or not 0 < gap <= _CUT_WORD:
        return 0
    folds = index.tokens.folds
    page = alignment.pages[at]
    old = query.tokens.folds[at]
    best, found = likeness(old, folds[page]) or 0.0, 0
    for many in range(1, gap + 1):
        low, high = (page - many, page) if step < 0 else (page, page + many)
        alike = likeness(old, "".join(folds[low : high + 1])) or 0.0
        if alike > best:
            best, found = alike, many
    return found


def find_span(index: PageIndex, query: Query, alignment: Alignment) -> Span | None:
    """The range for the quote; its edges come from the quote's tokens and their neighbours."""
    mend(index, query, alignment)
    matched = matched_span(query, alignment)
    if matched is None:
        return None
    pages = alignment.pages
    first, last = matched
    left = query.first - 1
    while left >= 0 and pages[left] < 0:
        left -= 1
    if left >= 0:
        gap: int | None = pages[first] - pages[left] - 1
    else:
        gap = pages[first] if query.at_start and query.first == 0 else None
    missing = first - query.first
    if missing:
        low = pages[first] - _take_edge(missing, gap, query.first - 1 - left)
    else:
        low = pages[first] - _rest_of_word(index, query, alignment, first, gap, -1)
    right = query.last
    size = len(pages)
    while right < size and pages[right] < 0:
        right += 1
    if right < size:
        gap = pages[right] - pages[last] - 1
    else:
        gap = len(index.ids) - 1 - pages[last] if query.at_end and query.last == size else None
    missing = query.last - 1 - last
    if missing:
        high = pages[last] + 1 + _take_edge(missing, gap, right - query.last)
    else:
        high = pages[last] + 1 + _rest_of_word(index, query, alignment, last, gap, 1)
    start = _start_offset(index, query, alignment, low)
    end = _end_offset(index, query, alignment, high)
    if end < start:
        start, end = index.tokens.starts[low], index.tokens.ends[high - 1]
    return Span(low, high, start, end)


def _common_head(first: str, second: str) -> int:
    limit = min(len(first), len(second))
    at = 0
    while at < limit and first[at] == second[at]:
        at += 1
    return at


def _inside(index: PageIndex, query: Query, at: int, page: int, offset: int) -> int:
    """The offset inside page token `page` that answers to `offset` inside query token `at`."""
    old = query.passage[query.tokens.starts[at] : query.tokens.ends[at]]
    start, end = index.tokens.starts[page], index.tokens.ends[page]
    new = index.text[start:end]
    if offset == len(old):
        return end
    if offset <= _common_head(old, new):
        return start + offset
    rest = len(old) - offset
    if rest <= _common_head(old[::-1], new[::-1]):
        return end - rest
    return start + min(offset, end - start)


def _start_offset(index: PageIndex, query: Query, alignment: Alignment, low: int) -> int:
    start = index.tokens.starts[low]
    first = query.first
    offset = query.quote_start_cp - query.tokens.starts[first]
    if alignment.pages[first] != low:
        # the quote began inside a word that was replaced: its part of it may still be there
        end, part = index.tokens.ends[low], query.tokens.ends[first] - query.quote_start_cp
        rest = query.passage[query.quote_start_cp : query.tokens.ends[first]]
        alone = alignment.pages[first] < 0 and alignment.pages[first + 1 : first + 2] == [low + 1]
        kept = alone and offset > 0 and index.text[start:end].endswith(rest)
        return end - part if kept else start
    if offset >= 0:
        return _inside(index, query, first, low, offset)
    floor = index.tokens.ends[low - 1] if low else 0
    while offset < 0 and start > floor and is_space(index.text[start - 1]):
        start -= 1
        offset += 1
    return start


def _end_offset(index: PageIndex, query: Query, alignment: Alignment, high: int) -> int:
    end = index.tokens.ends[high - 1]
    last = query.last - 1
    offset = query.quote_end_cp - query.tokens.starts[last]
    if alignment.pages[last] != high - 1:
        start = index.tokens.starts[high - 1]
        rest = query.passage[query.tokens.starts[last] : query.quote_end_cp]
        alone = alignment.pages[last] < 0 and last > 0 and alignment.pages[last - 1] == high - 2
        cut = query.quote_end_cp < query.tokens.ends[last]
        return start + offset if alone and cut and index.text.startswith(rest, start, end) else end
    length = query.tokens.ends[last] - query.tokens.starts[last]
    if offset <= length:
        return _inside(index, query, last, high - 1, offset)
    offset -= length
    tokens = index.tokens
    ceiling = tokens.starts[high] if high < len(tokens) else len(index.text)
    while offset > 0 and end < ceiling and is_space(index.text[end]):
        end += 1
        offset -= 1
    return end


def whole_graphemes(text: str, start_cp: int, end_cp: int) -> tuple[int, int]:
    """The range widened until no grapheme is cut."""
    while not is_boundary(text, start_cp):
        start_cp -= 1
    while not is_boundary(text, end_cp):
        end_cp += 1
    return start_cp, end_cp
