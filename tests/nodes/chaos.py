"""Many nodes, and everything between them failing: `python -m tests.nodes.chaos --minutes 10`.

Clients work through a balancer on pages that all nodes serve. Nodes are killed and frozen, the ways
to PostgreSQL and Redis are cut and frozen, for all nodes or for one, both are killed. After each
fault everybody must get on: no time is demanded, it is reported. At the end everything that was
acknowledged must be in the log, once and by its author, and every client must hold what a fresh
fold of the log holds.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

import anyio
import anyio.to_thread

import crdtchat
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.postgres import PostgresStore
from tests.postgres_server import PostgresServer, running_postgres
from tests.redis_server import RedisServer, running_redis
from tests.relay import Relay
from tests.server_process import ServerProcess

_NODES = 3


@dataclass(slots=True)
class Witness:
    """What clients were told, and how long they waited."""

    acknowledged: dict[str, dict[str, str]] = field(default_factory=dict)
    """By page: the annotations, and who made each."""
    progress: dict[int, int] = field(default_factory=dict)
    """By client: how many of its operations were acknowledged."""
    writing: int = 0
    """Clients that may yet have something acknowledged."""
    undisturbed: float = 0.0
    """Seconds that everybody needs to get on while nothing fails."""
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    """Each fault, and the seconds from its end until everybody had got on."""

    @property
    def count(self) -> int:
        """Operations acknowledged."""
        return sum(self.progress.values())


def _nothing() -> None:
    """A fault that is over when it has happened."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, and how it ends."""

    begin: Callable[[], object]
    heal: Callable[[], object] = _nothing


class Deployment:
    """Three servers, PostgreSQL and Redis, and relays on all ways between them."""

    def __init__(self, folder: Path, stack: ExitStack, postgres: PostgresServer) -> None:
        self._postgres = postgres
        self.redis: RedisServer = stack.enter_context(running_redis())
        self.store = postgres.url(schema := postgres.fresh())
        self.ways: dict[str, list[Relay]] = {"PostgreSQL": [], "Redis": []}
        self.nodes = []
        for number in range(_NODES):
            database = stack.enter_context(Relay(postgres.socket))
            broker = stack.enter_context(Relay(("127.0.0.1", self.redis.port)))
            self.ways["PostgreSQL"].append(database)
            self.ways["Redis"].append(broker)
            arguments = ["--store", postgres.url(schema, database.port)]
            arguments += ["--broker", f"redis://127.0.0.1:{broker.port}"]
            node = ServerProcess(folder / f"node{number}", arguments).start()
            stack.callback(node.kill)
            self.nodes.append(node)
        self.balancer = stack.enter_context(
            Relay(*(("127.0.0.1", int(node.url.rpartition(":")[2])) for node in self.nodes))
        )

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self.balancer.port}"

    def faults(self, *, wide: bool) -> dict[str, Fault]:
        """Each fault; `wide`: also those that want a PostgreSQL of one's own, or more time."""
        found = {
            "Redis is killed": Fault(self.redis.stop, self.redis.start),
            "all connections of clients are cut": Fault(self.balancer.cut),
        }
        for name, ways in self.ways.items():
            found[f"connections to {name} are cut"] = Fault(partial(_each, ways, Relay.cut))
            found[f"{name} says nothing"] = Fault(
                partial(_each, ways, Relay.freeze), partial(_each, ways, Relay.thaw)
            )
        for number, node in enumerate(self.nodes):
            found[f"node {number} is killed"] = Fault(node.kill, node.restart)
            found[f"node {number} stops in order"] = Fault(node.stop, node.restart)
            found[f"node {number} stands still"] = Fault(
                partial(_signal, node, signal.SIGSTOP), partial(_signal, node, signal.SIGCONT)
            )
        if wide:
            found["PostgreSQL crashes"] = Fault(self._postgres.stop, self._postgres.start)
            for name, ways in self.ways.items():
                for number, way in enumerate(ways):
                    found[f"node {number} hears nothing of {name}"] = Fault(way.freeze, way.thaw)
        return found


def _each(relays: list[Relay], act: Callable[[Relay], object]) -> None:
    for relay in relays:
        act(relay)


def _signal(node: ServerProcess, number: signal.Signals) -> None:
    os.kill(node.pid, number)


async def _work(
    deployment: Deployment,
    number: int,
    page_name: str,
    pause: float,
    witness: Witness,
    stop: anyio.Event,
) -> dict[str, object]:
    """One client: write, wait until it is saved, again; then answer what it holds."""
    user = f"user{number}"
    acknowledged = witness.acknowledged.setdefault(page_name, {})
    witness.progress[number] = 0
    witness.writing += 1
    async with crdtchat.connect(deployment.url, tenant="demo", page=page_name, name=user) as page:
        while not stop.is_set():
            aid = await page.annotate(f"words of {user}", f"number {witness.progress[number]}")
            await page.wait_saved()
            acknowledged[aid] = user
            witness.progress[number] += 1
            await anyio.sleep(pause)
        witness.writing -= 1
        while witness.writing:  # noqa: ASYNC110 - only time passes between two looks
            await anyio.sleep(0.1)
        while len(page.annotations) < len(acknowledged):  # noqa: ASYNC110 - as above
            await anyio.sleep(0.1)
        return {one.aid: one.author_name for one in page.annotations}


