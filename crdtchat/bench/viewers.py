"""Presence: viewers join a page one after the other, say who they are, and leave."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import uvloop

from crdtchat.bench.client import BenchClient, Lost
from crdtchat.bench.effort import Effort
from crdtchat.bench.figures import Figures
from crdtchat.bench.generator import open_all
from crdtchat.bench.machine import allow_files
from crdtchat.bench.servers import OURS, Running, running

_PER_SECOND = 200
"""Viewers that come or go."""
_QUIET = 1.0
"""Seconds without a byte: all was sent."""
_PATIENCE = 120.0


def presence(server: str, effort: Effort, seed: int) -> Figures:
    """Bytes sent to all viewers of a page, from the first who joins to the last who leaves.

    Peers have fewer viewers, and their figure is scaled by the square: each tells each.
    """
    viewers = effort.viewers if server in OURS else effort.peer_viewers
    allow_files(viewers + 200)
    with (
        tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder,
        running(server, Path(folder)) as process,
    ):
        count = uvloop.run(_come_and_go(process, viewers))
    scale = (effort.viewers / viewers) ** 2
    found = Figures({"presence_mib": count * scale / 1024 / 1024, "presence_bytes": count})
    if scale != 1:
        found.notes.append(f"measured with {viewers:,} viewers, times {scale:g}")
    return found


async def _come_and_go(process: Running, count: int) -> int:
    door = process.door("viewed")
    clients: list[BenchClient] = []
    begin = time.perf_counter()
    for number in range(count):
        await _pace(begin, number)
        clients += await open_all([(door, None)])
        if not door.v1:  # crdtchat.v1 needs no such message: the server knows who joined
            state: dict[str, object] = {
                "user": {"name": f"Viewer {number}", "color": "#30bced", "colorLight": "#30bced33"}
            }
            clients[-1].send_presence(1_000 + number, state)
    await _silence(clients)
    begin = time.perf_counter()
    for number, client in enumerate(clients):
        await _pace(begin, number)
        if client.closed:
            raise Lost(f"viewer {number} of {count} was sent away: {client.closed}")
        client.hang_up()
    await _silence(clients)
    return sum(client.received for client in clients)


async def _pace(begin: float, number: int) -> None:
    ahead = begin + number / _PER_SECOND - time.perf_counter()
    await asyncio.sleep(max(0.0, ahead))


async def _silence(clients: list[BenchClient]) -> None:
    """Wait until no more comes in."""
    last, deadline = -1, time.perf_counter() + _PATIENCE
    while time.perf_counter() < deadline:
        count = sum(client.received for client in clients)
        if count == last:
            return
        last = count
        await asyncio.sleep(_QUIET)
