"""The search for a passage, from the cheap sure ways to the thorough one."""

from __future__ import annotations

from bisect import bisect_left

from crdtchat.anchoring.alignment import Alignment, align, align_at
from crdtchat.anchoring.candidates import Window, find_windows, nearest_positions
from crdtchat.anchoring.carrying import (
    DISTINCT_BITS,
    carried_alignment,
    carry,
    find_once,
    only_place,
)
from crdtchat.anchoring.characters import same_words
from crdtchat.anchoring.evidence import Candidate, compare, hole_worth, weigh, witness
from crdtchat.anchoring.extension import extend
from crdtchat.anchoring.model import SUGGEST_FROM, is_ambiguous, probability, wanted_certainty
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import Query, make_query
from crdtchat.anchoring.results import Anchored, AnchoredState, Anchoring, Orphaned, Place, Unsure
from crdtchat.anchoring.selectors import Selectors
from crdtchat.anchoring.spans import find_span, whole_graphemes

#: A passage of at least this many characters that stands where it stood is taken at its word.
_SURE_CP = 32
#: Nearer context that also suffices on both sides if the quote with it stands in one place only.
_CLOSE_CP = 64
#: Context taken from the old page, where there is one.
_WIDE_CP = 128
_WIDE_SNAP = 24
#: Places where the quote stands literally that are looked at: near each voted place, or, without
#: one, near the expected place; and among how many they are sought.
_LITERAL_PLACES = 3
_MOST_LITERAL = 64
#: Where a place has so many tenths of what the passage can gain, only places with so many tenths
#: of the most votes can rival it.
_NEARLY_ALL = 7
_RIVALS = 6
#: A window is explained by a literal place in it that gains so many tenths of what it can gain, if
#: so many of the quote's neighbours on each side still stand there one beside the other: else the
#: quote may stand there by chance, and what became of it beside.
_EXPLAINED = 6
_TOUCHING = 4
#: Quotes of more bits are not looked for again beside the place found; and where one stands
#: literally in one place only, it does not by chance.
_UNREPEATED = 120
#: The weightiest places are judged; others have no chance.
_JUDGED = 3


def anchor_in(index: PageIndex, selectors: Selectors, diff: PageDiff | None = None) -> Anchoring:
    """Finds the passage in the indexed text; `diff` compares the old page with this text."""
    if diff is not None and not _stands(diff.old.text, selectors):
        diff = None
    sure = find_sure(index, selectors, diff)
    if sure is not None:
        return _anchored(index, selectors, *sure, 1.0)
    found_best = _best(find_candidates(index, selectors, diff))
    if found_best is None:
        return Orphaned("gone", None)
    best, score = found_best
    text = index.text
    start, end = best.span.start_cp, best.span.end_cp
    if text[start:end] != selectors.exact:
        start, end = whole_graphemes(text, start, end)
    ambiguous = is_ambiguous(best.features)
    context_cp = len(selectors.prefix) + len(selectors.suffix)
    least = wanted_certainty(best.features, context_cp, diff is not None)
    if score >= least and not ambiguous:
        return _anchored(index, selectors, start, end, score)
    if score >= SUGGEST_FROM:
        return Unsure(Place(start, end, score))
    return Orphaned("ambiguous" if ambiguous else "doubtful", Place(start, end, score))


def find_sure(
    index: PageIndex, selectors: Selectors, diff: PageDiff | None
) -> tuple[int, int] | None:
    """The range, where it needs no weighing: nothing changed, or all of it stands in one place."""
    text = index.text
    prefix, exact, suffix = selectors.prefix, selectors.exact, selectors.suffix
    size = len(prefix) + len(exact) + len(suffix)
    if diff is not None:
        unchanged = diff.old.text == text
    else:
        unchanged = (size >= _SURE_CP or size == len(text)) and _stands(text, selectors)
    if unchanged:
        return selectors.start_cp, selectors.end_cp
    if size >= 2 * _SURE_CP or (diff is not None and size >= _SURE_CP):
        whole = _only_place(text, diff, prefix + exact + suffix)
        if whole >= 0:
            return whole + len(prefix), whole + len(prefix) + len(exact)
        shorter, longer = sorted((len(prefix), len(suffix)))
        if shorter >= _CLOSE_CP and longer > _CLOSE_CP:
            close = _only_place(text, diff, prefix[-_CLOSE_CP:] + exact + suffix[:_CLOSE_CP])
            if close >= 0:
                return close + _CLOSE_CP, close + _CLOSE_CP + len(exact)
    if diff is None:
        return None if prefix or suffix else _find_bare(index, selectors)
    return carry(diff, selectors) or find_once(diff, selectors)


