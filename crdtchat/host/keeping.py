"""How long rooms stay in memory, and which go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from crdtchat.host.gathering import Gathering


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long rooms stay, and when snapshots are made."""

    grace: float = 30.0
    """Seconds an unused room stays in memory."""
    unused: int = 2_000
    """The most of them: behind these the longest unused go at once."""
    snapshot_entries: int = 64
    """An unused room with as many log entries since its snapshot is folded into a new one."""
    snapshot_live: int = 4_096
    """A room in use is folded after that many."""

    @property
    def crowd(self) -> int:
        """So many new ones are looked after at once."""
        return max(1, self.unused // 2)

    def leaving(self, rooms: Sequence[Gathering], now: float) -> list[Gathering]:
        """Rooms that nobody has used for a while, or that are too many of those."""
        unused = sorted((one for one in rooms if not one.in_use), key=attrgetter("last_used"))
        surplus = len(unused) - self.unused
        return [
            room
            for place, room in enumerate(unused)
            if place < surplus or room.last_used <= now - self.grace
        ]
