"""The benchmark's part `check`: quality, and that both twins agree on every case.

The complete figures: `python -m tests.anchoring.benchmark`. The part `final` is not looked at here:
what is scored with every change is tuned on before long.
"""

from __future__ import annotations

import pytest

from tests.anchoring.benchmark import VARIANTS, Line, ask, differ, tally
from tests.anchoring.corpus import load
from tests.anchoring.node_twin import bundle

#: Least right of `same`, `edited`, `deleted` in percent, and most wrong of all: the goals.
FLOORS = {
    "128": (99.0, 98.5, 99.0, 0.5),
    "128 + previous text": (99.5, 98.5, 99.0, 0.25),
    "32": (97.0, 95.0, 98.0, 0.5),
}


CASES = list(load("check"))


def ask_all(twin: str, cli: str) -> dict[str, list[Line]]:
    """Answers by variant. All of a case are asked for together, as they share the page's index."""
    lines = [case.question(context, previous=old) for case in CASES for _, context, old in VARIANTS]
    found = ask(lines, twin, cli)
    return {name: found[place :: len(VARIANTS)] for place, (name, *_) in enumerate(VARIANTS)}


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Line]]:
    """The Python twin's."""
    return ask_all("python", "")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Line]]:
    """Those of the TypeScript twin's bundled command."""
    return ask_all("node", str(bundle(tmp_path_factory.mktemp("twin"))))


@pytest.mark.parametrize("name", FLOORS)
def test_finds_what_it_found(name: str, answers: dict[str, list[Line]]) -> None:
    found = tally(CASES, answers[name])
    same, edited, deleted, wrong = FLOORS[name]
    assert found.share("same", "right") >= same
    assert found.share("edited", "right") >= edited
    assert found.share("deleted", "orphaned") >= deleted
    assert found.wrong <= wrong


@pytest.mark.parametrize("name", [name for name, *_ in VARIANTS])
def test_the_twins_agree_on_every_case(
    name: str, answers: dict[str, list[Line]], others: dict[str, list[Line]]
) -> None:
    pairs = zip(answers[name], others[name], strict=True)
    assert [(one, two) for one, two in pairs if differ(one, two)] == []


def test_nothing_attaches_on_a_page_of_another_project() -> None:
    """Every third case, with much context and with little; the page is another one for each."""
    texts = sorted({case.new_text for case in CASES})
    homes = {case.new_text: case.project.split("-")[0] for case in CASES}
    lines = []
    for number, case in enumerate(CASES[::3]):
        strange = [text for text in texts if homes[text] != homes[case.new_text]]
        text = strange[number * 7919 % len(strange)]
        lines += [case.question(context, text=text) for context in (128, 32)]
    lines.sort(key=lambda line: str(line["text"]))  # neighbours share the page's index
    attached = [
        found
        for found in ask(lines, "python", "")
        if found["state"] in ("exact", "moved", "changed")
    ]
    assert attached == []


@pytest.mark.parametrize("context", [128, 32])
def test_an_unchanged_page_keeps_everything(context: int) -> None:
    lines = [case.question(context, text=case.old_text) for case in CASES]
    for case, found in zip(CASES, ask(lines, "python", ""), strict=True):
        assert (found["state"], found["start"], found["end"]) == ("exact", case.start, case.end)
