"""What became of a selection between two releases, by two methods that must agree.

1. git's histogram diff of the whole pages, one token per line;
2. an affine local alignment, unweighted and blind to order, of the passage with 200 characters
   of context on each side against the whole new page.
`deleted` needs besides that nothing similar is left anywhere, or that both neighbours of the
words still stand and now touch, or that every literal twin is the home of other old text.

Dropped as undecidable, whatever the methods say:

- rewordings between an edit and a deletion: what stands in the words' place now is a third like
  them, letter case aside, but not enough to be called edited;
- copies: the words with 64 characters on both sides stand literally somewhere else than the
  methods say;
- short words whose surroundings were replaced, a fifth or less of them being left: the same
  letters there may be the same words, or new ones.
"""

from __future__ import annotations

import re
from collections.abc import Container

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from tests.anchoring.corpus_page import Page, align_whole_page

CONTEXT = 200
#: Likeness from which a replacement may be a rewording, and the likeness of an edit.
_MAYBE_REWORDED = 0.35
_EDITED = 0.6
#: Context with which a literal copy is as good a place as the one the methods agree on.
_COPY_CONTEXT = 64
#: Quotes of fewer characters need this share of their surroundings to be the same words.
_SHORT_QUOTE = 25
_SURROUNDED = 0.2


def span_of(pairs: dict[int, int], first: int, last: int) -> tuple[int, int] | None:
    """The new tokens that old tokens `first`..`last`-1 became; replaced edges go with them."""
    kept = [at for at in range(first, last) if pairs.get(at, -1) >= 0]
    if not kept:
        return None
    low, high = pairs[kept[0]], pairs[kept[-1]] + 1
    if high <= low:
        return None
    before = pairs.get(first - 1, -1)
    if kept[0] > first and 0 <= before < low and low - before - 1 <= 2 * (kept[0] - first) + 3:
        low = before + 1
    after = pairs.get(last, -1)
    missing = last - 1 - kept[-1]
    if missing and after >= high and after - high <= 2 * missing + 3:
        high = after
    return low, high


def edges_known(pairs: dict[int, int], first: int, last: int) -> bool:
    """Whether both ends of the selection are certain: the end itself or its neighbour was kept.

    Where both were replaced nobody can say which of the new words belong to the selection.
    """

    def kept(at: int) -> bool:
        return pairs.get(at, -1) >= 0

    return (kept(first) or kept(first - 1)) and (kept(last - 1) or kept(last))


