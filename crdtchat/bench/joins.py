"""One large page: who comes back to it, who is new, a server that starts with it, its disk."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvloop

from crdtchat.bench.client import EMPTY_VECTOR, PATIENCE, BenchClient, Lost
from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.effort import Effort
from crdtchat.bench.figures import Figures
from crdtchat.bench.generator import open_all
from crdtchat.bench.machine import cpu_seconds
from crdtchat.bench.records import Writer
from crdtchat.bench.servers import LOG, OURS, USER, Y_WEBSOCKET, Running, compact, running
from crdtchat.sync.statevector import encode_state_vector

PAGE = "large"
_HANDS = 50
_IN_FLIGHT = 500
_COMMENTS = 5
_LOOK = 0.01
_NEARLY = 0.95
"""A page is there when so much of its bytes came: servers encode it differently after a restart."""
_STORED = 1.0
"""Seconds without a write: nothing waits to be stored."""
_QUIET = 0.3
"""Seconds after which a server has nothing left to do of what it was just asked."""


def large_page(server: str, effort: Effort, seed: int) -> Figures:
    """Build the page through the server's door, let clients come back and new ones come, restart,
    load it cold, and weigh what is on the disk. Raises CannotStart, Lost."""
    found = Figures()
    with tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as name:
        folder = Path(name)
        with running(server, folder) as process:
            uvloop.run(_write_and_come(process, folder, effort, seed, found))
        if server == Y_WEBSOCKET:
            return found  # it keeps nothing
        with running(server, folder) as process:
            uvloop.run(_load_cold(process, found))
        if server in OURS:
            compact(folder)
        found.values["disk_kib"] = _weigh(folder) / 1024
    return found


async def _write_and_come(
    process: Running, folder: Path, effort: Effort, seed: int, found: Figures
) -> None:
    # One stays from the beginning: nobody loads the page from the disk.
    deliveries = Deliveries()
    (keeper,) = await open_all([(process.door(PAGE), deliveries)])
    vector = await _build(process, effort.annotations, seed, keeper, deliveries)
    await _wait_until_stored(folder)
    await _come(process, vector, effort, found)
    await _leave([keeper])


async def _build(
    process: Running, annotations: int, seed: int, keeper: BenchClient, deliveries: Deliveries
) -> bytes:
    """Write the page over 50 connections, one operation after the other, each its own message;
    answer the state vector of who has all of it."""
    hands = await open_all([(process.hand(PAGE), None)] * _HANDS)
    writers = [Writer(1_000 + number, USER, seed=seed * 100 + number) for number in range(_HANDS)]
    desk = _Desk(deliveries, keeper, hands, writers)
    for number in range(annotations):
        await desk.send(number, None)
    await desk.wait()
    for number in range(annotations):
        aid = writers[number % _HANDS].annotations[number // _HANDS]
        for reply in range(1, _COMMENTS):
            await desk.send(number + reply * 7, aid)
    await desk.wait()
    await _leave(hands)
    return encode_state_vector({writer.client: writer.clock for writer in writers})


class _Desk:
    """Sends, never too far ahead of what has arrived."""

    def __init__(
        self,
        deliveries: Deliveries,
        reader: BenchClient,
        hands: Sequence[BenchClient],
        writers: Sequence[Writer],
    ) -> None:
        self._deliveries = deliveries
        self._reader = reader
        self._hands = hands
        self._writers = writers

    async def send(self, number: int, aid: str | None) -> None:
        """An annotation, or a reply to one, by writer `number`."""
        writer = self._writers[number % _HANDS]
        now, clock = time.time_ns() // 1_000_000, writer.clock
        update = writer.create(now) if aid is None else writer.reply(aid, now)
        self._deliveries.send(writer.client, clock, time.perf_counter())
        self._hands[number % _HANDS].send_update(update)
        await self._wait_until(len(self._deliveries.sent) - _IN_FLIGHT)

    async def wait(self) -> None:
        """Until all has arrived. Raises Lost."""
        await self._wait_until(len(self._deliveries.sent))

    async def _wait_until(self, arrivals: int) -> None:
        deadline = time.perf_counter() + PATIENCE
        while self._deliveries.arrivals < arrivals:
            if self._reader.closed or time.perf_counter() > deadline:
                ends = [client.closed for client in (self._reader, *self._hands) if client.closed]
                missing = arrivals - self._deliveries.arrivals
                raise Lost(f"{missing} operations of the large page never arrived. {ends[:1]}")
            await asyncio.sleep(_LOOK)


async def _come(process: Running, vector: bytes, effort: Effort, found: Figures) -> None:
    """Clients that have everything come back at once; then clients that have nothing come."""
    cpu, clients = await _at_once(process, effort.returning, vector)
    found.values["rejoin_cpu_ms"] = cpu / effort.returning * 1e3
    found.values["rejoin_bytes"] = statistics.median(len(client.state) for client in clients)
    await _leave(clients)
    cpu, clients = await _at_once(process, effort.newcomers, EMPTY_VECTOR)
    found.values["load_cpu_ms"] = cpu / effort.newcomers * 1e3
    found.values["page_kib"] = min(len(client.state) for client in clients) / 1024
    await _leave(clients)


async def _at_once(
    process: Running, count: int, vector: bytes
) -> tuple[float, Sequence[BenchClient]]:
    """CPU seconds of the server for so many that come together, and them."""
    door = process.hand(PAGE)
    start = cpu_seconds(process.pid)
    clients = await asyncio.gather(*[BenchClient.open(door, None, vector) for _ in range(count)])
    await asyncio.sleep(_QUIET)
    return cpu_seconds(process.pid) - start, clients


async def _leave(clients: Sequence[BenchClient]) -> None:
    for client in clients:
        client.hang_up()
    await asyncio.sleep(_QUIET)


async def _load_cold(process: Running, found: Figures) -> None:
    """The first client after a restart: milliseconds until it has the page."""
    # Some servers answer first and load then.
    whole = found.values["page_kib"] * 1024 * _NEARLY
    cpu, start = cpu_seconds(process.pid), time.perf_counter()
    client = await BenchClient.open(process.hand(PAGE))
    while client.received < whole:
        if client.closed or time.perf_counter() - start > PATIENCE:
            raise Lost(f"the page is not there after a restart. {client.closed}")
        await asyncio.sleep(0.001)
    found.values["cold_ms"] = (time.perf_counter() - start) * 1e3
    await asyncio.sleep(_QUIET)
    found.values["cold_cpu_ms"] = (cpu_seconds(process.pid) - cpu) * 1e3
    client.hang_up()


async def _wait_until_stored(folder: Path) -> None:
    """Until nothing has been written for a while: pycrdt-websocket's store runs far behind, and
    what it has not written when the last client leaves is lost."""
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        newest = _newest(folder)
        if time.time() - newest > _STORED:
            return
        await asyncio.sleep(0.1)


def _newest(folder: Path) -> float:
    """When a file was written last, in seconds since 1970. Journals come and go meanwhile."""
    newest = 0.0
    for file in _files(folder):
        with suppress(FileNotFoundError):
            newest = max(newest, file.stat().st_mtime)
    return newest


def _files(folder: Path) -> list[Path]:
    """All files but the server's log."""
    return [Path(at) / name for at, _, names in os.walk(folder) for name in names if name != LOG]


def _weigh(folder: Path) -> int:
    """Bytes of what is kept."""
    return sum(file.stat().st_size for file in _files(folder))
