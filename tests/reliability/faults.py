"""Faults of processes and machines, with people at work: `python -m tests.reliability faults`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import crdtchat
from crdtchat.client.errors import ClientError
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.sqlite import SqliteStore
from tests.reliability.machine import Machine

CLIENTS = 12
PAGES = 3


class Fault(NamedTuple):
    """One thing that may happen to a machine."""

    title: str
    make: Callable[[Machine], AbstractContextManager[None]]
    stops_writing: bool
    """Whether nothing can be written meanwhile."""
    seconds: float
    """How long it lasts."""


FAULTS = {
    "killed": Fault("kill -9, clients at work", Machine.killed, True, 1.0),
    "stopped": Fault("SIGSTOP for 30 s", Machine.standing_still, True, 30.0),
    "full": Fault("full disk", Machine.disk_full, True, 5.0),
    "read-only": Fault("disk turned read-only", Machine.disk_read_only, True, 5.0),
    "slow": Fault("each fsync takes half a second", Machine.disk_slow, False, 10.0),
    "clock": Fault("clock set back an hour", Machine.clock_back, False, 10.0),
}


@dataclass(slots=True)
class Found:
    """What came of one fault."""

    fault: str
    acknowledged: int = 0
    during: int = 0
    """Of these, while the fault lasted."""
    recovered_s: float = 0.0
    """From its end until every client had two more operations acknowledged."""
    wrong: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Work:
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    progress: dict[int, int] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    held: list[tuple[str, set[str]]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    is_over: bool = False

    @property
    def count(self) -> int:
        return sum(self.progress.values())

    async def got_on(self, more: int) -> None:
        """Wait until every client has had so many more operations acknowledged, or one cannot go
        on."""
        goals = {number: count + more for number, count in self.progress.items()}
        while any(self.progress[number] < goal for number, goal in goals.items()):
            if self.wrong:
                break
            await asyncio.sleep(0.05)


def suffer(folder: Path, fault: str, *, seconds: float | None = None) -> Found:
    """One fault on a machine of its own; `seconds`: how long, instead of what it says."""
    machine = Machine(folder)
    machine.server.start()
    try:
        found = asyncio.run(_suffer(machine, fault, seconds))
        machine.server.stop()
    finally:
        machine.server.kill()
    log = machine.server.log.read_text()
    found.wrong += [line for line in log.splitlines() if "Traceback" in line]
    return found


async def _suffer(machine: Machine, fault: str, seconds: float | None) -> Found:
    what = FAULTS[fault]
    work, found = _Work(progress=dict.fromkeys(range(CLIENTS), 0)), Found(fault)
    url = machine.server.url
    clients = [asyncio.create_task(_client(url, number, work)) for number in range(CLIENTS)]
    await work.got_on(2)
    with what.make(machine):
        if what.stops_writing:
            await asyncio.sleep(0.5)  # what was under way ends
        before = work.count
        await asyncio.sleep(what.seconds if seconds is None else seconds)
        if not what.stops_writing:
            await work.got_on(1)
        found.during = work.count - before
    healed = time.monotonic()
    await work.got_on(2)
    found.recovered_s = time.monotonic() - healed
    work.is_over = True
    await asyncio.gather(*clients)
    found.acknowledged = work.count
    found.wrong += work.wrong + await _check(machine.server.data, work)
    return found


async def _client(url: str, number: int, work: _Work) -> None:
    name = f"page {number % PAGES}"
    mine = work.acknowledged.setdefault(name, set())
    try:
        async with crdtchat.connect(url, page=name, name=f"user {number}") as page:
            page.flush_s = 120.0
            while not work.is_over:
                aid = await page.annotate(f"words of {number}", f"number {work.progress[number]}")
                await page.wait_saved()
                mine.add(aid)
                work.progress[number] += 1
                await asyncio.sleep(0.1)
            work.stopped.add(number)
            while len(work.stopped) < CLIENTS:  # noqa: ASYNC110 - till nobody writes any more
                await asyncio.sleep(0.05)
            await page.wait_for(lambda page: {one.aid for one in page.annotations} >= mine)
            work.held.append((name, {one.aid for one in page.annotations}))
    except ClientError as error:
        work.stopped.add(number)
        work.wrong.append(f"client {number}: {error}")


async def _check(data: Path, work: _Work) -> list[str]:
    store = SqliteStore(data / "crdtchat.sqlite3")
    await store.open()
    wrong: list[str] = []
    try:
        for page, acknowledged in work.acknowledged.items():
            held = set(replica_of(await store.load(DocumentKey("demo", page))).values("a"))
            wrong += [f"acknowledged and lost: {aid}" for aid in sorted(acknowledged - held)]
            for name, seen in work.held:
                if name == page and seen != held:
                    wrong.append(f"a client holds {len(seen)} annotations, the log {len(held)}")
    finally:
        await store.close()
    return wrong
