"""An annotation's passage, cut into tokens as the page is."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.selectors import Selectors
from crdtchat.anchoring.tokens import Tokens, glue, is_word, tokenize

#: Factors by which tokens count: those of the quote, of its neighbourhood, of the rest.
_IN_QUOTE, _NEAR, _FAR = 2, 2, 1
#: How many tokens on each side are the neighbourhood.
NEAR_TOKENS = 8


@dataclass(slots=True)
class Query:
    """Prefix, quote and suffix as one row of tokens; the quote is tokens `first` to `last` - 1."""

    passage: str
    quote_start_cp: int
    quote_end_cp: int
    tokens: Tokens
    first: int
    last: int
    ids: list[int]
    stems: list[int]
    weights: list[int]
    gains: list[int]
    #: For signs 1 if the next token touches them, else 0; -1 for words and for the last token.
    glued: list[int]
    #: Offset in the page's old text of the passage's begin.
    origin_cp: int
    #: Whether the quote began, or ended, its text: nothing was before it, or after it.
    at_start: bool
    at_end: bool


def make_query(
    index: PageIndex, selectors: Selectors, passage: str, origin_cp: int, *, whole: bool
) -> Query:
    """The query for `passage`, which starts at `origin_cp` of the old text and holds the quote.

    `whole` says that the passage was cut from the old text itself at word edges or its ends;
    else its outermost words may be fragments, and are left out.
    """
    quote_start = selectors.start_cp - origin_cp if whole else len(selectors.prefix)
    quote_end = quote_start + len(selectors.exact)
    tokens = tokenize(passage, index.fold_cache())
    first = 0
    size = len(tokens)
    while first < size and tokens.ends[first] <= quote_start:
        first += 1
    last = first
    while last < size and tokens.starts[last] < quote_end:
        last += 1
    low, high = 0, size
    if not whole:
        cut_left = selectors.start_cp > len(selectors.prefix)
        if first > 1 and cut_left and tokens.starts[0] == 0 and is_word(tokens.folds[0]):
            low = 1
        if last < size - 1 and tokens.ends[-1] == len(passage) and is_word(tokens.folds[-1]):
            high = size - 1
    if low or high < size:
        tokens = Tokens(tokens.starts[low:high], tokens.ends[low:high], tokens.folds[low:high])
        first, last = first - low, last - low
    ids, stems, weights = index.look_up(tokens.folds)
    gains = []
    for at, weight in enumerate(weights):
        if first <= at < last:
            gains.append(weight * _IN_QUOTE)
        elif first - NEAR_TOKENS <= at < last + NEAR_TOKENS:
            gains.append(weight * _NEAR)
        else:
            gains.append(weight * _FAR)
    return Query(
        passage=passage,
        quote_start_cp=quote_start,
        quote_end_cp=quote_end,
        tokens=tokens,
        first=first,
        last=last,
        ids=ids,
        stems=stems,
        weights=weights,
        gains=gains,
        glued=[
            -1 if is_word(folded) or at == len(tokens) - 1 else touches
            for at, (folded, touches) in enumerate(zip(tokens.folds, glue(tokens), strict=True))
        ],
        origin_cp=origin_cp,
        at_start=selectors.start_cp == 0,
        at_end=not selectors.suffix,
    )
