"""What is measured and what it is held to: one row for each target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import Enum

from crdtchat.bench import fanout, joins, memory, viewers
from crdtchat.bench.effort import Effort
from crdtchat.bench.figures import Figures
from crdtchat.bench.servers import (
    CRDTCHAT,
    CRDTCHAT_V1,
    HOCUSPOCUS,
    PEERS,
    Y_LEVELDB,
    Y_WEBSOCKET,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One measurement of one server; several rows may read its figures."""

    run: Callable[[str, Effort, int], Figures]
    """Server, effort and seed to figures. Raises CannotStart, GeneratorFailed, Lost."""
    servers: Sequence[str] = (CRDTCHAT, *PEERS)
    once: bool = False
    """Whether repeating tells nothing new."""


class Held(Enum):
    """What a target means."""

    MOST = "most"
    """At most so many times the best peer, where less is better."""
    LEAST = "least"
    """At least so many times the best peer, where more is better."""
    FSYNC = "fsync"
    """At most the best peer and one fsync."""
    BOUND = "bound"
    """At most this figure."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    name: str
    """For the command line."""
    work: str
    """What is measured; the sizes of the effort go into it."""
    scenario: str
    figure: str
    unit: str
    held: Held
    target: float
    ours: str = CRDTCHAT
    """Which of our two is held to it."""

    def words(self, effort: Effort) -> str:
        """The work with its sizes."""
        sizes = {one.name: getattr(effort, one.name) for one in fields(effort)}
        return self.work.format(**sizes)

    def best(self, peers: dict[str, float]) -> tuple[str, float] | None:
        """The best peer and its figure, if any has one."""
        if not peers:
            return None
        choose = max if self.held is Held.LEAST else min
        name = choose(peers, key=lambda peer: peers[peer])
        return name, peers[name]

    def most(self, best: float | None, fsync_ms: float) -> float | None:
        """The figure that ours may have at most (with LEAST: must have); None without a peer."""
        if self.held is Held.BOUND:
            return self.target
        if best is None:
            return None
        return best + fsync_ms if self.held is Held.FSYNC else self.target * best

    def holds(self, ours: float, best: float | None, fsync_ms: float) -> bool | None:
        """Whether the target is met; None if there is nothing to compare with."""
        bound = self.most(best, fsync_ms)
        if bound is None:
            return None
        return ours >= bound if self.held is Held.LEAST else ours <= bound


def _at(step: int) -> Callable[[str, Effort, int], Figures]:
    def run(server: str, effort: Effort, seed: int) -> Figures:
        return fanout.one_page(server, effort, seed, effort.rates[step])

    return run


SCENARIOS: dict[str, Scenario] = {
    "fanout-50": Scenario(_at(0)),
    "fanout-200": Scenario(_at(1)),
    "fanout-1000": Scenario(_at(2)),
    "saturation": Scenario(fanout.saturated),
    "rooms": Scenario(fanout.many_pages),
    "low": Scenario(fanout.low_load),
    "large": Scenario(joins.large_page, (CRDTCHAT, *PEERS, Y_LEVELDB)),
    "idle": Scenario(memory.idle_connections, once=True),
    "pages": Scenario(memory.open_pages, once=True),
    "stuck": Scenario(memory.stuck_reader, (CRDTCHAT, Y_WEBSOCKET, HOCUSPOCUS), once=True),
    # pycrdt-websocket takes minutes for a thousand viewers.
    "presence": Scenario(
        viewers.presence, (CRDTCHAT_V1, CRDTCHAT, Y_WEBSOCKET, HOCUSPOCUS), once=True
    ),
}

_PAGE = "a page of {annotations:,} x 5"

ROWS = (
    Row(
        "cpu-200",
        "1 page x {readers} readers at {rates[1]:g} operations/s: CPU per delivered update",
        *("fanout-200", "cpu_us", "us", Held.MOST, 0.5),
    ),
    Row(
        "cpu-1000",
        "the same at {rates[2]:,} operations/s",
        *("fanout-1000", "cpu_us", "us", Held.MOST, 0.5),
    ),
    Row(
        "p99-50",
        "the same at {rates[0]:g} operations/s: 99 of 100 deliveries within",
        *("fanout-50", "p99_ms", "ms", Held.MOST, 1.0),
    ),
    Row(
        "p99-200",
        "the same at {rates[1]:g} operations/s",
        *("fanout-200", "p99_ms", "ms", Held.MOST, 1.0),
    ),
    Row(
        "p99-1000",
        "the same at {rates[2]:,} operations/s",
        *("fanout-1000", "p99_ms", "ms", Held.MOST, 1.0),
    ),
    Row(
        "saturation",
        "1 page x {readers} readers, as much as the server delivers",
        *("saturation", "delivered_per_s", "updates/s", Held.LEAST, 2.0),
    ),
    Row(
        "rooms",
        "{rooms} pages x 5 clients at {rooms_rate:,} operations/s: CPU per delivered update",
        *("rooms", "cpu_us", "us", Held.MOST, 1.0),
    ),
    Row(
        "low",
        "1 page x 10 readers at {low_rate:g} operations/s: half of the deliveries within",
        *("low", "p50_ms", "ms", Held.FSYNC, 1.0),
    ),
    Row(
        "idle",
        "idle connection, {idle[0]:,} to {idle[1]:,} of them: memory",
        *("idle", "idle_kib", "KiB", Held.MOST, 0.5),
    ),
    Row(
        "page",
        "open page of {page_annotations} annotations with one connection: memory",
        *("pages", "page_kib", "KiB", Held.MOST, 0.5),
    ),
    Row(
        "rejoin",
        f"{{returning:,}} clients come back at once to {_PAGE}, up to date: CPU per client",
        *("large", "rejoin_cpu_ms", "ms", Held.MOST, 0.25),
    ),
    Row(
        "load",
        "{newcomers} new clients load that page at once: CPU per client",
        *("large", "load_cpu_ms", "ms", Held.MOST, 0.25),
    ),
    Row(
        "cold",
        "the first client after a restart has that page",
        *("large", "cold_ms", "ms", Held.MOST, 0.5),
    ),
    Row(
        "stuck",
        "a reader that stops reading for {stuck_window:g} s at {stuck_rate:g} operations/s: memory",
        *("stuck", "stuck_kib", "KiB", Held.BOUND, 64.0),
    ),
    Row(
        "presence",
        "{viewers:,} viewers join and leave one page: bytes sent",
        *("presence", "presence_mib", "MiB", Held.MOST, 0.05),
        ours=CRDTCHAT_V1,
    ),
    Row(
        "disk",
        "that page on the disk, compact",
        *("large", "disk_kib", "KiB", Held.MOST, 0.6),
    ),
)
