"""What nodes, PostgreSQL and Redis cost, and what more bring: `python -m tests.nodes.capacity`.

Clients write in a circle (send, wait until it is on disk, again), as many as keep the machine busy.
The neighbours on a page are on different nodes, or all on one (`--by-page`), as a balancer sends
them that goes by the path. CPU is counted for each part. A model is fitted on one and two nodes:
further nodes add to an operation, as each takes it in, too, and is one more to meet in the log, but
each less than the one before; throughput is the CPU that the deployment gets divided by the sum. It
predicts what more nodes do on this machine, and is held against them.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import anyio
import httpx

from crdtchat.bench.machine import busy_seconds, cpu_seconds, describe
from tests.nodes.light_client import LightClient, light_client
from tests.nodes.two_nodes import running_nodes
from tests.postgres_server import PostgresServer, running_postgres
from tests.redis_server import RedisServer, running_redis
from tests.server_process import ServerProcess

PARTS = ("nodes", "PostgreSQL", "Redis", "clients")
_WARM_S = 2.0
_GROWTH = 0.75
"""Power of the further nodes with which the cost grows; chosen once, on four series of 1, 2 and 4
nodes that it meets within 13 % (docs/nodes.md), and not fitted to the run at hand."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    nodes: int
    operations: int
    seconds: float
    cpu: tuple[float, ...]
    """CPU seconds of each of `PARTS`."""
    others: float
    """CPU seconds of everything else on the machine."""
    latency: float
    """Seconds until an operation is on disk, median."""
    conflicts: float
    """Appends that met another node's, of all."""

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.seconds

    @property
    def per_operation(self) -> tuple[float, ...]:
        """Microseconds of CPU of each part."""
        return tuple(part / self.operations * 1e6 for part in self.cpu)

    @property
    def got(self) -> float:
        """Cores that the deployment and its clients had."""
        return sum(self.cpu) / self.seconds


@dataclass(frozen=True, slots=True)
class Model:
    """Microseconds of CPU of an operation."""

    alone: float
    """On one node."""
    second: float
    """More, with a second."""

    @classmethod
    def fit(cls, one: Measured, two: Measured) -> Model:
        """Through two points."""
        alone = sum(one.per_operation)
        return cls(alone, sum(two.per_operation) - alone)

    def per_operation(self, nodes: int) -> float:
        """Of so many nodes."""
        return self.alone + self.second * math.pow(nodes - 1, _GROWTH)

    def rate(self, nodes: int, cores: float) -> float:
        """Operations per second of so many nodes that share so many cores with all the rest."""
        return cores / self.per_operation(nodes) * 1e6


async def measure(
    folder: Path,
    postgres: PostgresServer,
    redis: RedisServer,
    *,
    nodes: int,
    clients: int,
    pages: int,
    seconds: float,
    by_page: bool,
) -> Measured:
    """Run so many nodes under load."""
    store = postgres.url(postgres.fresh())
    latencies: list[float] = []
    with running_nodes(folder, nodes, store, redis.url) as servers:

        def used() -> tuple[float, ...]:
            return (
                sum(cpu_seconds(server.pid) for server in servers),
                cpu_seconds(postgres.pid),
                cpu_seconds(redis.pid),
                time.process_time(),
            )

        async def work(client: LightClient) -> None:
            while True:
                latencies.append(await client.write())

        async with AsyncExitStack() as stack, anyio.create_task_group() as tasks:
            for number in range(clients):
                turn, page = divmod(number, pages)
                url = servers[(page if by_page else turn) % nodes].url
                client = await stack.enter_async_context(light_client(url, f"page {page}", number))
                tasks.start_soon(work, client)
            await anyio.sleep(_WARM_S)
            latencies.clear()
            appends = await counted(servers)
            before, machine, started = used(), busy_seconds(), time.perf_counter()
            await anyio.sleep(seconds)
            cpu = tuple(b - a for a, b in zip(before, used(), strict=True))
            others = busy_seconds() - machine - sum(cpu)
            length = time.perf_counter() - started
            tried, met = (b - a for a, b in zip(appends, await counted(servers), strict=True))
            found = Measured(
                *(nodes, len(latencies), length, cpu, others, median(latencies), met / tried)
            )
            tasks.cancel_scope.cancel()
    return found


async def counted(servers: Sequence[ServerProcess]) -> tuple[float, float]:
    """Appends of all servers so far, and those that met another node's."""
    tried = met = 0.0
    for server in servers:
        async with httpx.AsyncClient(verify=False, base_url=server.url, timeout=None) as http:
            lines = (await http.get("/metrics")).text.splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        conflicts = float(values.get("crdtchat_appends_conflicting_total", 0))
        tried += float(values.get("crdtchat_appends_total", 0)) + conflicts
        met += conflicts
    return tried, met


def table(found: Sequence[Measured]) -> str:
    """The figures in Markdown, and what the model says of them."""
    head = ["nodes", "op/s", "on disk after", *(f"{part}, µs/op" for part in PARTS)]
    head += ["cores used", "cores of others", "conflicts", "model, op/s", "off by"]
    lines = [f"| {' | '.join(head)} |", f"|{'---:|' * len(head)}"]
    model = Model.fit(found[0], found[1])
    for one in found:
        cells = [str(one.nodes), f"{one.rate:,.0f}", f"{one.latency * 1e3:.0f} ms"]
        cells += [f"{cost:,.0f}" for cost in one.per_operation]
        cells += [f"{one.got:.2f}", f"{one.others / one.seconds:.2f}"]
        cells += [f"{one.conflicts:.0%}"]
        if one.nodes in (found[0].nodes, found[1].nodes):
            cells += ["fitted", ""]
        else:
            predicted = model.rate(one.nodes, one.got)
            cells += [f"{predicted:,.0f}", f"{abs(predicted / one.rate - 1):.0%}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def run(flags: argparse.Namespace) -> list[Measured]:
    """One measurement for each number of nodes."""
    found: list[Measured] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_postgres() as postgres,
        running_redis() as redis,
    ):
        for nodes in flags.nodes:
            found.append(
                await measure(
                    _made(Path(folder) / f"of{nodes}"),
                    postgres,
                    redis,
                    nodes=nodes,
                    clients=flags.clients,
                    pages=flags.pages,
                    seconds=flags.seconds,
                    by_page=flags.by_page,
                )
            )
            sys.stderr.write(f"{found[-1]}\n")
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.nodes.capacity", description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 4], help="1 and 2 first")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--pages", type=int, default=16)
    parser.add_argument("--by-page", action="store_true", help="a page on one node only")
    parser.add_argument("--seconds", type=float, default=20)
    flags = parser.parse_args()
    os.environ["CRDTCHAT_CONNECTIONS_PER_ADDRESS"] = "100000"
    found = anyio.run(partial(run, flags))
    sys.stdout.write(f"{describe()}\n\n{table(found)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