def _find_bare(index: PageIndex, selectors: Selectors) -> tuple[int, int] | None:
    """The range of a quote that came without context, if it is distinct and stands once."""
    query, _ = _prepare(index, selectors, None)
    rarest = _rarest(index, query)
    if rarest is None or sum(query.weights) < DISTINCT_BITS:
        return None
    places = _literal_places(index, query, 0)
    if len(places) != 1 or len(index.postings(rarest[1])) > _MOST_LITERAL:
        return None
    span = find_span(index, query, align_at(index, query, places[0]))
    return None if span is None else (span.start_cp, span.end_cp)


def _only_place(text: str, diff: PageDiff | None, passage: str) -> int:
    """Where `passage` stands if it stands there once, on the old page too, else -1."""
    found = only_place(text, passage)
    return found if diff is None or only_place(diff.old.text, passage) >= 0 else -1


def _stands(text: str, selectors: Selectors) -> bool:
    """Whether the passage stands in `text` at its offsets."""
    begin = selectors.start_cp - len(selectors.prefix)
    passage = selectors.prefix + selectors.exact + selectors.suffix
    return begin >= 0 and text.startswith(passage, begin)


def _anchored(
    index: PageIndex, selectors: Selectors, start: int, end: int, score: float
) -> Anchored:
    found = index.text[start:end]
    state: AnchoredState
    if found == selectors.exact or same_words(found, selectors.exact):
        # without context and at the text's begin, it was not told where it stood
        placeless = not selectors.prefix and not selectors.suffix and selectors.start_cp == 0
        state = "exact" if placeless or start == selectors.start_cp else "moved"
    else:
        state = "changed"
    return Anchored(start, end, state, score)


def find_candidates(
    index: PageIndex, selectors: Selectors, diff: PageDiff | None
) -> list[Candidate]:
    """The places worth judging, weightiest first; thorough and blind to order."""
    query, old_first = _prepare(index, selectors, diff)
    if query.first >= query.last or not index.ids:
        return []
    expected = index.token_at(max(0, query.origin_cp))
    hints = []
    if diff is not None:
        hints = _carried_places(diff, query, old_first)
        if hints:
            expected = hints[0]
    literal = _literal_places(index, query, expected + query.first)
    candidates: list[Candidate] = []
    gains: dict[int, tuple[int, bool]] = {}

    def seed(begin: int) -> tuple[int, bool]:
        """Weighs a place where the quote stands literally; the gain, and if all touches there."""
        if begin not in gains:
            alignment = align_at(index, query, begin)
            gains[begin] = alignment.gain, _touches(query, alignment)
            span = find_span(index, query, alignment)
            if span is not None:
                _add(weigh(index, query, alignment, span), candidates)
        return gains[begin]

    hole = best_gain = 0
    carried = None if diff is None else carried_alignment(diff, query, old_first)
    if carried is not None:
        best_gain = carried.gain
        span = find_span(index, query, carried)
        if span is not None:
            _add(weigh(index, query, carried, span), candidates)
    distinct = sum(query.weights[query.first : query.last]) > _UNREPEATED
    alone = distinct and len(literal) == 1
    windows = find_windows(index, query, expected, hints)
    most = max((window.votes for window in windows), default=0)
    enough = sum(query.gains) * _NEARLY_ALL // 10
    for window in sorted(windows, key=lambda window: -window.votes):
        settled = best_gain >= enough or (alone and bool(gains))
        if settled and window.votes * 10 < most * _RIVALS:
            continue
        likely = window.low + query.first - window.top
        near = [begin for begin in literal if window.low <= begin < window.high]
        near.sort(key=lambda begin: (abs(begin - likely), begin))
        seeds = [seed(begin) for begin in near[:_LITERAL_PLACES]]
        best_gain = max([best_gain, *(gain for gain, _ in seeds)])
        hoped = sum(query.gains[window.top : window.bottom])
        if any(alone or (whole and gain * 10 >= hoped * _EXPLAINED) for gain, whole in seeds):
            continue
        alignment = align(index, query, window)
        extend(index, query, alignment)
        best_gain = max(best_gain, alignment.gain)
        if alignment.gain <= 0:
            continue
        span = find_span(index, query, alignment)
        if span is None:
            hole = max(hole, hole_worth(query, alignment))
            paired = [page for page in alignment.pages if page >= 0]
            stretch = min(paired), max(paired) + 1
        else:
            _add(weigh(index, query, alignment, span), candidates)
            stretch = span.low, span.high
        unlikely = span is not None and distinct
        if not literal and not unlikely and _occurs(index, query, stretch, window):
            again = align(index, query, window, stretch)
            extend(index, query, again, stretch)
            span = find_span(index, query, again)
            if span is not None:
                _add(weigh(index, query, again, span), candidates)
    for begin in literal[: 1 if candidates else _LITERAL_PLACES]:
        seed(begin)
    if not candidates:
        return []
    compare(candidates, hole, len(literal), expected + query.first, len(index.ids))
    if diff is not None:
        for candidate in candidates:
            witness(diff, query, candidate, old_first)
    candidates.sort(key=lambda candidate: (-candidate.worth, candidate.start_token))
    return candidates[:_JUDGED]


