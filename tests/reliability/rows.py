"""Every line of what is promised: what is done for it, in a short and in a long form."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import anyio

from crdtchat.testing.simulator.story import run_seed
from tests.reliability import browser, faults, sleepers
from tests.reliability.samples import table
from tests.reliability.sleepers import Crowd
from tests.reliability.soak import soak
from tests.simulation.test_small_scope import delete_and_reply, explore, reply_and_reply
from tests.story.kill import kill_again_and_again


@dataclass(slots=True)
class Result:
    """One row of the table."""

    row: str
    done: str
    """What was done, with its figures."""
    passed: bool
    load: float
    """Of the machine when it ended."""
    details: dict[str, object] = field(default_factory=dict)


Row = Callable[[str, bool], Result]


def _result(row: str, done: str, *, passed: bool, **details: object) -> Result:
    return Result(row, done, passed, round(os.getloadavg()[0], 1), details)


def simulator(row: str, quick: bool, *, first: int = 0, seeds: int = 0) -> Result:
    """Seeded stories of nodes, stores, brokers and clients that fail."""
    count = seeds or (300 if quick else 100_000)
    counts: Counter[str] = Counter()
    broken: list[str] = []
    entries = 0
    for seed in range(first, first + count):
        outcome = run_seed(seed)
        counts.update(outcome.counts)
        entries += outcome.entries
        if outcome.failure:
            broken.append(f"seed {seed}: {outcome.failure}")
    done = f"{count:,} stories, {entries:,} operations committed, {len(broken)} broke a promise"
    return _result(row, done, passed=not broken, broken=broken, counts=dict(counts))


def small_scope(row: str, quick: bool) -> Result:
    """Every order of two nodes, two clients and a crash."""
    cases = [(reply_and_reply, 0, False), (delete_and_reply, 1, False)]
    if not quick:
        cases += [(reply_and_reply, 1, True), (delete_and_reply, 1, True)]
    states = sum(explore(make, crashes, broker=broker) for make, crashes, broker in cases)
    return _result(row, f"{states:,} states, all promises kept in each", passed=True)


def killed(row: str, quick: bool) -> Result:
    """kill -9 under write load, again and again; raises AssertionError if something is lost."""
    times = 3 if quick else 200
    with tempfile.TemporaryDirectory() as folder:
        witness = anyio.run(kill_again_and_again, Path(folder), times, 1)
    done = f"killed {times} times, {witness.count:,} operations acknowledged, none lost"
    return _result(row, done, passed=True)


def fault(name: str, row: str, quick: bool) -> Result:
    """A fault of the machine with clients at work."""
    with tempfile.TemporaryDirectory() as folder:
        found = faults.suffer(Path(folder), name, seconds=1.0 if quick else None)
    done = (
        f"{faults.CLIENTS} clients, {found.acknowledged} operations acknowledged, {found.during} "
        f"meanwhile; all got on {found.recovered_s:.1f} s after it; {len(found.wrong)} wrong"
    )
    return _result(row, done, passed=not found.wrong, wrong=found.wrong)


def soaked(row: str, quick: bool, *, minutes: float = 60.0) -> Result:
    """Mixed traffic with storms; the short form is too short to say whether memory is flat."""
    with tempfile.TemporaryDirectory() as folder:
        if quick:
            found = soak(Path(folder), 0.25, clients=50, every=8.0, note=_silent)
        else:
            found = soak(Path(folder), minutes)
    storms, minutes = len(found.samples) - 1, found.samples[-2].minute
    done = f"{minutes:.0f} minutes, {storms} storms; {found.trend}; {len(found.wrong)} wrong"
    passed = not found.wrong if quick else found.passed
    return _result(row, done, passed=passed, wrong=found.wrong, table=table(found.samples))


def slept(row: str, quick: bool, *, pace: float = 0.0) -> Result:
    """Readers that stop reading, or read slowly; the short form says nothing of time."""
    crowd = Crowd(40, 4, 50.0, 3.0, pace) if quick else Crowd(500, 50, 500.0, 60.0, pace)
    with tempfile.TemporaryDirectory() as folder:
        found = sleepers.sleep(Path(folder), crowd)
    awake, asleep = found.awake, found.asleep
    done = (
        f"{crowd.sleepers} of {crowd.readers}, {asleep.sent:,} operations meanwhile: "
        f"{found.growth_each / 1024:.0f} KiB each, {found.waking_growth_each / 1024:.0f} at most "
        f"on waking; {sum(asleep.differences)} differences, {max(asleep.differences)} at most to "
        f"one, {asleep.behind} times behind; others' p99 {asleep.p99_ms:.0f} ms and "
        f"{asleep.waking_p99_ms:.0f} on waking, with everybody awake {awake.p99_ms:.0f} and "
        f"{awake.waking_p99_ms:.0f}; {len(found.wrong)} wrong"
    )
    passed = not found.wrong and (quick or found.kept)
    return _result(row, done, passed=passed, wrong=found.wrong, **asdict(found))


def browsed(row: str, quick: bool) -> Result:
    """What befalls browsers; raises CalledProcessError if the widget cannot be built."""
    rounds, asleep_s = (5, 0.0) if quick else (200, browser.ASLEEP_S)
    with tempfile.TemporaryDirectory() as folder:
        found = browser.suffer(Path(folder), rounds, asleep_s)
    done = (
        f"{len(found.seconds)} runs; {found.rounds} races of two tabs, {found.operations:,} "
        f"operations, each in the log once; {found.asleep_s:.0f} s of sleep; "
        f"{len(found.wrong)} wrong"
    )
    return _result(row, done, passed=not found.wrong, **asdict(found))


def _silent(line: str) -> None:
    """Nobody reads along."""


ROWS: dict[str, tuple[str, Row]] = {
    "simulator": ("stories of the simulator", simulator),
    "small-scope": ("every order of a small world", small_scope),
    "kill": ("kill -9 under write load", killed),
    **{name: (what.title, partial(fault, name)) for name, what in faults.FAULTS.items()},
    "soak": ("mixed traffic, 500 clients, a storm each minute", soaked),
    "sleepers": ("stuck readers", slept),
    "slow-readers": ("readers at a tenth of the pace", partial(slept, pace=0.1)),
    "browser": ("browsers: disk, tabs, sleep, token", browsed),
}
"""By the name on the command line: what it is, and how to do it."""
