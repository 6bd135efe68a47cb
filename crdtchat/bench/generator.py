"""The load generator: a process of its own that writes and reads over plain WebSockets.

Writers are stock y-websocket clients for every server; readers too, or crdtchat.v1. Started by
`generate`; takes a `Plan` as JSON on standard input, prints a `Tally` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import uvloop

from crdtchat.bench.client import EMPTY_VECTOR, BenchClient, Lost
from crdtchat.bench.deliveries import Deliveries, percentile
from crdtchat.bench.door import Door
from crdtchat.bench.machine import busy_seconds, cpu_seconds, resident_bytes
from crdtchat.bench.records import Writer

_CONNECT_AT_ONCE = 50
_STEP = 0.001
"""Seconds between two looks at what is due."""
_LOOK = 0.02
"""Seconds between two looks at what is still missing."""
_REPLIES = 4
"""Replies after each new annotation."""
_BURST = 64
"""Operations sent at once while many are kept in flight."""


class GeneratorFailed(Exception):
    """The load generator ended without a result."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One measurement. Times in seconds, rates in operations per second."""

    doors: Sequence[Door]
    """The pages. Readers and writers are of each."""
    hands: Sequence[Door]
    """The same pages, for those who write."""
    pid: int
    """The server's process."""
    user: str
    readers: int
    writers: int
    rate: float
    """Of all pages together; 0 for none."""
    warm: float
    window: float
    drain: float
    in_flight: int = 0
    """Instead of a rate: so many operations are always on their way to readers."""
    stuck: int = 0
    """Readers, beside the others, who stop reading in the middle of the window."""
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
    grown: tuple[int, int] = (0, 0)
    """By how many bytes the server's resident memory grew in each half of the window."""


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
        self._base = plan.seed * 10_000 + 100_000
        self._stuck: list[BenchClient] = []

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
        if plan.stuck:
            tally.grown = await self._write_in_halves(begin)
        else:
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
        for client in [*clients, *self._stuck]:
            client.hang_up()
        return tally

    async def _write_in_halves(self, begin: float) -> tuple[int, int]:
        """Between the halves of the window those stop reading who are to be stuck."""
        window, pid = self.plan.window, self.plan.pid
        start = resident_bytes(pid)
        await self._write_until(begin, begin + window / 2)
        middle = resident_bytes(pid)
        for client in self._stuck:
            client.stop_reading()
        await self._write_until(begin + window / 2, begin + window)
        return middle - start, resident_bytes(pid) - middle

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
        firsts = [(door, self.deliveries) for door in plan.doors]
        rest = [(door, self.deliveries) for door in plan.doors for _ in range(plan.readers - 1)]
        self.readers += await open_all(firsts)
        self.readers += await open_all(rest)
        self._stuck += await open_all([(plan.doors[0], None)] * plan.stuck)
        hands = await open_all([(door, None) for door in plan.hands for _ in range(plan.writers)])
        for number, client in enumerate(hands):
            writer = Writer(self._base + number, plan.user, seed=plan.seed * 100 + number)
            self.writers.append((client, writer))

    async def _write_until(self, begin: float, end: float) -> None:
        """Send at the plan's rate; what is late is sent at once, and remembered as late."""
        rate = self.plan.rate
        due_count = 0
        if self.plan.in_flight:
            await self._keep_in_flight(end)
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

    async def _keep_in_flight(self, end: float) -> None:
        """Send as fast as the server delivers."""
        deliveries, readers, most = self.deliveries, self.plan.readers, self.plan.in_flight
        while time.perf_counter() < end:
            arrived = deliveries.arrivals // readers
            for _ in range(min(_BURST, most - (len(deliveries.sent) - arrived))):
                self._send_one()
            await asyncio.sleep(0)

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


async def open_all(
    wanted: Sequence[tuple[Door, Deliveries | None]], vector: bytes = EMPTY_VECTOR
) -> list[BenchClient]:
    """Connections in portions. Raises Lost."""
    found: list[BenchClient] = []
    for begin in range(0, len(wanted), _CONNECT_AT_ONCE):
        portion = wanted[begin : begin + _CONNECT_AT_ONCE]
        found += await asyncio.gather(
            *[BenchClient.open(door, deliveries, vector) for door, deliveries in portion]
        )
    return found


def generate(plan: Plan) -> Tally:
    """Run a plan in a process of its own. Raises GeneratorFailed."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crdtchat.bench.generator"],
            input=json.dumps(asdict(plan)),
            capture_output=True,
            text=True,
            timeout=120 + plan.warm + plan.window + plan.drain,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GeneratorFailed("the load generator did not end in time") from None
    if done.returncode:
        raise GeneratorFailed(done.stderr.strip()[-500:])
    return Tally(**json.loads(done.stdout))


def main() -> int:
    """Read the plan, print the tally."""
    given = json.load(sys.stdin)
    for name in ("doors", "hands"):
        given[name] = [Door(**door) for door in given[name]]
    try:
        tally = uvloop.run(Generator(Plan(**given)).run())
    except (Lost, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(asdict(tally), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