def _best(candidates: list[Candidate]) -> tuple[Candidate, float] | None:
    best: tuple[Candidate, float] | None = None
    for candidate in candidates:
        score = probability(candidate.features)
        if best is None or score > best[1]:
            best = candidate, score
    return best


def _prepare(index: PageIndex, selectors: Selectors, diff: PageDiff | None) -> tuple[Query, int]:
    if diff is None:
        passage = selectors.prefix + selectors.exact + selectors.suffix
        origin = selectors.start_cp - len(selectors.prefix)
        return make_query(index, selectors, passage, origin, whole=False), 0
    old = diff.old
    starts, ends = old.tokens.starts, old.tokens.ends
    size = len(starts)
    low = bisect_left(starts, selectors.start_cp - _WIDE_CP)
    high = bisect_left(starts, selectors.end_cp + _WIDE_CP)
    if low >= size or high <= low:
        return make_query(index, selectors, "", 0, whole=True), 0
    begin, end = min(starts[low], selectors.start_cp), max(ends[high - 1], selectors.end_cp)
    query = make_query(index, selectors, old.text[begin:end], begin, whole=True)
    return query, low


def _carried_places(diff: PageDiff, query: Query, old_first: int) -> list[int]:
    """Where the comparison of pages puts the passage: by the quote, else by its neighbours."""
    places: list[int] = []
    for row in (
        range(query.first, query.last),
        range(query.first - 1, max(-1, query.first - 20), -1),
        range(query.last, min(len(query.ids), query.last + 20)),
    ):
        for at in row:
            place = diff.to_new[old_first + at]
            if place >= 0:
                places.append(place - at)
                break
        if places and row.start == query.first:
            break
    return places


def _rarest(index: PageIndex, query: Query) -> tuple[int, int] | None:
    """The place in the passage and the number of the quote's rarest word of the page."""
    known = [
        (len(index.postings(query.ids[at])), query.ids[at], at)
        for at in range(query.first, query.last)
        if query.ids[at] >= 0
    ]
    if not known:
        return None
    _, number, at = min(known)
    return at, number


def _literal_places(index: PageIndex, query: Query, home: int) -> list[int]:
    """Page tokens where the quote stands word by word, nearest to the expected place first."""
    wanted = query.ids[query.first : query.last]
    rarest = _rarest(index, query)
    if rarest is None or min(wanted) < 0:
        return []
    rare = rarest[0] - query.first
    found = []
    for position in nearest_positions(index.postings(rarest[1]), home + rare, _MOST_LITERAL):
        begin = position - rare
        if begin >= 0 and index.ids[begin : begin + len(wanted)] == wanted:
            found.append(begin)
    found.sort(key=lambda begin: (abs(begin - home), begin))
    return found


def _touches(query: Query, alignment: Alignment) -> bool:
    """Whether the nearest tokens before and after the quote still stand right beside it."""
    pages, first, last = alignment.pages, query.first, query.last
    low, high = max(0, first - _TOUCHING), min(len(pages), last + _TOUCHING)
    return all(
        pages[at] == pages[first] + at - first for at in (*range(low, first), *range(last, high))
    )


def _add(candidate: Candidate, candidates: list[Candidate]) -> None:
    """Adds a place, or replaces a lesser one that it overlaps."""
    span = candidate.span
    for number, other in enumerate(candidates):
        if span.low < other.span.high and other.span.low < span.high:
            if candidate.worth > other.worth:
                candidates[number] = candidate
            return
    candidates.append(candidate)


def _occurs(index: PageIndex, query: Query, stretch: tuple[int, int], window: Window) -> bool:
    """Whether the quote's rarest word occurs in the window outside a stretch of page tokens."""
    rarest = _rarest(index, query)
    if rarest is None:
        return False
    positions = index.postings(rarest[1])
    at = bisect_left(positions, window.low)
    while at < len(positions) and positions[at] < window.high:
        if not stretch[0] <= positions[at] < stretch[1]:
            return True
        at += 1
    return False
