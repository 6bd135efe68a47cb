"""The browser's disk, tabs, sleep and token fail people, and no word is lost or doubled (A7, A8, A12, B7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.browser import faults, races, signing
from tests.browser.conftest import OpenReader
from tests.browser.faults import Stage
from tests.browser.laptop import Laptop, asleep
from tests.browser.site import Site
from tests.browser.slow_line import SlowLine
from tests.reliability.machine import Machine


@pytest.fixture(scope="module")
def machine(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with signing.signing_machine(tmp_path_factory.mktemp("machine")) as running:
        yield running


@pytest.fixture
def stage(readers: OpenReader, site: Site, machine: Machine, page_id: str) -> Iterator[Stage]:
    with SlowLine(machine.server.url, 0) as line:
        yield Stage(readers, site, machine.server, line, page_id)


def test_a_browser_that_is_full_says_what_it_does_not_keep(stage: Stage) -> None:
    faults.full(stage)


def test_a_database_that_goes_under_the_page_is_made_anew(stage: Stage) -> None:
    faults.deleted(stage)


def test_records_that_nobody_can_read_hold_up_nothing(stage: Stage) -> None:
    faults.damaged(stage)


def test_a_browser_that_forgot_everything_begins_with_the_server(stage: Stage) -> None:
    faults.evicted(stage)


def test_two_tabs_race_on_one_outbox(stage: Stage) -> None:
    races.race(stage, rounds=len(races.MEETINGS))


def test_a_laptop_sleeps_for_an_hour(stage: Stage, playwright: Playwright, tmp_path: Path) -> None:
    laptop = Laptop(playwright, tmp_path)
    asleep(stage, laptop)
    laptop.browser.close()


def test_a_token_runs_out_offline(stage: Stage, machine: Machine) -> None:
    signing.expired(stage, machine)


def test_a_guest_is_forgotten_by_the_server(stage: Stage, machine: Machine) -> None:
    signing.forgotten(stage, machine)