def overlap(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Intersection over union of two ranges."""
    common = min(first[1], second[1]) - max(first[0], second[0])
    union = max(first[1], second[1]) - min(first[0], second[0])
    return max(0, common) / union if union else 1.0


def plain(text: str) -> str:
    """Words with single spaces."""
    return " ".join(text.split())


def is_home(page: Page, start: int, end: int) -> bool:
    """Whether every token of a range of the new page was somewhere on the old one."""
    return all(
        at in page.taken
        for at, span in enumerate(page.new_spans)
        if span[0] < end and span[1] > start
    )


def caseless(text: str) -> str:
    """Letters without case, each still in its place."""
    return "".join(low if len(low := char.casefold()) == 1 else char for char in text)


def replaced_by(page: Page, one: dict[int, int], first: int, last: int) -> str:
    """What stands between the words' nearest kept neighbours now, caseless, as words."""
    before = next((one[at] for at in range(first - 1, min(one) - 1, -1) if one[at] >= 0), -1)
    after = next((one[at] for at in range(last, max(one) + 1) if one[at] >= 0), -1)
    if before < 0 or after <= before + 1:
        return ""
    start, end = page.new_spans[before + 1][0], page.new_spans[after - 1][1]
    return caseless(plain(page.new[start:end]))


def is_reworded(quote: str, now: str) -> bool:
    """Whether `now`, or a part of it, may be another wording of the quote."""
    words = caseless(plain(quote))
    alike = Levenshtein.normalized_similarity(words, now) if now else 0.0
    return alike >= _MAYBE_REWORDED or bool(now and fuzz.partial_ratio(words, now) >= 60)


def is_copied(page: Page, old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether the quote with its near context stands literally on the new page, but not there."""
    begin, end = old[0] - _COPY_CONTEXT, old[1] + _COPY_CONTEXT
    if begin < 0 or end > len(page.old):
        return False
    passage = page.old[begin:end]
    return passage in page.new and not page.new.startswith(passage, new[0] - _COPY_CONTEXT)


def judge(
    page: Page, first: int, last: int, unwanted: Container[str]
) -> tuple[str, int, int, list[str]] | None:
    """What `_judge` says, less what nobody could decide."""
    judged = _judge(page, first, last, unwanted)
    if judged is None or judged[0] == "deleted":
        return judged
    return None if is_copied(page, span_cp(page.old_spans, first, last), judged[1:3]) else judged


def span_cp(spans: list[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    """The characters of tokens `first`..`last`-1."""
    return spans[first][0], spans[last - 1][1]


def _judge(
    page: Page, first: int, last: int, unwanted: Container[str]
) -> tuple[str, int, int, list[str]] | None:
    """Kind, new range in code points and tags for old tokens `first`..`last`-1, or None.

    None too where the first method already says that it can only be of an unwanted kind.
    """
    start, end = page.old_spans[first][0], page.old_spans[last - 1][1]
    quote = page.old[start:end]
    low = first
    while low > 0 and page.old_spans[low - 1][0] >= start - CONTEXT:
        low -= 1
    high = last
    while high < len(page.old_spans) and page.old_spans[high][1] <= end + CONTEXT:
        high += 1
    one = {
        at: page.carried[at] for at in range(max(0, first - 60), min(len(page.carried), last + 60))
    }
    span_one = span_of(one, first, last)
    kept_one = sum(one[at] >= 0 for at in range(first, last)) / (last - first)

    def cut(span: tuple[int, int]) -> tuple[int, int]:
        return page.new_spans[span[0]][0], page.new_spans[span[1] - 1][1]

    if span_one and kept_one >= 0.4:
        now = page.new[slice(*cut(span_one))]
        possible = {"same" if plain(now) == plain(quote) else "edited"}
    else:
        possible = {"same", "deleted"} if kept_one == 0 else {"deleted"}
    if all(kind in unwanted for kind in possible):
        return None
    found = align_whole_page(page, low, high)
    two = {low + at: place for at, place in enumerate(found)}
    span_two = span_of(two, first, last)
    kept_two = sum(two[at] >= 0 for at in range(first, last)) / (last - first)
    twins = page.old.count(quote) > 1 or page.new.count(quote) > 1
    tags = ["twins"] if twins else []
    if span_one and span_two and kept_one >= 0.4:
        range_one, range_two = cut(span_one), cut(span_two)
        if plain(now) == plain(quote):
            context = [at for at in two if not first <= at < last]
            kept = sum(two[at] >= 0 for at in context)
            if len(quote) < _SHORT_QUOTE and kept < _SURROUNDED * len(context):
                return None
            if range_one == range_two:
                return "same", *range_one, tags
            return None
        agreed = overlap(range_one, range_two) >= 0.9 and kept_two >= 0.4
        agreed = agreed and edges_known(one, first, last) and edges_known(two, first, last)
        if agreed and Levenshtein.normalized_similarity(plain(quote), plain(now)) >= _EDITED:
            return "edited", *range_one, tags
        return None
    if kept_one == 0 and span_two and kept_two == 1:
        range_two = cut(span_two)
        now = page.new[range_two[0] : range_two[1]]
        context = [at for at in two if not first <= at < last]
        kept = sum(two[at] >= 0 for at in context)
        taken = any(at in page.taken for at in range(span_two[0], span_two[1]))
        if plain(now) == plain(quote) and not twins and not taken and kept >= 0.5 * len(context):
            return "same", *range_two, [*tags, "moved"]
        return None
    if kept_one > 0.15 or kept_two > 0.5:
        return None
    if is_reworded(quote, replaced_by(page, one, first, last)):
        return None
    left = [one.get(at, -1) for at in range(first - 5, first)]
    right = [one.get(at, -1) for at in range(last, last + 5)]
    if (
        kept_one == 0
        and kept_two == 0
        and min(left + right) >= 0
        and right[-1] - left[0] == 9
        and [two.get(at, -1) for at in range(first - 5, first)] == left
        and [two.get(at, -1) for at in range(last, last + 5)] == right
    ):
        near = fuzz.partial_ratio_alignment(
            caseless(plain(quote)), caseless(page.new), score_cutoff=75
        )
        if near is not None and not is_home(page, near.dest_start, near.dest_end):
            return None
        return "deleted", -1, -1, [*tags, "inplace"]
    if fuzz.partial_ratio(caseless(plain(quote)), caseless(plain(page.new))) < 60:
        return "deleted", -1, -1, tags
    context = [at for at in two if not first <= at < last]
    if page.new.count(quote) and context and len(quote) >= 5:
        share = sum(two[at] >= 0 for at in context) / len(context)
        homes = [is_home(page, *hit.span()) for hit in re.finditer(re.escape(quote), page.new)]
        if share < 0.3 and all(homes) and kept_one == 0 and kept_two == 0:
            return "deleted", -1, -1, [*tags, "elsewhere"]
    return None
