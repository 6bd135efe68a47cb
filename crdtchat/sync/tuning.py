"""Figures of a room, and what it calls now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

SPREAD = 16_000
"""Scattered client ids take two bytes in every struct, as most others do in the end."""


class Moment(NamedTuple):
    """Now."""

    steady: float
    """Seconds that never go back, for durations."""
    wall: int
    """Milliseconds since 1970, for records."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The defaults are those of the measurements in docs/performance.md."""

    longest_tick: float = 0.02
    """Seconds that operations wait for company under load, at most: see `Pace`."""
    tick_per_session: float = 0.0001
    batch: int = 256
    """Operations in one append at most."""
    early: int = 64
    """That many waiting operations do not wait for the tick."""
    in_flight: int = 256
    """Unanswered operations of one v1 session."""
    asides: int = 3_000
    """Messages of one session that write nothing, such as presence and resyncs, at once; people
    and their clients send a few a second."""
    asides_per_second: float = 50.0
    """So many come back."""
    outbox_bytes: int = 40_960
    """With what waits in transports below 64 KiB a session."""
    answers_bytes: int = 4_194_304
    ring_bytes: int = 524_288
    """So much of the newest operations is remembered. It outlasts the sending of what somebody
    missed who slept: else that would be answered with another difference."""
    ring_ms: int = 60_000
    """Who lost a connection is back within a minute, or asks by state vector."""
    presence_tick: float = 0.05
    """Seconds that who comes and goes is gathered on a page where it was quiet."""
    presence_pause_per_session: float = 0.001
    """Seconds between two messages of presence, for each session there."""
    longest_presence_pause: float = 1.25
    """With the half second after which other nodes are told, below the two seconds promised."""
    renewal: float = 15.0
    """Stock clients forget awareness after 30 seconds, and hang up after as long a silence."""
    spread_clients: int = 0
    """Over so many client ids new leases are scattered, as other nodes lease ids of the same page
    at the same time; 0: there are none."""
    heartbeat: float = 20.0
    """Seconds between WebSocket pings."""
