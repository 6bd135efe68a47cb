"""Fan-out over real sockets: one page with many readers, and many pages with few."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crdtchat.bench.effort import Effort
from crdtchat.bench.figures import Figures
from crdtchat.bench.generator import Plan, Tally, generate
from crdtchat.bench.servers import USER, Running, running

WRITERS = 4
_LOST = 0.01
"""A server that loses more than this share of its deliveries has no latency to compare."""


def one_page(server: str, effort: Effort, seed: int, rate: float) -> Figures:
    """One page, all readers on it, at a rate. Raises CannotStart, GeneratorFailed."""
    return measure(server, effort, seed, Shape(effort.readers, WRITERS, rate))


def saturated(server: str, effort: Effort, seed: int) -> Figures:
    """The same, as fast as the server delivers."""
    shape = Shape(effort.readers, WRITERS, in_flight=effort.in_flight)
    return measure(server, effort, seed, shape)


def many_pages(server: str, effort: Effort, seed: int) -> Figures:
    """Many pages, five clients on each, of whom one writes."""
    return measure(server, effort, seed, Shape(4, 1, effort.rooms_rate, pages=effort.rooms))


def low_load(server: str, effort: Effort, seed: int) -> Figures:
    """One page, ten readers, seldom a change."""
    # Half the time gets it used to this pace.
    calm = replace(effort, warm=effort.low_window / 2, window=effort.low_window)
    return measure(server, calm, seed, Shape(10, WRITERS, effort.low_rate))


@dataclass(frozen=True, slots=True)
class Shape:
    """How a load is spread."""

    readers: int
    """Of each page."""
    writers: int
    """Of each page."""
    rate: float = 0
    """Operations a second on all pages together."""
    pages: int = 1
    in_flight: int = 0
    """Instead of a rate: so many operations are always on their way."""


def plan_for(
    process: Running, names: Sequence[str], effort: Effort, seed: int, shape: Shape
) -> Plan:
    """The generator's orders."""
    return Plan(
        doors=[process.door(name) for name in names],
        hands=[process.hand(name) for name in names],
        pid=process.pid,
        user=USER,
        readers=shape.readers,
        writers=shape.writers,
        rate=shape.rate,
        warm=effort.warm,
        window=effort.window,
        drain=effort.drain,
        in_flight=shape.in_flight,
        seed=seed,
    )


def measure(server: str, effort: Effort, seed: int, shape: Shape) -> Figures:
    """A fresh server, one load on it."""
    with (
        tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder,
        running(server, Path(folder)) as process,
    ):
        names = [f"page {seed} {number}" for number in range(shape.pages)]
        return read_tally(generate(plan_for(process, names, effort, seed, shape)))


def read_tally(tally: Tally) -> Figures:
    """CPU in microseconds for each delivered update, latency in milliseconds."""
    lost = tally.lost / max(1, tally.offered)
    values = {
        "cpu_us": tally.server_cpu / max(1, tally.delivered) * 1e6,
        "delivered_per_s": tally.delivered / tally.window,
        "offered_per_s": tally.offered / tally.window,
        "per_frame": tally.delivered / max(1, tally.frames),
        "lost": lost,
    }
    if lost <= _LOST:
        values |= {"p50_ms": tally.p50_ms, "p99_ms": tally.p99_ms}
    notes = [f"{lost:.0%} not delivered in time"] if lost > _LOST else []
    notes += [f"connections ended: {reason}" for reason in tally.closed]
    return Figures(
        values, notes, tally.generator_cpu / tally.window, tally.others_cpu / tally.window
    )
