"""Properties of anchoring on any text whatever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtchat.anchoring import Anchored, Orphaned, TextIndex, Unsure, anchor, describe
from crdtchat.anchoring.characters import fold, is_boundary, is_space, same_words
from crdtchat.anchoring.tokens import tokenize

#: Pieces that make trouble: unspaced scripts, joined emoji, flags, marks, ligatures, line ends.
PIECES = [
    "the ", "word", "Straße", "ﬁn", "soft\u00adhyphen", "a\u00a0b", "e\u0301", "é", "漢字", "かな",
    "ไทย", "שלום", "العربية", "한국", "\u1112\u1161\u11ab", "👩‍👩‍👧", "👍🏽", "🇵🇱🇯🇵", "\r\n", "\n\n",
    "  ", ".", "...", "=====", "_x_", "—", "“q”", "\u200f", "\ufeff", "𝒜", "1.5", "aaaa", "x" * 70,
]  # fmt: skip

texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=40).map("".join)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[str, int, int]:
    text = draw(texts)
    start = draw(st.integers(0, len(text)))
    return text, start, draw(st.integers(start, len(text)))


@settings(max_examples=400, deadline=None)
@given(ranges(), st.sampled_from([128, 32]))
def test_an_unchanged_text_gives_back_any_range(case: tuple[str, int, int], context: int) -> None:
    text, start, end = case
    found = anchor(text, describe(text, start, end, context_cp=context))
    if context == 128 or len(text) <= 32:
        assert found == Anchored(start, end, "exact", 1.0)
    assert not isinstance(found, Anchored) or (found.start_cp, found.end_cp) == (start, end)


@settings(max_examples=200, deadline=None)
@given(ranges())
def test_the_old_page_changes_nothing_on_an_unchanged_text(case: tuple[str, int, int]) -> None:
    text, start, end = case
    found = anchor(text, describe(text, start, end), previous_text=text)
    assert found == Anchored(start, end, "exact", 1.0)


@settings(max_examples=200, deadline=None)
@given(ranges(), texts)
def test_a_moved_text_gives_back_the_range_wherever_it_is_unique(
    case: tuple[str, int, int], before: str
) -> None:
    text, start, end = case
    selectors = describe(text, start, end)
    passage = selectors.prefix + selectors.exact + selectors.suffix
    moved = before + text
    place = moved.find(passage)
    if len(passage) < 64 or moved.find(passage, place + 1) >= 0:
        return
    found = anchor(moved, selectors)
    assert isinstance(found, Anchored)
    shift = place - max(0, start - 128)
    assert (found.start_cp, found.end_cp) == (start + shift, end + shift)
    assert found.state == ("moved" if shift else "exact")


@settings(max_examples=400, deadline=None)
@given(ranges(), texts, st.booleans())
def test_results_lie_inside_the_text_and_keep_graphemes_whole(
    case: tuple[str, int, int], other: str, witness: bool
) -> None:
    text, start, end = case
    middle = len(text) // 2
    new = text[:middle] + other + text[middle + len(other) // 2 :]
    selectors = describe(text, start, end)
    found = anchor(new, selectors, previous_text=text if witness else None)
    if isinstance(found, Anchored):
        low, high = found.start_cp, found.end_cp
    elif isinstance(found, Unsure):
        low, high = found.suggestion.start_cp, found.suggestion.end_cp
    else:
        assert isinstance(found, Orphaned)
        return
    assert 0 <= low <= high <= len(new)
    if not same_words(new[low:high], selectors.exact):
        assert is_boundary(new, low)
        assert is_boundary(new, high)


@settings(max_examples=400, deadline=None)
@given(texts)
def test_tokens_map_back_to_the_text_they_were_cut_from(text: str) -> None:
    tokens = tokenize(text)
    before = 0
    for start, end, folded in zip(tokens.starts, tokens.ends, tokens.folds, strict=True):
        assert before <= start < end
        assert fold(text[start:end]) == folded
        assert all(is_space(char) or fold(char) == "" for char in text[before:start])
        before = end
    assert all(is_space(char) or fold(char) == "" for char in text[before:])


@settings(max_examples=200, deadline=None)
@given(texts, texts)
def test_an_index_answers_as_a_fresh_one_does(text: str, old: str) -> None:
    index = TextIndex(text)
    previous = TextIndex(old)
    for end in range(0, len(old), max(1, len(old) // 5)):
        selectors = describe(old, end // 2, end)
        assert index.anchor(selectors) == anchor(text, selectors)
        assert index.anchor(selectors, previous=previous) == anchor(
            text, selectors, previous_text=old
        )


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (2, 1), (0, 4)])
def test_a_range_outside_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not inside"):
        describe("abc", start, end)
