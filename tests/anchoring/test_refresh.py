"""What is stored about a passage is renewed when it is sure, by about one of those who may."""

from __future__ import annotations

import random

import pytest

from crdtchat.anchoring import Anchored, TextIndex, Unsure, anchor, describe
from crdtchat.anchoring.refresh import (
    MODERATOR_WAIT_MS,
    NEAR_CP,
    REST_MS,
    SELDOM_MS,
    is_due,
    renewed,
    wait_ms,
)
from crdtchat.anchoring.results import Place

WORDS = "The committee agreed that the northern footbridge should reopen before the first frost."
BEFORE = "Minutes of the town meeting. " * 6 + "Nobody asked about the harbour. "
AFTER = " A vote on the market hall was postponed until somebody finds the keys to it." * 3
TEXT = BEFORE + WORDS + AFTER
STORED = describe(TEXT, len(BEFORE), len(BEFORE) + len(WORDS))


def test_an_unchanged_page_renews_nothing() -> None:
    assert renewed(TEXT, STORED, anchor(TEXT, STORED)) is None


def test_words_that_only_moved_stay_as_they_are() -> None:
    text = "A new first paragraph, quite long. " * 9 + TEXT
    found = anchor(text, STORED)
    assert isinstance(found, Anchored)
    assert renewed(text, STORED, found) is None


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("Nobody asked", "Two people asked"),
        TEXT.replace("A vote on", "The vote on", 1),
    ],
)
def test_other_words_beside_them_are_stored(text: str) -> None:
    fresh = renewed(text, STORED, anchor(text, STORED))
    assert fresh is not None
    assert fresh.exact == WORDS
    assert text[fresh.start_cp : fresh.end_cp] == WORDS
    assert renewed(text, fresh, anchor(text, fresh)) is None


def test_distant_context_is_no_reason() -> None:
    text = TEXT.replace("Minutes of", "Record of", 1)
    assert TEXT.index("Minutes of") < len(BEFORE) - NEAR_CP
    assert renewed(text, STORED, anchor(text, STORED)) is None


def test_only_what_is_sure_is_stored() -> None:
    text = TEXT.replace("Nobody asked", "Two people asked")
    start = text.index(WORDS)
    place = (start, start + len(WORDS))
    assert renewed(text, STORED, Anchored(*place, "exact", 0.98)) is None
    assert renewed(text, STORED, Unsure(Place(*place, 1.0))) is None
    assert renewed(text, STORED, Anchored(*place, "exact", 1.0)) is not None


def test_a_page_that_goes_back_needs_nothing() -> None:
    text = TEXT.replace("Nobody asked", "Two people asked")
    fresh = renewed(text, STORED, anchor(text, STORED))
    assert fresh is not None
    assert renewed(TEXT, fresh, anchor(TEXT, fresh), made_on=STORED) is None


def test_small_edits_never_add_up() -> None:
    """Sentence by sentence everything around the words is replaced, and they are still found."""
    kept, stored = STORED, STORED
    text = TEXT
    parts = [part for part in (BEFORE + AFTER).split(". ") if part]
    for number, part in enumerate(dict.fromkeys(parts)):
        text = text.replace(part, f"Paragraph {number} speaks of {number * 7} other matters")
        fresh = renewed(text, kept, TextIndex(text).anchor(kept))
        kept = fresh or kept
    found = anchor(text, kept)
    assert isinstance(found, Anchored)
    assert text[found.start_cp : found.end_cp] == WORDS
    assert stored.prefix != kept.prefix


def test_what_is_due() -> None:
    assert is_due(stored_at=10, followed=False, text_since=11)
    assert not is_due(stored_at=11, followed=False, text_since=11)
    assert not is_due(stored_at=10, followed=True, text_since=11)
    assert is_due(stored_at=10, followed=True, text_since=11 + SELDOM_MS)


def test_of_a_thousand_moderators_a_few_write() -> None:
    """Each writes unless it has heard by then that somebody did; news takes a tenth of a second."""
    chance = random.Random(7)
    totals = []
    for _ in range(50):
        turns = sorted(wait_ms(chance.random(), is_author=False) for _ in range(1_000))
        totals.append(sum(turn <= turns[0] + 100 for turn in turns))
    assert max(totals) <= 10
    assert sum(totals) / len(totals) < 4
    assert wait_ms(0.5, is_author=True) == REST_MS < wait_ms(0.01, is_author=False)
    assert wait_ms(1.0, is_author=False) == REST_MS + MODERATOR_WAIT_MS
