"""The work grows linearly with annotations and with the page, and is bounded on texts made to hurt.

Counted are calls and the cells of alignments, which do not depend on the machine.
"""

from __future__ import annotations

import random
from cProfile import Profile
from typing import Any

import pytest

from crdtchat.anchoring import TextIndex, alignment, describe
from crdtchat.anchoring.selectors import Selectors
from tests.anchoring.speed import edited, long_text, questions, reordered

#: Four times as much may cost so many times as much.
LINEAR = 5.0
#: Three annotations on 64 kB made to hurt: a quote of 8,000 characters is the dearest.
MOST = 50_000_000


class Counter:
    """Counts calls, and cells of alignments through the real function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        fill = alignment._fill

        def counted(pair: Any, inside_from: int, inside_to: int) -> Any:
            self.steps += pair.size
            return fill(pair, inside_from, inside_to)

        monkeypatch.setattr(alignment, "_fill", counted)

    def of(self, new: str, asked: list[Selectors], old: str | None) -> int:
        """The steps of index, comparison and all annotations."""
        self.steps = 0
        with Profile() as calls:
            index = TextIndex(new)
            previous = None if old is None else TextIndex(old)
            for selectors in asked:
                index.anchor(selectors, previous=previous)
        return self.steps + sum(entry.callcount for entry in calls.getstats())


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(monkeypatch)


@pytest.mark.parametrize("change", [edited, reordered])
@pytest.mark.parametrize("witness", [False, True], ids=["alone", "with the old page"])
def test_work_grows_with_the_page_at_most(counter: Counter, change: Any, witness: bool) -> None:
    small, large = long_text(50_000), long_text(200_000)
    steps = []
    for text in (small, large):
        asked = questions(text, 60, random.Random(5))
        new = change(text, random.Random(6))
        steps.append(counter.of(new, asked, text if witness else None))
    assert steps[1] <= LINEAR * steps[0]


@pytest.mark.parametrize("change", [edited, reordered])
def test_work_grows_with_the_annotations_at_most(counter: Counter, change: Any) -> None:
    text = long_text(50_000)
    asked = questions(text, 120, random.Random(5))
    new = change(text, random.Random(6))
    assert counter.of(new, asked, None) <= LINEAR * counter.of(new, asked[:30], None)


def letters(size: int) -> tuple[str, str, Selectors]:
    old = "a" * size
    return old, old[: size // 3] + "b" + old, describe(old, size // 2, size // 2 + 40)


def words(size: int) -> tuple[str, str, Selectors]:
    old = "ab " * (size // 3)
    return old, f"{old[: size // 3]} cd {old}", describe(old, size // 3 - 10, size // 3 + 30)


def twins(size: int) -> tuple[str, str, Selectors]:
    line = "A line that is like all the others on this page, word by word.\n"
    old = "".join(f"{line}{number}\n" for number in range(size // 64))
    return old, edited(old, random.Random(1)), describe(old, size // 2, size // 2 + 20)


def long_quote(size: int) -> tuple[str, str, Selectors]:
    old = long_text(size)
    new = reordered(old, random.Random(2))
    return old, new, describe(old, 4_000, 12_000)


@pytest.mark.parametrize("hurting", [letters, words, twins, long_quote])
@pytest.mark.parametrize("witness", [False, True], ids=["alone", "with the old page"])
def test_texts_made_to_hurt_cost_no_more_than_their_size(
    counter: Counter, hurting: Any, witness: bool
) -> None:
    steps = []
    for size in (16_000, 64_000):
        old, new, selectors = hurting(size)
        steps.append(counter.of(new, [selectors] * 3, old if witness else None))
    assert steps[1] <= LINEAR * steps[0]
    assert steps[1] <= MOST
