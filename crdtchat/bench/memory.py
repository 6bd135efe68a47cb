"""Memory: idle connections, open pages, a reader that stops reading."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import uvloop

from crdtchat.bench.client import PATIENCE, BenchClient, Lost
from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.effort import Effort
from crdtchat.bench.fanout import WRITERS, Shape, plan_for, read_tally
from crdtchat.bench.figures import Figures
from crdtchat.bench.generator import generate, open_all
from crdtchat.bench.machine import allow_files, resident_bytes
from crdtchat.bench.records import Writer
from crdtchat.bench.servers import USER, Running, running

_PAGES_AT_ONCE = 10
_READING = 40
"""Readers beside those that get stuck."""


def idle_connections(server: str, effort: Effort, seed: int) -> Figures:
    """KiB of a connection that does nothing, on one page. Raises CannotStart, Lost."""
    first, last = effort.idle
    allow_files(last + 200)
    with (
        tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder,
        running(server, Path(folder)) as process,
    ):
        grown = uvloop.run(_connect(process, first, last))
    return Figures({"idle_kib": grown / (last - first) / 1024})


def open_pages(server: str, effort: Effort, seed: int) -> Figures:
    """KiB of an open page, its one connection included. Raises CannotStart, Lost."""
    with (
        tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder,
        running(server, Path(folder)) as process,
    ):
        grown = uvloop.run(_open_pages(process, effort.pages, effort.page_annotations))
    return Figures({"page_kib": grown / effort.pages / 1024})


def stuck_reader(server: str, effort: Effort, seed: int) -> Figures:
    """KiB that one reader costs who stops reading: growth of the half of the run in which some are
    stuck beyond that of the half before, for each of them."""
    calm = replace(effort, window=2 * effort.stuck_window)
    shape = Shape(_READING, WRITERS, effort.stuck_rate)
    with (
        tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder,
        running(server, Path(folder)) as process,
    ):
        plan = plan_for(process, [f"page {seed}"], calm, seed, shape)
        tally = generate(replace(plan, stuck=effort.stuck))
    found = read_tally(tally)
    before, after = tally.grown
    found.values["stuck_kib"] = (after - before) / effort.stuck / 1024
    return found


async def _connect(process: Running, first: int, last: int) -> int:
    """Bytes by which the server grew between so many connections and so many."""
    door = process.door("idle")
    clients = await open_all([(door, None)])  # alone: see the generator
    clients += await open_all([(door, None)] * (first - 1))
    before = await _settled(process)
    clients += await open_all([(door, None)] * (last - first))
    grown = await _settled(process) - before
    _hang_up(clients)
    return grown


async def _open_pages(process: Running, count: int, annotations: int) -> int:
    clients = [await _fill(process, "first", 0, annotations)]
    before = await _settled(process)
    for begin in range(0, count, _PAGES_AT_ONCE):
        numbers = range(begin, min(begin + _PAGES_AT_ONCE, count))
        clients += await asyncio.gather(
            *[_fill(process, f"page {number}", number + 1, annotations) for number in numbers]
        )
    grown = await _settled(process) - before
    _hang_up(clients)
    return grown


async def _fill(process: Running, page: str, number: int, annotations: int) -> BenchClient:
    """Write a page over one connection, which ends; answer the other, which saw it all."""
    deliveries = Deliveries()
    (reader,) = await open_all([(process.door(page), deliveries)])
    (hand,) = await open_all([(process.hand(page), None)])
    writer = Writer(200_000 + number, USER, seed=number)
    for _ in range(annotations):
        clock = writer.clock
        update = writer.create(time.time_ns() // 1_000_000)
        deliveries.send(writer.client, clock, time.perf_counter())
        hand.send_update(update)
        await asyncio.sleep(0)
    deadline = time.perf_counter() + PATIENCE
    while deliveries.arrivals < annotations:
        if reader.closed or time.perf_counter() > deadline:
            ends = reader.closed or hand.closed
            raise Lost(f"{deliveries.arrivals} of {annotations} annotations arrived. {ends}")
        await asyncio.sleep(0.02)
    hand.hang_up()
    return reader


def _hang_up(clients: Sequence[BenchClient]) -> None:
    """Raises Lost if one had ended before."""
    closed = [client.closed for client in clients if client.closed]
    for client in clients:
        client.hang_up()
    if closed:
        raise Lost(f"{len(closed)} of {len(clients)} connections ended: {closed[0]}")


async def _settled(process: Running) -> int:
    """Resident bytes once nothing more is expected to happen."""
    await asyncio.sleep(1.0)
    return resident_bytes(process.pid)
