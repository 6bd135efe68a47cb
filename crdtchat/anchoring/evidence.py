"""What speaks for and against a place, as numbers from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.anchoring.alignment import Alignment
from crdtchat.anchoring.likeness import likeness
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import NEAR_TOKENS, Query
from crdtchat.anchoring.spans import Span

#: Names of the features, in the order of the model's weights.
FEATURES = (
    "likeness",
    "literal",
    "quote_kept",
    "near_left",
    "near_right",
    "kept_left",
    "kept_right",
    "touch_left",
    "touch_right",
    "quote_bits",
    "context_bits",
    "quote_size",
    "grown",
    "rival",
    "rival_farther",
    "hole",
    "displacement",
    "carried",
    "carried_near",
    "foreign",
    "lost",
    "dice",
    "first_kept",
    "last_kept",
    "run",
    "words_kept",
    "run_bits",
    "rival_kind",
    "context_size",
    "lead",
    "alone",
)

#: Those that only the old page tells, `UNKNOWN` without it.
OLD_PAGE = ("carried", "carried_near", "foreign", "lost")
UNKNOWN = -1.0


@dataclass(slots=True)
class Candidate:
    """A place with its alignment and the features that need no other place."""

    alignment: Alignment
    span: Span
    features: list[float]
    #: What the place is worth against others: gain of quote and contexts.
    worth: int
    start_token: int


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _near(query: Query, alignment: Alignment, left: bool, edge: int) -> tuple[int, int, int]:
    """Kept and possible worth of the neighbourhood on one side, and whether the quote touches it.

    A neighbour counts by nearness and only if it stands about as far from the quote as it did.
    """
    kept = possible = touch = 0
    pages = alignment.pages
    for step in range(NEAR_TOKENS):
        at = query.first - 1 - step if left else query.last + step
        if not 0 <= at < len(pages):
            break
        worth = query.weights[at] * (NEAR_TOKENS - step)
        possible += worth
        if pages[at] >= 0:
            away = edge - 1 - pages[at] if left else pages[at] - edge
            drift = abs(away - step)
            if drift <= 2 + step:
                kept += worth // 2 if alignment.partial[at] or drift > 2 else worth
            if step == 0 and drift == 0:
                touch = 1
    return kept, possible, touch


def _kept(query: Query, alignment: Alignment, begin: int, end: int) -> tuple[int, int]:
    kept = total = 0
    for at in range(begin, end):
        weight = query.weights[at]
        total += weight
        if alignment.pages[at] >= 0:
            kept += weight // 2 if alignment.partial[at] else weight
    return kept, total


def _end_kept(query: Query, alignment: Alignment, at: int, step: int) -> float:
    """How near to an end of the quote its first paired token is, 1 at the end itself."""
    for away in range(3):
        place = at + step * away
        if not query.first <= place < query.last:
            break
        if alignment.pages[place] >= 0:
            return (1.0, 0.5, 0.25)[away] * (0.5 if alignment.partial[place] else 1.0)
    return 0.0


def _longest_run(query: Query, alignment: Alignment) -> int:
    """The heaviest stretch of the quote that stands unbroken on the page."""
    best = here = 0
    before = -2
    for at in range(query.first, query.last):
        page = alignment.pages[at]
        if page < 0 or alignment.partial[at]:
            here = 0
        elif page == before + 1:
            here += query.weights[at]
        else:
            here = query.weights[at]
        before = page
        best = max(best, here)
    return best


def weigh(index: PageIndex, query: Query, alignment: Alignment, span: Span) -> Candidate:
    """The features of one place; those about rivals and the old page are filled in later."""
    first, last = query.first, query.last
    quote_kept, quote_total = _kept(query, alignment, first, last)
    left_kept, left_total = _kept(query, alignment, 0, first)
    right_kept, right_total = _kept(query, alignment, last, len(query.ids))
    near_left = _near(query, alignment, True, span.low)
    near_right = _near(query, alignment, False, span.high)
    old = "".join(query.tokens.folds[first:last])
    new = "".join(index.tokens.folds[span.low : span.high])
    quote_share = _share(quote_kept, quote_total)
    alike = likeness(old, new)
    paired = sum(1 for at in range(first, last) if alignment.pages[at] >= 0)
    width = span.high - span.low
    features = [0.0] * len(FEATURES)
    features[0] = quote_share if alike is None else alike
    features[1] = 1.0 if old == new else 0.0
    features[2] = quote_share
    features[3] = _share(near_left[0], near_left[1])
    features[4] = _share(near_right[0], near_right[1])
    features[5] = _share(left_kept, left_total)
    features[6] = _share(right_kept, right_total)
    features[7] = float(near_left[2])
    features[8] = float(near_right[2])
    features[9] = min(1.0, quote_kept / 160)
    features[10] = min(1.0, (left_kept + right_kept) / 320)
    features[11] = min(1.0, quote_total / 160)
    features[12] = _share(width - paired, width)
    page_total = sum(index.weight(folded) for folded in index.tokens.folds[span.low : span.high])
    for name in OLD_PAGE:
        features[FEATURES.index(name)] = UNKNOWN
    features[21] = _share(2 * quote_kept, quote_total + page_total)
    features[22] = _end_kept(query, alignment, first, 1)
    features[23] = _end_kept(query, alignment, last - 1, -1)
    features[28] = min(1.0, (left_total + right_total) / 640)
    run = _longest_run(query, alignment)
    features[24] = _share(run, quote_total)
    features[25] = _share(paired, last - first)
    features[26] = min(1.0, run / 160)
    worth = 3 * quote_kept + left_kept + right_kept + (near_left[0] + near_right[0]) // 8
    return Candidate(alignment, span, features, worth, span.low)


def hole_worth(query: Query, alignment: Alignment) -> int:
    """What a place is worth where the contexts stand but the quote does not."""
    left_kept, _ = _kept(query, alignment, 0, query.first)
    right_kept, _ = _kept(query, alignment, query.last, len(query.ids))
    return left_kept + right_kept


def compare(candidates: list[Candidate], hole: int, literal: int, expected: int, size: int) -> None:
    """Fills in what can be said of each place only in sight of the others.

    `literal` is the number of places where the quote stands word by word.
    """
    for candidate in candidates:
        rival: Candidate | None = None
        for other in candidates:
            if other is not candidate and (rival is None or other.worth > rival.worth):
                rival = other
        features = candidate.features
        away = abs(candidate.start_token - expected)
        if rival is not None:
            features[27] = rival.features[0]
            features[13] = min(1.5, rival.worth / max(1, candidate.worth))
            other_away = abs(rival.start_token - expected)
            features[14] = _share(other_away, away + other_away) if features[13] > 0.7 else 1.0
            features[29] = max(-1.0, min(1.0, (candidate.worth - rival.worth) / 120))
        else:
            features[14] = features[29] = 1.0
        own = candidate.worth
        features[15] = min(1.5, hole / max(1, own))
        features[16] = away / max(1, size)
        features[30] = _share(1, literal)


def witness(diff: PageDiff, query: Query, candidate: Candidate, old_first: int) -> None:
    """Fills in what the comparison of the old page with the new one says about a place.

    `old_first` is the old page's token for the query's first one.
    """
    span = candidate.span
    to_new, to_old = diff.to_new, diff.to_old
    inside = gone = total = 0
    for at in range(query.first, query.last):
        weight = query.weights[at]
        total += weight
        place = to_new[old_first + at]
        if span.low <= place < span.high:
            inside += weight
        elif place < 0:
            gone += weight
    near = near_total = 0
    for at in (
        *range(max(0, query.first - 12), query.first),
        *range(query.last, min(len(query.ids), query.last + 12)),
    ):
        weight = query.weights[at]
        near_total += weight
        place = to_new[old_first + at]
        if span.low - 24 <= place < span.high + 24 and place >= 0:
            near += weight
    low, high = old_first + query.first, old_first + query.last
    taken = 0
    for place in range(span.low, span.high):
        source = to_old[place]
        if source >= 0 and not low <= source < high:
            taken += 1
    features = candidate.features
    features[17] = _share(inside, total)
    features[18] = _share(near, near_total)
    features[19] = _share(taken, span.high - span.low)
    features[20] = _share(gone, total)
