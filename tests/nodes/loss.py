"""A whole node is lost, with a thousand clients: `python -m tests.nodes.loss`.

Three nodes behind a balancer; one is killed. Reports when its clients were live on the others, how
many came back in a second at most, and how much CPU that took of those that stayed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

import crdtchat
from crdtchat.bench.machine import cpu_seconds, describe
from crdtchat.client.page import Page
from tests.nodes.two_nodes import running_nodes
from tests.postgres_server import running_postgres
from tests.redis_server import running_redis

_LOOK_S = 0.05
_BIN_S = 0.5
_TOGETHER = 25
_LIVE = "live"


@dataclass(slots=True)
class Found:
    """What happened after the kill. Times in seconds since."""

    lost: set[int] = field(default_factory=set)
    """Clients that were seen without a connection."""
    back: dict[int, float] = field(default_factory=dict)
    """When each of them was live again."""
    cpu: list[tuple[float, ...]] = field(default_factory=list)
    """Cores that each survivor used, in each half second."""


@contextmanager
def balanced(ports: list[int]) -> Iterator[str]:
    """A balancer in front of these ports; its URL."""
    command = [sys.executable, "-m", "tests.nodes.balancer", *map(str, ports)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


async def run(folder: Path, clients: int, pages: int) -> Found:
    """Lose the first of three nodes."""
    found, stop = Found(), anyio.Event()
    opened: dict[int, Page] = {}

    async def visit(url: str, number: int) -> None:
        name = f"user{number}"
        async with crdtchat.connect(
            url, tenant="demo", page=f"p{number % pages}", name=name
        ) as page:
            await page.wait_live()
            opened[number] = page
            await stop.wait()

    with (
        running_postgres() as postgres,
        running_redis() as redis,
        running_nodes(folder, 3, postgres.url(postgres.fresh()), redis.url) as nodes,
        balanced([int(node.url.rpartition(":")[2]) for node in nodes]) as url,
    ):
        async with anyio.create_task_group() as tasks:
            for number in range(clients):
                tasks.start_soon(visit, url, number)
                while number + 1 - len(opened) > _TOGETHER:  # noqa: ASYNC110 - as they come
                    await anyio.sleep(0.01)
            while len(opened) < clients:  # noqa: ASYNC110 - as they come
                await anyio.sleep(0.01)
            await anyio.sleep(2)
            nodes[0].kill()
            await _watch(found, opened, [node.pid for node in nodes[1:]])
            aid = await opened[0].annotate("words", "everybody is back")
            for number in range(0, clients, pages):  # all on the page of the first
                await opened[number].wait_for(lambda one: one.annotation(aid) is not None)
            stop.set()
    return found


async def _watch(found: Found, opened: dict[int, Page], pids: list[int]) -> None:
    """Until all are live again."""
    killed = time.perf_counter()
    used, looked = [cpu_seconds(pid) for pid in pids], killed
    while True:
        await anyio.sleep(_LOOK_S)
        now = time.perf_counter()
        for number, page in opened.items():
            if page.state != _LIVE:
                found.lost.add(number)
                found.back.pop(number, None)
            elif number in found.lost and number not in found.back:
                found.back[number] = now - killed
        if now - looked >= _BIN_S:
            later = [cpu_seconds(pid) for pid in pids]
            found.cpu.append(
                tuple((b - a) / (now - looked) for a, b in zip(used, later, strict=True))
            )
            used, looked = later, now
        if len(found.lost) >= len(opened) // 4 and len(found.back) == len(found.lost):
            return


def told(found: Found) -> str:
    """The figures in words."""
    times = sorted(found.back.values())
    bins: dict[int, int] = {}
    for when in times:
        bins[int(when / _BIN_S)] = bins.get(int(when / _BIN_S), 0) + 1
    return (
        f"{len(times)} clients lost their node: half were live on others after "
        f"{times[len(times) // 2]:.1f} s, 99 % after {times[len(times) * 99 // 100]:.1f} s, all "
        f"after {times[-1]:.1f} s; at most {max(bins.values()) / _BIN_S:.0f} joins/s; survivors "
        f"used at most {max(max(one) for one in found.cpu):.2f} cores each"
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.nodes.loss", description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--pages", type=int, default=50)
    flags = parser.parse_args()
    os.environ["CRDTCHAT_CONNECTIONS_PER_ADDRESS"] = "100000"
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        found = anyio.run(run, Path(folder), flags.clients, flags.pages)
    sys.stdout.write(f"{describe()}\n{told(found)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
