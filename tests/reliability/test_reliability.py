"""The short forms of `python -m tests.reliability`. How fast a machine is decides nothing here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.__main__ import asked_for
from tests.reliability.faults import FAULTS, suffer
from tests.reliability.rows import ROWS
from tests.reliability.samples import Sample, trend
from tests.reliability.sleepers import Crowd, sleep


def test_without_a_name_every_row_is_run() -> None:
    assert asked_for(["--quick"]).rows == list(ROWS)
    assert {"soak", "sleepers", "slow-readers", *FAULTS} < set(ROWS)
    assert ROWS["slow"][0] == FAULTS["slow"].title
    assert asked_for(["soak"]).rows == ["soak"]


@pytest.mark.timeout(280)
def test_people_go_on_after_the_disk_was_read_only_and_lose_nothing(tmp_path: Path) -> None:
    found = suffer(tmp_path, "read-only", seconds=0.5)
    assert not found.wrong
    assert found.during == 0


@pytest.mark.timeout(280)
def test_sleepers_are_not_sent_away_and_get_all_that_they_missed(tmp_path: Path) -> None:
    found = sleep(tmp_path, Crowd(readers=24, sleepers=4, rate=40.0, seconds=2.0))
    assert not found.wrong
    assert found.asleep.sent > 0


def _sample(minute: float, resident: int, descriptors: int) -> Sample:
    return Sample(minute, resident, descriptors, 8, 10, 490, 500, 1_000, 10, 1.0)


def test_what_grows_is_not_flat() -> None:
    steady = [_sample(n, 90_000_000 + n % 7 * 100_000, 520 + n % 3) for n in range(60)]
    assert trend(steady, 10).is_flat
    leaking = [_sample(n, 90_000_000 + n * 200_000, 520) for n in range(60)]
    assert not trend(leaking, 10).is_flat
    open_files = [_sample(n, 90_000_000, 520 + n) for n in range(60)]
    assert not trend(open_files, 10).is_flat
    one_peak = [_sample(n, 300_000_000 if n == 30 else 90_000_000, 520) for n in range(60)]
    assert trend(one_peak, 10).is_flat
