"""The search for a passage, from the cheap sure ways to the thorough one."""

from __future__ import annotations

from bisect import bisect_left

from crdtchat.anchoring.alignment import Alignment, align
from crdtchat.anchoring.candidates import find_windows, nearest_positions
from crdtchat.anchoring.characters import same_words
from crdtchat.anchoring.evidence import Candidate, compare, hole_worth, weigh, witness
from crdtchat.anchoring.model import Model, choose_model, is_ambiguous, probability
from crdtchat.anchoring.page_diff import PageDiff
from crdtchat.anchoring.page_index import PageIndex
from crdtchat.anchoring.query import Query, make_query
from crdtchat.anchoring.results import Anchored, AnchoredState, Anchoring, Orphaned, Place, Unsure
from crdtchat.anchoring.selectors import Selectors
from crdtchat.anchoring.spans import Span, find_span, whole_graphemes

#: A passage of at least this many characters that stands where it stood is taken at its word.
_SURE_CP = 32
#: Context taken from the old page, where there is one.
_WIDE_CP = 256
_WIDE_SNAP = 24
#: Literal places of the quote that are looked at beside the voted ones.
_LITERAL_PLACES = 3
#: The weightiest places are judged; others have no chance.
_JUDGED = 3


def anchor_in(index: PageIndex, selectors: Selectors, diff: PageDiff | None = None) -> Anchoring:
    """Finds the passage in the indexed text; `diff` compares the old page with this text."""
    passage = selectors.prefix + selectors.exact + selectors.suffix
    if diff is not None and not _stands(diff.old.text, selectors, passage):
        diff = None
    text = index.text
    if diff is not None and diff.old.text == text:
        return Anchored(selectors.start_cp, selectors.end_cp, "exact", 1.0)
    sure = len(passage) >= _SURE_CP or len(passage) == len(text)
    if diff is None and sure and _stands(text, selectors, passage):
        return Anchored(selectors.start_cp, selectors.end_cp, "exact", 1.0)
    if len(passage) >= 2 * _SURE_CP or (diff is not None and len(passage) >= _SURE_CP):
        found = _only_place(text, passage)
        if found >= 0 and (diff is None or _only_place(diff.old.text, passage) >= 0):
            start = found + len(selectors.prefix)
            return _anchored(index, selectors, start, start + len(selectors.exact), 1.0)
    model = choose_model(len(selectors.prefix) + len(selectors.suffix), diff is not None)
    found_best = _best(find_candidates(index, selectors, diff), model)
    if found_best is None:
        return Orphaned("gone", None)
    best, score = found_best
    start, end = best.span.start_cp, best.span.end_cp
    if text[start:end] != selectors.exact:
        start, end = whole_graphemes(text, start, end)
    ambiguous = is_ambiguous(best.features)
    if score >= model.anchor_from and not ambiguous:
        return _anchored(index, selectors, start, end, score)
    if score >= model.suggest_from:
        return Unsure(Place(start, end, score))
    return Orphaned("ambiguous" if ambiguous else "doubtful", Place(start, end, score))


def _only_place(text: str, passage: str) -> int:
    """Where `passage` stands in `text` if it stands there once, else -1."""
    found = text.find(passage)
    return found if found < 0 or text.find(passage, found + 1) < 0 else -1


def _stands(text: str, selectors: Selectors, passage: str) -> bool:
    begin = selectors.start_cp - len(selectors.prefix)
    return begin >= 0 and text.startswith(passage, begin)


def _anchored(
    index: PageIndex, selectors: Selectors, start: int, end: int, score: float
) -> Anchored:
    found = index.text[start:end]
    state: AnchoredState
    if found == selectors.exact or same_words(found, selectors.exact):
        state = "exact" if start == selectors.start_cp else "moved"
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
    hints.extend(_literal_places(index, query, expected))
    windows = find_windows(index, query, expected, hints)
    if not windows:
        return []
    alignments = align(index, query, windows)
    candidates: list[Candidate] = []
    hole = 0
    for alignment, window in zip(alignments, windows, strict=True):
        hole = max(hole, _consider(index, query, alignment, candidates))
        if candidates and _repeats(index, query, candidates[-1].span, window):
            span = candidates[-1].span
            again = align(index, query, [window], (span.low, span.high))
            _consider(index, query, again[0], candidates)
    if not candidates:
        return []
    compare(candidates, hole, expected + query.first, len(index.ids))
    if diff is not None:
        for candidate in candidates:
            witness(diff, query, candidate, old_first)
    candidates.sort(key=lambda candidate: (-candidate.worth, candidate.start_token))
    return candidates[:_JUDGED]


def _best(candidates: list[Candidate], model: Model) -> tuple[Candidate, float] | None:
    best: tuple[Candidate, float] | None = None
    for candidate in candidates:
        score = probability(model, candidate.features)
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


def _literal_places(index: PageIndex, query: Query, expected: int) -> list[int]:
    """Where the quote stands word by word, nearest to the expected place first."""
    wanted = query.ids[query.first : query.last]
    rarest = _rarest(index, query)
    if rarest is None or min(wanted) < 0:
        return []
    rare, number = rarest
    home = expected + query.first
    found = []
    for position in nearest_positions(index.postings(number), expected + rare, 64):
        begin = position - (rare - query.first)
        if begin >= 0 and index.ids[begin : begin + len(wanted)] == wanted:
            found.append(begin)
    found.sort(key=lambda begin: (abs(begin - home), begin))
    return [begin - query.first for begin in found[:_LITERAL_PLACES]]


def _consider(
    index: PageIndex, query: Query, alignment: Alignment, candidates: list[Candidate]
) -> int:
    """Adds the place to the candidates; if the quote is lacking, tells what its contexts weigh."""
    if alignment.gain <= 0:
        return 0
    span = find_span(index, query, alignment)
    if span is None:
        return hole_worth(query, alignment)
    candidate = weigh(index, query, alignment, span)
    for number, other in enumerate(candidates):
        if span.low < other.span.high and other.span.low < span.high:
            if candidate.worth > other.worth:
                candidates[number] = candidate
            return 0
    candidates.append(candidate)
    return 0


def _repeats(index: PageIndex, query: Query, span: Span, window: tuple[int, int]) -> bool:
    """Whether the quote's rarest word occurs in the window outside the span found."""
    rarest = _rarest(index, query)
    if rarest is None:
        return False
    positions = index.postings(rarest[1])
    at = bisect_left(positions, window[0])
    while at < len(positions) and positions[at] < window[1]:
        if not span.low <= positions[at] < span.high:
            return True
        at += 1
    return False
