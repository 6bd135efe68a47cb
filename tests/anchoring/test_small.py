"""One rule each, in words that a reader can check."""

from __future__ import annotations

import pytest

from crdtchat.anchoring import Anchored, Orphaned, TextIndex, Unsure, anchor, describe
from crdtchat.anchoring.selectors import Selectors
from tests.anchoring.cases import LINES, SMALL, TWIN, WORDS, Small


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
@pytest.mark.parametrize("witness", [False, True], ids=["alone", "with the old page"])
def test_finds_the_words(case: Small, witness: bool) -> None:
    start = case.old.index(case.quote)
    selectors = describe(case.old, start, start + len(case.quote))
    found = anchor(case.new, selectors, previous_text=case.old if witness else None)
    if case.found is None:
        assert not isinstance(found, Anchored)
    else:
        assert isinstance(found, Anchored)
        assert case.new[found.start_cp : found.end_cp] == case.found
        assert found.state == case.state
        assert 0 <= found.score <= 1


def bare(quote: str) -> Selectors:
    """What is left of an annotation that came without context and without a position."""
    return Selectors(quote, "", "", 0, len(quote))


@pytest.mark.parametrize(
    "quote", ["a nod is enough to buy", "somebody always whistles", "A NOD  is enough\nto buy"]
)
def test_a_distinct_quote_alone_is_found_where_it_stands_once(quote: str) -> None:
    found = anchor("News of today.\n" + WORDS, bare(quote))
    assert isinstance(found, Anchored)
    assert found.state == ("exact" if quote.islower() else "changed")
    words = ("News of today.\n" + WORDS)[found.start_cp : found.end_cp]
    assert words.casefold().split() == quote.casefold().split()


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("the town", WORDS),
        ("a nod is enough to buy", f"{WORDS}\n{WORDS}"),
        ("a nod was never enough to sell", WORDS),
        ("", WORDS),
    ],
    ids=["short", "standing twice", "other words", "nothing"],
)
def test_a_quote_alone_is_not_guessed_at(quote: str, text: str) -> None:
    assert not isinstance(anchor(text, bare(quote)), Anchored)


def test_a_sign_beyond_an_insertion_does_not_take_it_along() -> None:
    """The quote's first sign stands before what was inserted, and again before the quote."""
    old = "Vectors:\n\n* ``first.pem`` with a wrong policy.\n* ``second.pem`` with an issuer and a name.\n"
    inserted = (
        "* ``third.pem`` whose policy has a qualifier, with a notice that says nothing, signed by "
        "somebody else, for those who test what is refused and why it is.\n"
    )
    start = old.index("``second.pem")
    new = old.replace("* ``second", inserted + "* ``second")
    found = anchor(new, describe(old, start, start + len("``second.pem")))
    assert isinstance(found, Anchored)
    assert new[found.start_cp : found.end_cp] == "``second.pem"


def test_a_selection_inside_a_word_keeps_its_part_when_the_word_changed() -> None:
    old = WORDS.replace("nothing", "xothing")
    start = old.index("thing is going")
    found = anchor(WORDS, describe(old, start, start + len("thing is going")))
    assert isinstance(found, Anchored)
    assert WORDS[found.start_cp : found.end_cp] == "thing is going"


def test_a_twin_is_never_attached_silently_when_its_neighbour_left() -> None:
    old = "Start.\n" + TWIN * 40 + "End."
    start = old.index("reads", len(old) // 2)
    new = TWIN * 3 + "Other words.\n" + TWIN * 30
    assert not isinstance(anchor(new, describe(old, start, start + 16)), Anchored)


def test_the_old_page_tells_twins_apart() -> None:
    lines = [f"Section {n}\n{TWIN * 8}" for n in range(6)]
    old = "".join(lines)
    start = old.index("reads", old.index("Section 3") + 4 * len(TWIN))
    new = "A new preface that shifts all of it.\n" + old
    selectors = describe(old, start, start + 16)
    found = TextIndex(new).anchor(selectors, previous=old)
    assert isinstance(found, Anchored)
    assert found.start_cp == start + len(new) - len(old)


def test_a_wrong_old_page_is_not_listened_to() -> None:
    case = next(case for case in SMALL if case.name == "word replaced")
    start = case.old.index(case.quote)
    selectors = describe(case.old, start, start + len(case.quote))
    index = TextIndex(case.new)
    assert index.anchor(selectors, previous="Some other page.") == index.anchor(selectors)


def test_a_line_whose_whole_neighbourhood_changed_is_never_put_elsewhere() -> None:
    """All context turned round: alone at most found or suggested, sure with the old page."""
    quote = "Visitors think that nothing is going on."
    new = "\n".join(reversed(LINES.split("\n")))
    start = LINES.index(quote)
    selectors = describe(LINES, start, start + len(quote))
    alone = anchor(new, selectors)
    assert not isinstance(alone, Orphaned)
    place = alone.suggestion if isinstance(alone, Unsure) else alone
    assert new[place.start_cp : place.end_cp] == quote
    sure = anchor(new, selectors, previous_text=LINES)
    assert isinstance(sure, Anchored)
    assert new[sure.start_cp : sure.end_cp] == quote
