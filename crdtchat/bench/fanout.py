"""Fan-out over real sockets: one page, many readers, our server and its peer side by side."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from crdtchat.bench.generator import Plan, Tally
from crdtchat.bench.servers import USER, running


@dataclass(frozen=True, slots=True)
class Load:
    """Readers of one page and operations per second on it."""

    readers: int
    rate: float

    def __str__(self) -> str:
        return f"1 x {self.readers} at {self.rate:g}/s"


LOADS = (Load(10, 5), Load(200, 50), Load(200, 200), Load(200, 1_000))
WRITERS = 4


@dataclass(frozen=True, slots=True)
class Pace:
    """How long each measurement takes, in seconds, and how many rounds."""

    warm: float = 0.7
    window: float = 3.0
    drain: float = 2.0
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class FanOut:
    """Medians of one server under one load."""

    server: str
    load: Load
    runs: int
    cpu_us: float
    """Server CPU per delivered update, in microseconds."""
    per_cpu_second: float
    """Delivered updates per CPU second of the server."""
    delivered_per_second: float
    offered_per_second: float
    per_frame: float
    """Delivered updates in one frame."""
    p50_ms: float
    p99_ms: float
    lost: float
    """Share of the offered deliveries still missing 2 seconds later."""
    generator_share: float
    """Cores the generator used: near 1, it is what was measured."""
    others_share: float
    """Cores that everything else on the machine used meanwhile."""
    closed: tuple[str, ...]


class GeneratorFailed(Exception):
    """The load generator ended without a result."""


def measure(
    servers: Sequence[str],
    loads: Sequence[Load],
    pace: Pace,
    *,
    progress: Callable[[str], None] = lambda line: None,
) -> list[FanOut]:
    """Interleave servers and loads, a fresh server process for each measurement.

    Raises CannotStart, GeneratorFailed.
    """
    tallies: dict[tuple[str, Load], list[Tally]] = {}
    for turn in range(pace.rounds):
        for load in loads:
            for server in servers:
                progress(f"round {turn + 1}: {server}, {load}")
                tallies.setdefault((server, load), []).append(
                    measure_once(server, load, pace, seed=turn + 1)
                )
    return [summarise(server, load, found) for (server, load), found in tallies.items()]


def measure_once(server: str, load: Load, pace: Pace, *, seed: int) -> Tally:
    """One measurement. Low rates get longer, so that there is something to get used to and to
    count."""
    warm, window = pace.warm, pace.window
    if load.rate:
        warm = max(warm, min(15 / load.rate, window))
        window = max(window, min(20 / load.rate, 2 * window))
    with (
        tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder,
        running(server, Path(folder)) as process,
    ):
        plan = Plan(
            host="127.0.0.1",
            port=process.port,
            path=process.path(f"page {seed}"),
            pid=process.pid,
            user=USER,
            readers=load.readers,
            writers=WRITERS,
            rate=load.rate,
            warm=warm,
            window=window,
            drain=pace.drain,
            v1=process.v1,
            seed=seed,
        )
        return _generate(plan)


def _generate(plan: Plan) -> Tally:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crdtchat.bench.generator"],
            input=json.dumps(asdict(plan)),
            capture_output=True,
            text=True,
            timeout=60 + plan.warm + plan.window + plan.drain,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GeneratorFailed("the load generator did not end in time") from None
    if done.returncode:
        raise GeneratorFailed(done.stderr.strip()[-500:])
    return Tally(**json.loads(done.stdout))


def summarise(server: str, load: Load, tallies: Sequence[Tally]) -> FanOut:
    """Medians over the runs; ratios are made from these."""

    def middle(read: Callable[[Tally], float]) -> float:
        return statistics.median(read(tally) for tally in tallies)

    return FanOut(
        server=server,
        load=load,
        runs=len(tallies),
        cpu_us=middle(lambda one: one.server_cpu / max(1, one.delivered) * 1e6),
        per_cpu_second=middle(lambda one: one.delivered / max(0.01, one.server_cpu)),
        delivered_per_second=middle(lambda one: one.delivered / one.window),
        offered_per_second=middle(lambda one: one.offered / one.window),
        per_frame=middle(lambda one: one.delivered / max(1, one.frames)),
        p50_ms=middle(lambda one: one.p50_ms),
        p99_ms=middle(lambda one: one.p99_ms),
        lost=middle(lambda one: one.lost / max(1, one.offered)),
        generator_share=middle(lambda one: one.generator_cpu / one.window),
        others_share=middle(lambda one: one.others_cpu / one.window),
        closed=tuple(sorted({reason for tally in tallies for reason in tally.closed})),
    )
