"""What a server's process holds over time, and whether that grows."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from urllib.request import urlopen

from tests.server_process import ServerProcess

MIB = 1024 * 1024
GROWTH = 0.05
"""Memory is flat if it grows by less than this share of itself in an hour."""
DESCRIPTORS = 16
"""Descriptors are flat if, connections left out, they grow by fewer than this in an hour. The
store's threads open and close a few files of their own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a server."""

    minute: float
    """Since the beginning."""
    resident: int
    """Bytes."""
    descriptors: int
    threads: int
    rooms: int
    sockets: int
    """Open WebSockets."""
    connections: int
    """TCP connections, WebSockets among them."""
    disk: int
    """Bytes of the data directory."""
    appends: int
    """To the logs of pages, so far."""
    load: float
    """Of the machine, over a minute."""

    @property
    def own_descriptors(self) -> int:
        """Descriptors that are no connection's."""
        return self.descriptors - self.connections


def look(server: ServerProcess, minute: float) -> Sample:
    """Take a sample."""
    process = Path(f"/proc/{server.pid}")
    told = metrics(server.url)
    return Sample(
        minute=minute,
        resident=server.memory(),
        descriptors=len(list((process / "fd").iterdir())),
        threads=len(list((process / "task").iterdir())),
        rooms=int(told["crdtchat_rooms"]),
        sockets=int(told["crdtchat_connections"]),
        connections=int(told["crdtchat_tcp"]),
        disk=sum(one.stat().st_size for one in server.data.iterdir() if one.is_file()),
        appends=int(told.get("crdtchat_appends_total", 0)),
        load=os.getloadavg()[0],
    )


def metrics(url: str) -> dict[str, float]:
    """`GET /metrics` of a server, the lines without labels."""
    with urlopen(f"{url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs if "{" not in name}


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median slope between any two points (Theil and Sen): single outliers do not count."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1]
    return statistics.median(slopes) if slopes else 0.0


@dataclass(frozen=True, slots=True)
class Trend:
    """How memory and descriptors went, warming up left out."""

    resident: float
    """Median bytes."""
    resident_per_hour: float
    descriptors_per_hour: float

    @property
    def is_flat(self) -> bool:
        """Within `GROWTH` and `DESCRIPTORS`."""
        memory = self.resident_per_hour <= GROWTH * self.resident
        return memory and self.descriptors_per_hour <= DESCRIPTORS

    def __str__(self) -> str:
        share = self.resident_per_hour / self.resident if self.resident else 0.0
        return (
            f"memory {self.resident / MIB:.1f} MiB, {self.resident_per_hour / MIB:+.1f} MiB/h "
            f"({share:+.1%}); descriptors beside connections {self.descriptors_per_hour:+.1f}/h"
        )


def trend(samples: Sequence[Sample], warm: float) -> Trend:
    """Of the samples after minute `warm`."""
    kept = [one for one in samples if one.minute >= warm]
    if not kept:
        return Trend(0.0, 0.0, 0.0)
    return Trend(
        statistics.median(one.resident for one in kept),
        slope([(one.minute / 60, one.resident) for one in kept]),
        slope([(one.minute / 60, one.own_descriptors) for one in kept]),
    )


def table(samples: Sequence[Sample]) -> str:
    """As Markdown."""
    head = "minute|resident MiB|descriptors|of these connections|threads|pages|disk MiB|appends"
    lines = [f"| {head.replace('|', ' | ')} | load |", "|" + "---|" * 9]
    lines += [
        f"| {one.minute:.0f} | {one.resident / MIB:.1f} | {one.descriptors} | {one.connections} | "
        f"{one.threads} | {one.rooms} | {one.disk / MIB:.1f} | {one.appends:,} | {one.load:.1f} |"
        for one in samples
    ]
    return "\n".join(lines)
