"""Two tabs of one browser with words waiting, which meet again in one moment."""

from __future__ import annotations

import random
from collections.abc import Callable

from playwright.sync_api import (
    Error,
)

from tests.browser.faults import (
    Stage,
    begun,
    expect_kept,
    expect_texts,
    nudge,
    texts,
)
from tests.browser.reader import Reader

RELOAD = "setTimeout(() => location.reload())"


def race(stage: Stage, rounds: int, seed: int = 0) -> int:
    """Two tabs with words waiting meet again in one moment, in many ways; answers how many operations there were."""
    chance = random.Random(seed)
    ann, bob = begun(stage)
    written = ["First"]
    tabs = [ann, stage.ann(beside=ann)]
    for number in range(rounds):
        for tab in tabs:
            tab.expect_live()
        stage.line.cut()
        for name, tab in enumerate(tabs):
            tab.expect_state("Offline")
            tab.front()
            tab.open("every ship")
            for part in range(chance.randint(1, 2)):
                written.append(f"{number} of tab {name}, {part}")
                tab.reply(written[-1])
        for tab in tabs:
            expect_texts(tab, *written)
        expect_kept(tabs[0].page, len(written) - len(texts(bob)))
        tabs = MEETINGS[number % len(MEETINGS)](stage, tabs, chance)
        for window in (*tabs, bob):
            expect_texts(window, *written)
        for tab in tabs:
            tab.expect_live()
        expect_kept(tabs[0].page, 0)
    assert (found := stage.entries()) == (len(written),) * 2, f"{found} of {len(written)}"
    return len(written)


def both_come_back(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    stage.line.mend()
    nudge(tabs[0].page.context)
    return tabs


def both_load_anew(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    for tab in tabs:
        tab.page.evaluate(RELOAD)
    tabs[0].page.wait_for_timeout(chance.random() * 100)
    stage.line.mend()
    return tabs


def one_closes(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    stage.line.mend()
    nudge(tabs[0].page.context)
    gone = tabs.pop(chance.randrange(2))
    gone.page.close()
    return [*tabs, stage.ann(beside=tabs[0])]


def one_dies(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    dead = tabs.pop(chance.randrange(2))
    tabs[0].page.evaluate(RELOAD)
    stage.line.mend()
    with dead.page.expect_event("crash"):
        try:
            dead.page.goto("chrome://crash")
        except Error as error:
            assert "crash" in str(error)  # noqa: PT017
    dead.page.close()
    return [*tabs, stage.ann(beside=tabs[0])]


def both_close(stage: Stage, tabs: list[Reader], chance: random.Random) -> list[Reader]:
    empty = stage.empty(tabs[0])
    stage.line.mend()
    nudge(empty.context)
    for tab in tabs:
        tab.page.close()
    first = stage.ann(beside=tabs[0])
    second = stage.ann(beside=first)
    empty.close()
    return [first, second]


Meeting = Callable[[Stage, list[Reader], random.Random], list[Reader]]
MEETINGS: list[Meeting] = [both_come_back, both_load_anew, one_closes, one_dies, both_close]
