"""One timer for all rooms: wakes each when it asked to be woken."""

from __future__ import annotations

import heapq
import weakref
from typing import TYPE_CHECKING

import anyio

from crdtchat.host.sources import Sources

if TYPE_CHECKING:
    from crdtchat.host.gathering import Gathering

_NEVER = float("inf")


class Timer:
    """A heap of times. An entry that a room has replaced by an earlier one is passed over, and so
    is one of a room that was let go: the heap keeps none alive."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._heap: list[tuple[float, int, weakref.ref[Gathering]]] = []
        self._count = 0
        self._earlier = anyio.Event()

    def set(self, room: Gathering) -> None:
        """Take note of when a room wants to be woken."""
        at = room.room.wake_at
        if at >= room.wake_at:
            return
        room.wake_at = at
        self._count += 1
        if not self._heap or at < self._heap[0][0]:
            self._earlier.set()
        heapq.heappush(self._heap, (at, self._count, weakref.ref(room)))

    async def run(self) -> None:
        """Wake rooms until cancelled."""
        while True:
            now = self._sources.now()
            while self._heap and self._heap[0][0] <= now.steady:
                at, _, reference = heapq.heappop(self._heap)
                room = reference()
                if room is not None and at == room.wake_at:
                    room.wake_at = _NEVER
                    if not room.dropped:
                        room.perform(room.room.wake(now))
                del room
            wait = self._heap[0][0] - now.steady if self._heap else _NEVER
            self._earlier = anyio.Event()
            with anyio.move_on_after(wait):
                await self._earlier.wait()
