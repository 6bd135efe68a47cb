"""Slow and stuck readers: some of many stop reading while much is written, and wake up again.

The same load is run on two servers, one after another: on the first nobody sleeps. What grows with
the page, and how late others are with a page of that size, is then the same in both. Who sleeps has
a process of its own (`dormitory.py`).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from crdtchat.bench.client import BenchClient
from crdtchat.bench.deliveries import Deliveries, percentile
from crdtchat.bench.door import Door
from crdtchat.bench.machine import allow_files, cpu_seconds
from crdtchat.bench.records import Writer
from crdtchat.document.replica import Replica
from tests.reliability.crowd import USER
from tests.reliability.dormitory import Dormitory, dormitory
from tests.reliability.samples import metrics
from tests.reliability.sleeper import Awake, Kept, Notes, Sleeper
from tests.server_process import ServerProcess, running_server

GROWTH = 64 * 1024
"""Bytes of memory that a sleeper may cost."""
SLOWER = 1.2
"""The others' p99 may grow by this factor."""
WRITERS = 4
PAGE = "sleepy"
_REPLIES = 4
_SAMPLED = 9
"""The lateness of every ninth reader is looked at; the others only read."""
_LOOK = 0.1
"""Seconds between two looks at memory, and at who may read on."""
_PATIENCE = 120.0
_BEHIND = "crdtchat_sessions_behind_total"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who reads, and what is written. Half of the readers speak crdtchat.v1, half are stock."""

    readers: int
    """In all."""
    sleepers: int
    """Of these."""
    rate: float
    """Operations a second."""
    seconds: float
    """That they sleep."""
    pace: float = 0.0
    """What share of the bytes they still read meanwhile; 0: they are stuck."""


@dataclass(slots=True)
class Course:
    """One load on one server."""

    sent: int = 0
    """Operations while some slept."""
    growth: int = 0
    """Bytes, of the server, meanwhile."""
    p99_ms: float = 0.0
    """From sending to the readers who are awake, meanwhile."""
    waking_p99_ms: float = 0.0
    """The same in the time in which the sleepers wake up."""
    waking_growth: int = 0
    """Bytes, of the server, in that time."""
    differences: list[int] = field(default_factory=list)
    """That each sleeper was sent."""
    behind: int = 0
    """How often anybody fell behind: the sleepers once, and whoever could not keep up."""
    server: float = 0.0
    """CPU seconds a second while some slept."""
    generator: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """Connections that ended, and sleepers that do not hold everything in the end."""


@dataclass(frozen=True, slots=True)
class Slept:
    """The load with everybody awake, and with sleepers."""

    crowd: Crowd
    awake: Course
    asleep: Course

    @property
    def growth_each(self) -> float:
        """Bytes that one sleeper cost."""
        return (self.asleep.growth - self.awake.growth) / self.crowd.sleepers

    @property
    def waking_growth_each(self) -> float:
        """The same, of what was the most while they woke up."""
        return (self.asleep.waking_growth - self.awake.waking_growth) / self.crowd.sleepers

    @property
    def kept(self) -> bool:
        """Whether memory, lateness and what sleepers are sent are as promised."""
        awake, asleep = self.awake, self.asleep
        return (
            self.growth_each < GROWTH
            and asleep.p99_ms <= SLOWER * awake.p99_ms
            and (self.crowd.pace > 0 or set(asleep.differences) == {1})
        )

    @property
    def wrong(self) -> list[str]:
        """What nobody should have met with."""
        return self.awake.wrong + self.asleep.wrong


class _Page:
    """One page with all its clients."""

    def __init__(self, server: ServerProcess, crowd: Crowd, sleepers: Dormitory) -> None:
        port = int(server.url.rpartition(":")[2])
        path = f"/sync/demo/{PAGE}?token={server.token(USER)}"
        self._doors = [Door("127.0.0.1", port, path, v1) for v1 in (False, True)]
        self._server = server
        self._crowd = crowd
        self._deliveries = Deliveries()
        self._readers: list[Awake] = []
        self._sleepers = sleepers
        self._writers: list[tuple[BenchClient, Writer]] = []
        self.sent = 0
        self.peak = 0
        """The server's largest resident memory, in bytes, while it was written last."""

    async def open(self) -> None:
        """Connect everybody. Raises Lost."""
        crowd = self._crowd
        self._scribe = await Sleeper.open(self._doors[1], Kept({}))
        self._notes = Notes(self._scribe)
        for number in range(crowd.readers - crowd.sleepers):
            sampled = self._deliveries if number % _SAMPLED == 0 else None
            self._readers.append(await Awake.open(self._doors[number % 2], sampled))
            self._readers[-1].notes = self._notes
        await self._sleepers.enter(self._doors, crowd.sleepers)
        for number in range(WRITERS):
            client = await BenchClient.open(self._doors[0])
            self._writers.append((client, Writer(200_000 + number, USER, seed=number)))

    async def write(self, seconds: float) -> float:
        """Write for so long; answers the p99 of deliveries, in milliseconds."""
        deliveries, rate = self._deliveries, self._crowd.rate
        deliveries.lateness = type(deliveries.lateness)("d")
        deliveries.first_recorded, deliveries.recording = len(deliveries.sent), True
        begin, done, looks = time.perf_counter(), 0, 0
        self.peak = 0
        while (now := time.perf_counter()) < begin + seconds:
            while done < (now - begin) * rate:
                self._write_one()
                done += 1
            if now > begin + looks * _LOOK:
                self.peak = max(self.peak, self._server.memory())
                self._notes.take()
                looks += 1
            await asyncio.sleep(0.001)
        await asyncio.sleep(1.0)
        deliveries.recording = False
        return percentile(sorted(deliveries.lateness), 0.99) * 1e3

    async def doze(self) -> None:
        """Until cancelled the sleepers read at their pace: of what the others read, that share."""
        usual = self._readers[0]
        start = usual.received
        while True:
            self._sleepers.pace(self._crowd.pace * (usual.received - start))
            await asyncio.sleep(_LOOK)

    async def missing(self) -> int:
        """Sleepers that do not get to hold what the server does, though they had time for it."""
        begin = time.perf_counter()
        while True:
            # Anew each time: the server may still have been at work on what was sent to it.
            late = await BenchClient.open(self._doors[0])
            whole = Replica()
            whole.apply(late.state)
            late.hang_up()
            missing = await self._sleepers.missing(whole.state_vector())
            if not missing or time.perf_counter() > begin + _PATIENCE:
                return missing
            await asyncio.sleep(_LOOK)

    async def hang_up(self) -> list[str]:
        """Everybody leaves; answers why connections had ended before."""
        writers = [client for client, _ in self._writers]
        everybody = [*self._readers, self._scribe, *writers]
        closed = [client.closed for client in everybody if client.closed]
        for client in everybody:
            client.hang_up()
        closed += await self._sleepers.leave()
        return [f"{closed.count(why)} connections: {why}" for why in sorted(set(closed))]

    def _write_one(self) -> None:
        client, writer = self._writers[self.sent % WRITERS]
        turn = self.sent // WRITERS
        self.sent += 1
        wall, clock = time.time_ns() // 1_000_000, writer.clock
        is_new = turn % (_REPLIES + 1) == 0
        update = writer.create(wall) if is_new else writer.reply(writer.annotations[-1], wall)
        self._deliveries.send(writer.client, clock, time.perf_counter())
        client.send_update(update)


