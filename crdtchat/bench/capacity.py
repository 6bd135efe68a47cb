"""From measured constants to cores and memory: how many viewers and comments one server carries.

The model, with V viewers on P pages, and o = M / 60 operations a second on all of them:

- Each page has o / P operations a second. What comes within a tick of up to 20 ms is committed
  together and leaves in one frame: f = min(o / P, 50) commits a page and second, and as many frames
  to each of its viewers.
- cores = o * operation + P * f * commit + V / P * o * update + V * f * frame + V / 20 * heartbeat
- memory = start + V * connection + P * page

`frame` is what one write to a socket costs, the kernel's share included; `update` what each
operation in it adds. Both are fitted to the fan-out rows of the suite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

TICK_RATE = 50.0
"""Frames a second and viewer at most (`Tuning.longest_tick`)."""
HEARTBEAT = 20.0
"""Seconds between a connection's pings."""
HEADROOM = 0.5
"""How much of a core is planned with: what is left is for peaks, joins and other work."""


@dataclass(frozen=True, slots=True)
class Constants:
    """CPU in microseconds, memory in KiB. The defaults are the figures of docs/performance.md."""

    operation: float = 60.0
    """Judged, stored, applied and acknowledged, in a batch."""
    commit: float = 610.0
    """What a batch, or an operation that comes alone, costs beside: the socket, threads that wake
    up, the transaction."""
    frame: float = 16.0
    update: float = 0.4
    heartbeat: float = 60.0
    start: float = 50 * 1_024.0
    connection: float = 22.0
    page: float = 145.0
    """An open page apart from its annotations: the newest operations, 128 KiB of them at most."""
    annotation: float = 3.4
    """Each annotation of an open page: the engine's document and the mirror."""
    join: float = 1_000.0
    """Who comes back to a page."""

    @classmethod
    def fitted(cls, found: Mapping[str, Any]) -> Constants:
        """With `frame` and `update` of this machine, from the JSON of a run of the suite."""
        points = [
            (1 / figures["values"]["per_frame"], figures["values"]["cpu_us"])
            for run in found["runs"]
            if run["server"] == "crdtchat" and run["scenario"].startswith("fanout-")
            for figures in run["figures"]
            if figures["values"].get("per_frame")
        ]
        frame, update = _line(points)
        return replace(cls(), frame=frame, update=max(0.0, update))


@dataclass(frozen=True, slots=True)
class Need:
    """What a load asks of one server."""

    operations_per_s: float
    frames_per_s: float
    """Written to all sockets together."""
    busy: float
    """Cores at work on the average."""
    cores: int
    """Cores to have, at `HEADROOM` of each."""
    memory_mib: float
    return_s: float
    """CPU seconds for all viewers to come back at once."""


def need(
    constants: Constants, *, viewers: int, comments: float, pages: int = 1, annotations: int = 100
) -> Need:
    """`comments` a minute on all `pages` together, each with so many `annotations`."""
    rate = comments / 60
    each = rate / pages
    ticks = min(each, TICK_RATE)
    frames = viewers * ticks
    busy = 1e-6 * (
        rate * constants.operation
        + pages * ticks * constants.commit
        + frames * constants.frame
        + viewers * each * constants.update
        + viewers / HEARTBEAT * constants.heartbeat
    )
    page = constants.page + annotations * constants.annotation
    memory = constants.start + viewers * constants.connection + pages * page
    return Need(
        operations_per_s=rate,
        frames_per_s=frames,
        busy=busy,
        cores=max(1, -int(-busy // HEADROOM)),
        memory_mib=memory / 1_024,
        return_s=viewers * constants.join * 1e-6,
    )


def tell(found: Need) -> str:
    """A few lines."""
    return (
        f"{found.operations_per_s:.1f} operations/s make {found.frames_per_s:,.0f} frames/s\n"
        f"CPU: {found.busy:.2f} cores busy, so {found.cores} at {HEADROOM:.0%} of each\n"
        f"memory: {found.memory_mib:,.0f} MiB\n"
        f"all viewers come back at once: {found.return_s:.1f} s of CPU\n"
    )


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope and height of the line nearest to the points, by least squares."""
    count = len(points)
    across = sum(x for x, _ in points) / count
    up = sum(y for _, y in points) / count
    spread = sum((x - across) ** 2 for x, _ in points)
    slope = sum((x - across) * (y - up) for x, y in points) / spread
    return slope, up - slope * across
