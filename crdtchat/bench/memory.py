"""Memory: rooms that come and go, idle connections, open pages."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from crdtchat.bench.client import PATIENCE, BenchClient, Lost
from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.machine import resident_bytes
from crdtchat.bench.records import Writer
from crdtchat.bench.rooms import Returned
from crdtchat.bench.servers import USER, Running, running

_FIRST = 50
"""Connections before the first look: buffers and caches that are made once."""
_AT_ONCE = 50
_PAGES_AT_ONCE = 10


class RoomsFailed(Exception):
    """The process that opens rooms ended without a result."""


@dataclass(frozen=True, slots=True)
class PerThing:
    """Resident bytes of a server for each of many things."""

    server: str
    thing: str
    count: int
    bytes_each: float


def measure_rooms(rooms: int) -> Returned:
    """Rooms opened and left, in a process of their own. Raises RoomsFailed."""
    done = subprocess.run(
        [sys.executable, "-m", "crdtchat.bench.rooms", str(rooms)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RoomsFailed(done.stderr.strip()[-500:])
    return Returned(**json.loads(done.stdout))


def measure_connections(server: str, count: int) -> PerThing:
    """Memory of a connection that does nothing, on one page. Raises CannotStart, Lost."""
    _allow_files(count + 200)
    return _measure(server, lambda process: _connections(process, count))


def measure_pages(server: str, count: int, annotations: int) -> PerThing:
    """Memory of an open page of so many annotations, its one connection included.

    Raises CannotStart, Lost.
    """
    return _measure(server, lambda process: _pages(process, count, annotations))


def _measure(server: str, work: Callable[[Running], Awaitable[PerThing]]) -> PerThing:
    async def run(process: Running) -> PerThing:
        return await work(process)

    with (
        tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder,
        running(server, Path(folder)) as process,
    ):
        return asyncio.run(run(process))


async def _connections(process: Running, count: int) -> PerThing:
    clients = [await _open(process, "idle", None)]  # alone: see the generator
    clients += [await _open(process, "idle", None) for _ in range(_FIRST)]
    before = await _settled(process)
    for begin in range(0, count, _AT_ONCE):
        portion = min(_AT_ONCE, count - begin)
        clients += await asyncio.gather(*[_open(process, "idle", None) for _ in range(portion)])
    grown = await _settled(process) - before
    closed = [client.closed for client in clients if client.closed]
    for client in clients:
        client.hang_up()
    if closed:
        raise Lost(f"{len(closed)} of {count} connections ended: {closed[0]}")
    return PerThing(process.name, "idle connection", count, grown / count)


async def _pages(process: Running, count: int, annotations: int) -> PerThing:
    clients = [await _fill(process, "first", 0, annotations)]
    before = await _settled(process)
    for begin in range(0, count, _PAGES_AT_ONCE):
        numbers = range(begin, min(begin + _PAGES_AT_ONCE, count))
        clients += await asyncio.gather(
            *[_fill(process, f"page {number}", number + 1, annotations) for number in numbers]
        )
    grown = await _settled(process) - before
    for client in clients:
        client.hang_up()
    thing = f"open page of {annotations} annotations"
    return PerThing(process.name, thing, count, grown / count)


async def _fill(process: Running, page: str, number: int, annotations: int) -> BenchClient:
    """Write a page over one connection, which ends; answer the other, which saw it all."""
    deliveries = Deliveries()
    reader = await _open(process, page, deliveries)
    hand = await _open(process, page, None, stock=True)
    writer = Writer(200_000 + number, USER, seed=number)
    for _ in range(annotations):
        clock = writer.clock
        update = writer.create(time.time_ns() // 1_000_000)
        deliveries.send(writer.client, clock, time.perf_counter())
        hand.send_update(update)
        await asyncio.sleep(0)
    for _ in range(int(PATIENCE / 0.02)):
        if deliveries.arrivals >= annotations:
            break
        await asyncio.sleep(0.02)
    if deliveries.arrivals < annotations:
        ends = reader.closed or hand.closed
        raise Lost(f"{deliveries.arrivals} of {annotations} annotations arrived. {ends}")
    hand.hang_up()
    return reader


async def _open(
    process: Running, page: str, deliveries: Deliveries | None, *, stock: bool = False
) -> BenchClient:
    path = process.path(page)
    v1 = process.v1 and not stock
    return await BenchClient.open("127.0.0.1", process.port, path, deliveries, v1=v1)


async def _settled(process: Running) -> int:
    """Resident bytes once nothing more is expected to happen."""
    await asyncio.sleep(1.0)
    return resident_bytes(process.pid)


def _allow_files(count: int) -> None:
    """Raise this process's limit of open files, which the servers it starts inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