async def _everybody_got_on(witness: Witness) -> None:
    """Wait until every client has had two more operations acknowledged."""
    goals = {number: count + 2 for number, count in witness.progress.items()}

    def is_behind() -> bool:
        return any(witness.progress[number] < goal for number, goal in goals.items())

    while is_behind():  # noqa: ASYNC110 - only time passes between two looks
        await anyio.sleep(0.05)


async def run_chaos(
    folder: Path,
    postgres: PostgresServer,
    *,
    clients: int,
    pages: int,
    faults: int = 0,
    minutes: float = 0,
    pause: float = 0.05,
    wide: bool = False,
    seed: int = 1,
    note: Callable[[str], object] = lambda line: None,
) -> Witness:
    """So many faults, or for so long. Raises AssertionError if a promise is broken.

    `pause`: seconds between a client's operations.
    """
    chance = Random(seed)
    witness = Witness()
    end = time.monotonic() + minutes * 60
    with ExitStack() as stack:
        deployment = await anyio.to_thread.run_sync(Deployment, folder, stack, postgres)
        stop, held = anyio.Event(), []

        async def work(number: int) -> None:
            name = f"page {number % pages}"
            held.append((name, await _work(deployment, number, name, pause, witness, stop)))

        async with anyio.create_task_group() as tasks:
            for number in range(clients):
                tasks.start_soon(work, number)
            while len(witness.progress) < clients:  # noqa: ASYNC110
                await anyio.sleep(0.05)
            await _everybody_got_on(witness)
            started = time.monotonic()
            await _everybody_got_on(witness)
            witness.undisturbed = time.monotonic() - started
            possible = deployment.faults(wide=wide)
            order: list[str] = []
            while len(witness.recoveries) < faults or time.monotonic() < end:
                order = order or chance.sample(list(possible), len(possible))
                name = order.pop()
                await anyio.to_thread.run_sync(possible[name].begin)
                await anyio.sleep(chance.uniform(0.2, 4.0))
                await anyio.to_thread.run_sync(possible[name].heal)
                healed = time.monotonic()
                await _everybody_got_on(witness)
                witness.recoveries.append((name, time.monotonic() - healed))
                note(f"{name}: all got on after {witness.recoveries[-1][1]:.1f} s")
            stop.set()
        await _check(deployment, witness, held)
    return witness


async def _check(
    deployment: Deployment, witness: Witness, held: list[tuple[str, dict[str, object]]]
) -> None:
    store = PostgresStore(deployment.store)
    await store.open()
    try:
        for page, acknowledged in witness.acknowledged.items():
            loaded = await store.load(DocumentKey("demo", page))
            replica = replica_of(loaded)
            values, names = replica.values("a"), replica.values("u")
            lost = acknowledged.keys() - values.keys()
            assert not lost, f"acknowledged and lost: {sorted(lost)[:3]}"
            strange = values.keys() - acknowledged.keys()
            assert not strange, f"nobody made these: {sorted(strange)[:3]}"
            told = [entry.broadcast_id for entry in loaded.entries if entry.principal]
            assert len(told) == len(set(told)), "an operation is in the log twice"
            for aid, user in acknowledged.items():
                value = values[aid]
                assert isinstance(value, tuple)
                assert names[str(value[0])] == (user,), f"{aid} is not by {user}"
            shown = [view for name, view in held if name == page]
            for view in shown:
                assert view.keys() == values.keys(), "a client holds something else than the log"
    finally:
        await store.close()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.nodes.chaos")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two operations")
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()

    def note(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder, running_postgres() as postgres:
        run = partial(run_chaos, Path(folder), postgres, **vars(flags), wide=True, note=note)
        witness = anyio.run(run)
    note(table(witness))
    return 0


def table(witness: Witness) -> str:
    """What came out, in Markdown: faults of one kind together, the longest first."""
    kinds: dict[str, list[float]] = {}
    for name, seconds in witness.recoveries:
        kinds.setdefault(re.sub(r"node \d", "a node", name), []).append(seconds)
    lines = ["| fault | times | median | longest |", "|---|---:|---:|---:|"]
    for name, times in sorted(kinds.items(), key=lambda kind: -max(kind[1])):
        lines.append(f"| {name} | {len(times)} | {median(times):.1f} s | {max(times):.1f} s |")
    return "\n".join(
        [
            *lines,
            f"{len(witness.recoveries)} faults, {witness.count} operations acknowledged, 0 lost, "
            f"0 forged, 0 twice; undisturbed everybody gets on in {witness.undisturbed:.1f} s",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main())
