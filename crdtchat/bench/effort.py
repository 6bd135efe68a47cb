"""How much is measured: the figures of the targets, or a quick look whether all of it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Sizes of what is measured. Times in seconds, rates in operations a second."""

    warm: float = 0.7
    window: float = 2.5
    drain: float = 2.0
    readers: int = 200
    rates: tuple[float, ...] = (50, 200, 1_000)
    in_flight: int = 1_024
    rooms: int = 200
    rooms_rate: float = 1_000
    low_rate: float = 5
    low_window: float = 6.0
    idle: tuple[int, int] = (1_000, 5_000)
    """Connections before the first look, and at the second."""
    pages: int = 100
    page_annotations: int = 100
    annotations: int = 1_000
    """Of the page that is rejoined, loaded and kept; each with 5 comments."""
    returning: int = 1_000
    newcomers: int = 100
    stuck: int = 8
    """Of 40 + so many readers; growth is told for one."""
    stuck_rate: float = 500
    stuck_window: float = 20.0
    viewers: int = 2_000
    peer_viewers: int = 1_000
    """Peers send a quarter for half as many, and take long enough for these."""


FULL = Effort()
QUICK = Effort(
    warm=0.2,
    window=0.6,
    drain=5.0,
    readers=20,
    rates=(50, 100, 200),
    in_flight=64,
    rooms=10,
    rooms_rate=100,
    low_rate=20,
    low_window=0.6,
    idle=(20, 120),
    pages=5,
    page_annotations=20,
    annotations=60,
    returning=40,
    newcomers=10,
    stuck=2,
    stuck_rate=100,
    stuck_window=1.2,
    viewers=100,
    peer_viewers=100,
)