def sleep(folder: Path, crowd: Crowd) -> Slept:
    """Measure on servers of their own."""
    allow_files(2 * crowd.readers + 500)
    config = folder / "sleepers.toml"
    config.write_text("connections_per_address = 100000\n")
    courses: list[Course] = []
    for sleeping in (False, True):
        with running_server(folder / f"data{sleeping:d}", ["--config", str(config)]) as server:
            courses.append(uvloop.run(_run(server, crowd, sleeping=sleeping)))
    return Slept(crowd, *courses)


async def _run(server: ServerProcess, crowd: Crowd, *, sleeping: bool) -> Course:
    async with dormitory() as sleepers:
        page = _Page(server, crowd, sleepers)
        return await _course(server, page, crowd, sleepers, sleeping=sleeping)


async def _course(
    server: ServerProcess, page: _Page, crowd: Crowd, sleepers: Dormitory, *, sleeping: bool
) -> Course:
    course = Course()
    await page.open()
    await page.write(crowd.seconds / 6)  # until buffers have their size
    told, start = metrics(server.url), server.memory()
    sent, mine, theirs = page.sent, time.process_time(), cpu_seconds(server.pid)
    dozing = asyncio.create_task(page.doze()) if sleeping else None
    begin = time.perf_counter()
    course.p99_ms = await page.write(crowd.seconds)
    passed = time.perf_counter() - begin
    course.growth, course.sent = server.memory() - start, page.sent - sent
    course.generator = (time.process_time() - mine) / passed
    course.server = (cpu_seconds(server.pid) - theirs) / passed
    if dozing is not None:
        dozing.cancel()
    await sleepers.wake()
    start = server.memory()
    course.waking_p99_ms = await page.write(crowd.seconds / 6)
    course.waking_growth = page.peak - start
    if missing := await page.missing():
        course.wrong.append(f"{missing} sleepers do not hold what the server does")
    course.differences = await sleepers.differences()
    course.behind = int(metrics(server.url).get(_BEHIND, 0) - told.get(_BEHIND, 0))
    course.wrong += await page.hang_up()
    return course
