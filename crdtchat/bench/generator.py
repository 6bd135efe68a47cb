"""The load generator: a process of its own that writes and reads over plain WebSockets.

Writers are stock y-websocket clients for every server; readers too, or crdtchat.v1. Started by
`crdtchat.bench.fanout`; takes a `Plan` as JSON on standard input, prints a `Tally` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field

from crdtchat.bench.client import BenchClient, Lost
from crdtchat.bench.deliveries import Deliveries, percentile
from crdtchat.bench.machine import busy_seconds, cpu_seconds, resident_bytes
from crdtchat.bench.records import Writer

_CONNECT_AT_ONCE = 50
_STEP = 0.001
"""Seconds between two looks at what is due."""
_LOOK = 0.02
"""Seconds between two looks at what is still missing."""
_REPLIES = 4
"""Replies after each new annotation."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One measurement. Times in seconds, rates in operations per second."""

    host: str
    port: int
    path: str
    """Path and query of the page, percent-encoded."""
    pid: int
    """The server's process."""
    user: str
    readers: int
    writers: int
    rate: float
    warm: float
    window: float
    drain: float
    v1: bool = False
    """Readers speak crdtchat.v1."""
    seed: int = 1


@dataclass(slots=True)
class Tally:
    """What one measurement found."""

    sent: int = 0
    """Operations sent in the window."""
    offered: int = 0
    """Deliveries these operations should make."""
    delivered: int = 0
    """Deliveries to readers in the window."""
    lost: int = 0
    """Of the window's operations: deliveries still missing when the drain ended."""
    frames: int = 0
    """Update frames that readers got in the window."""
    server_cpu: float = 0.0
    """CPU seconds of the server in the window."""
    generator_cpu: float = 0.0
    others_cpu: float = 0.0
    """CPU seconds of everything else on the machine."""
    window: float = 0.0
    """Its true length."""
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    late_ms: float = 0.0
    """The generator's own worst delay in sending."""
    closed: list[str] = field(default_factory=list)
    """Connections that ended, and why."""
    resident: int = 0
    """Resident bytes of the server at the end."""


@dataclass(frozen=True, slots=True)
class _Counts:
    """Totals at one moment; CPU in seconds."""

    arrivals: int
    frames: int
    server: float
    generator: float
    machine: float

    def minus(self, earlier: _Counts) -> _Counts:
        return _Counts(
            self.arrivals - earlier.arrivals,
            self.frames - earlier.frames,
            self.server - earlier.server,
            self.generator - earlier.generator,
            self.machine - earlier.machine,
        )


class Generator:
    """One run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.deliveries = Deliveries()
        self.readers: list[BenchClient] = []
        self.writers: list[tuple[BenchClient, Writer]] = []
        self._operations = 0
        self._late = 0.0
        self._base = plan.seed * 1_000 + 100_000

    async def run(self) -> Tally:
        """Connect, warm up, measure, drain. Raises Lost if the server refuses a connection."""
        await self._connect()
        plan, deliveries = self.plan, self.deliveries
        start = time.perf_counter()
        await self._write_until(start, start + plan.warm)
        tally = Tally()
        deliveries.first_recorded = len(deliveries.sent)
        deliveries.recording = True
        self._late = 0.0
        before = self._counts()
        begin = time.perf_counter()
        await self._write_until(begin, begin + plan.window)
        after = self._counts()
        tally.window = time.perf_counter() - begin
        spent = after.minus(before)
        tally.delivered, tally.frames = spent.arrivals, spent.frames
        tally.server_cpu, tally.generator_cpu = spent.server, spent.generator
        tally.others_cpu = max(0.0, spent.machine - spent.server - spent.generator)
        tally.late_ms = self._late * 1e3
        deliveries.recorded_until = len(deliveries.sent)
        tally.sent = len(deliveries.sent) - deliveries.first_recorded
        tally.offered = tally.sent * plan.readers
        for _ in range(int(plan.drain / _LOOK)):
            if len(deliveries.lateness) >= tally.offered:
                break
            await asyncio.sleep(_LOOK)
        tally.lost = tally.offered - len(deliveries.lateness)
        lateness = sorted(deliveries.lateness)
        tally.p50_ms = percentile(lateness, 0.50) * 1e3
        tally.p99_ms = percentile(lateness, 0.99) * 1e3
        clients = [*self.readers, *(client for client, _ in self.writers)]
        tally.closed = sorted({client.closed for client in clients if client.closed})
        tally.resident = resident_bytes(plan.pid)
        for client in clients:
            client.hang_up()
        return tally

    def _counts(self) -> _Counts:
        return _Counts(
            arrivals=self.deliveries.arrivals,
            frames=sum(client.updates for client in self.readers),
            server=cpu_seconds(self.plan.pid),
            generator=time.process_time(),
            machine=busy_seconds(),
        )

    async def _connect(self) -> None:
        plan = self.plan
        # One first: pycrdt-websocket 0.16 leaves all but one hanging that open a page together.
        for count in (1, *_shares(plan.readers - 1)):
            opened = [self._open(self.deliveries, v1=plan.v1) for _ in range(count)]
            self.readers += await asyncio.gather(*opened)
        for number in range(plan.writers):
            client = await self._open(None, v1=False)
            writer = Writer(self._base + number, plan.user, seed=plan.seed * 100 + number)
            self.writers.append((client, writer))

    async def _open(self, deliveries: Deliveries | None, *, v1: bool) -> BenchClient:
        plan = self.plan
        return await BenchClient.open(plan.host, plan.port, plan.path, deliveries, v1=v1)

    async def _write_until(self, begin: float, end: float) -> None:
        """Send at the plan's rate; what is late is sent at once, and remembered as late."""
        rate = self.plan.rate
        due_count = 0
        if not rate:
            await asyncio.sleep(end - begin)
            return
        while True:
            now = time.perf_counter()
            if now >= end:
                return
            due = int((now - begin) * rate) + 1
            if due > due_count:
                self._late = max(self._late, now - begin - due_count / rate)
            while due_count < due:
                self._send_one()
                due_count += 1
            await asyncio.sleep(max(_STEP, min(begin + due_count / rate, end) - now))

    def _send_one(self) -> None:
        client, writer = self.writers[self._operations % len(self.writers)]
        turn = self._operations // len(self.writers)
        self._operations += 1
        wall = time.time_ns() // 1_000_000
        clock = writer.clock
        if turn % (_REPLIES + 1) == 0:
            update = writer.create(wall)
        else:
            update = writer.reply(writer.annotations[-1], wall)
        self.deliveries.send(writer.client, clock, time.perf_counter())
        client.send_update(update)


def _shares(count: int) -> list[int]:
    """`count` connections in portions."""
    whole, rest = divmod(count, _CONNECT_AT_ONCE)
    return [_CONNECT_AT_ONCE] * whole + ([rest] if rest else [])


async def run_plan(plan: Plan) -> Tally:
    """Run a plan in this event loop."""
    return await Generator(plan).run()


def main() -> int:
    """Read the plan, print the tally."""
    plan = Plan(**json.load(sys.stdin))
    try:
        tally = _run(plan)
    except (Lost, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(asdict(tally), sys.stdout)
    return 0


def _run(plan: Plan) -> Tally:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(run_plan(plan))
    return uvloop.run(run_plan(plan))


if __name__ == "__main__":
    sys.exit(main())
