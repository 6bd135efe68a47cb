"""Faults of browsers, done to real ones (`tests/browser/faults.py`), races again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.browser import faults, races, signing
from tests.browser.conftest import FLAGS, built_widget, chromium, opened_windows
from tests.browser.laptop import Laptop, asleep
from tests.browser.site import Site
from tests.browser.slow_line import SlowLine
from tests.reliability.machine import Machine

ASLEEP_S = 70.0
"""For so long a server does not wait for an answer to its pings."""


@dataclass(slots=True)
class Found:
    """What came of it."""

    operations: int = 0
    """That were written in races."""
    rounds: int = 0
    asleep_s: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    """That each took."""
    wrong: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Run:
    folder: Path
    playwright: Playwright
    browser: Browser
    site: Site
    machine: Machine
    found: Found

    @contextmanager
    def stage(self, name: str) -> Iterator[faults.Stage]:
        """For one fault; what goes wrong is noted."""
        begin = time.monotonic()
        server = self.machine.server
        try:
            with opened_windows(self.browser) as readers, SlowLine(server.url, 0) as line:
                yield faults.Stage(readers, self.site, server, line, name)
        except (AssertionError, PlaywrightError) as error:
            self.found.wrong.append(f"{name}: {error}")
        self.found.seconds[name] = round(time.monotonic() - begin, 1)


def suffer(folder: Path, rounds: int, asleep_s: float) -> Found:
    """All, on a server of their own. Raises CalledProcessError if the widget cannot be built."""
    built_widget()
    found = Found(rounds=rounds, asleep_s=asleep_s)
    with (
        signing.signing_machine(folder) as machine,
        Site() as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        run = _Run(folder, playwright, browser, site, machine, found)
        for act in (faults.full, faults.deleted, faults.damaged, faults.evicted):
            with run.stage(act.__name__) as stage:
                act(stage)
        for seed in range(0, rounds, _EACH):
            with run.stage(f"race {seed}") as stage:
                found.operations += races.race(stage, min(_EACH, rounds - seed), seed)
        with run.stage("asleep") as stage:
            (folder / "laptop").mkdir()
            laptop = Laptop(playwright, folder / "laptop")
            asleep(stage, laptop, asleep_s)
            laptop.browser.close()
        for sign in (signing.expired, signing.forgotten):
            with run.stage(sign.__name__) as stage:
                sign(stage, machine)
        browser.close()
    return found


_EACH = 25
"""Rounds of a race on one page, before it becomes long."""
