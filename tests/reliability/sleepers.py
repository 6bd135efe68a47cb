"""Slow and stuck readers: some of many stop reading while much is written, and wake up again."""

from __future__ import annotations

import asyncio
import resource
import time
from dataclasses import dataclass
from pathlib import Path

from crdtchat.bench.client import BenchClient
from crdtchat.bench.deliveries import Deliveries, percentile
from crdtchat.bench.door import Door
from crdtchat.bench.records import Writer
from tests.reliability.crowd import USER
from tests.reliability.samples import metrics
from tests.server_process import ServerProcess, running_server

GROWTH = 64 * 1024
"""Bytes of memory that a sleeper may cost."""
SLOWER = 1.2
"""The others' p99 may grow by this factor."""
WRITERS = 4
_REPLIES = 4


@dataclass(frozen=True, slots=True)
class Slept:
    """What sleepers cost, and what they got."""

    readers: int
    sleepers: int
    rate: float
    """Operations a second that were wanted."""
    sent: int
    """While they slept."""
    growth_each: float
    """Bytes: of the server while they slept, beside as long a time before, for each of them."""
    p99_ms: tuple[float, float]
    """The others', before and meanwhile."""
    frames: float
    """That a sleeper got when it woke up, in the mean: what lay in sockets, and the difference."""
    behind: int
    """How many of them the server had to send a difference."""
    closed: list[str]

    @property
    def passed(self) -> bool:
        """Memory, and nobody sent away; how late others are says nothing on a busy machine."""
        return self.growth_each < GROWTH and not self.closed


class _Page:
    def __init__(self, server: ServerProcess, token: str) -> None:
        port = int(server.url.rpartition(":")[2])
        self._door = Door("127.0.0.1", port, f"/sync/demo/sleepy?token={token}")
        self.deliveries = Deliveries()
        self.readers: list[BenchClient] = []
        self.writers: list[tuple[BenchClient, Writer]] = []
        self.sent = 0

    async def open(self, readers: int, sleepers: int) -> list[BenchClient]:
        """Answers the sleepers, whose deliveries are not counted."""
        for _ in range(readers - sleepers):
            self.readers.append(await BenchClient.open(self._door, self.deliveries))
        for number in range(WRITERS):
            client = await BenchClient.open(self._door)
            self.writers.append((client, Writer(200_000 + number, USER, seed=number)))
        return [await BenchClient.open(self._door) for _ in range(sleepers)]

    async def write(self, rate: float, seconds: float) -> float:
        """Write for so long; answers the p99 of deliveries, in milliseconds."""
        deliveries = self.deliveries
        deliveries.lateness = type(deliveries.lateness)("d")
        deliveries.first_recorded, deliveries.recording = len(deliveries.sent), True
        begin, done = time.perf_counter(), 0
        while (now := time.perf_counter()) < begin + seconds:
            while done < (now - begin) * rate:
                self._write_one()
                done += 1
            await asyncio.sleep(0.001)
        await asyncio.sleep(1.0)
        deliveries.recording = False
        return percentile(sorted(deliveries.lateness), 0.99) * 1e3

    def _write_one(self) -> None:
        client, writer = self.writers[self.sent % WRITERS]
        turn = self.sent // WRITERS
        self.sent += 1
        wall, clock = time.time_ns() // 1_000_000, writer.clock
        is_new = turn % (_REPLIES + 1) == 0
        update = writer.create(wall) if is_new else writer.reply(writer.annotations[-1], wall)
        self.deliveries.send(writer.client, clock, time.perf_counter())
        client.send_update(update)


def sleep(folder: Path, readers: int, sleepers: int, rate: float, seconds: float) -> Slept:
    """Measure on a server of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * readers + 500)), hard))
    config = folder / "sleepers.toml"
    config.write_text("connections_per_address = 100000\n")
    with running_server(folder / "data", ["--config", str(config)]) as server:
        token = server.token(USER)
        return asyncio.run(_sleep(server, token, readers, sleepers, rate, seconds))


async def _sleep(
    server: ServerProcess, token: str, readers: int, sleepers: int, rate: float, seconds: float
) -> Slept:
    page = _Page(server, token)
    asleep = await page.open(readers, sleepers)
    await page.write(rate, seconds / 4)  # until buffers have their size
    start = server.memory()
    before = await page.write(rate, seconds)
    usual = server.memory() - start
    for client in asleep:
        client.stop_reading()
    sent, start = page.sent, server.memory()
    meanwhile = await page.write(rate, seconds)
    growth = server.memory() - start - usual
    sent = page.sent - sent
    frames = [client.updates for client in asleep]
    for client in asleep:
        client.read_on()
    await asyncio.sleep(5.0)
    woken = [client.updates - had for client, had in zip(asleep, frames, strict=True)]
    told = metrics(server).get("crdtchat_sessions_behind_total", 0)
    everybody = [*page.readers, *asleep, *(client for client, _ in page.writers)]
    closed = sorted({client.closed for client in everybody if client.closed})
    for client in everybody:
        client.hang_up()
    return Slept(
        readers,
        sleepers,
        rate,
        sent,
        growth / sleepers,
        (before, meanwhile),
        sum(woken) / sleepers,
        int(told),
        closed,
    )
