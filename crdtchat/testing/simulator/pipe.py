"""One direction of a connection: ordered and reliable while it is up, as TCP is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from crdtchat.testing.simulator.timeline import Timeline

T = TypeVar("T")


class Pipe(Generic[T]):
    """Carries items to `deliver`, each a little later than it was pushed, never out of order."""

    def __init__(
        self,
        timeline: Timeline,
        delay: Callable[[], float],
        deliver: Callable[[T], None],
        capacity: int,
    ) -> None:
        """`delay` answers seconds; `capacity` is how many items fit in before the writer waits."""
        self.alive = True
        self.paused = False
        """Whether the reader does not read."""
        self._timeline = timeline
        self._delay = delay
        self._deliver = deliver
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._arrived = 0
        self._latest = 0.0
        self._drained: Callable[[], None] = _nothing

    def on_drained(self, call: Callable[[], None]) -> None:
        """Call this whenever an item was read."""
        self._drained = call

    @property
    def full(self) -> bool:
        """Whether the writer has to wait."""
        return len(self._items) >= self._capacity

    def push(self, item: T) -> None:
        """Send; nothing happens on a broken pipe."""
        if not self.alive:
            return
        self._items.append(item)
        self._latest = max(self._latest, self._timeline.steady + self._delay())
        self._timeline.at(self._latest, self._arrive)

    def resume(self) -> None:
        """The reader reads again."""
        self.paused = False
        self._timeline.after(0.0, self._read)

    def cut(self) -> None:
        """Break it: what is on its way is lost."""
        self.alive = False
        self._items.clear()

    def _arrive(self) -> None:
        self._arrived += 1
        self._read()

    def _read(self) -> None:
        while self.alive and self._items and self._arrived and not self.paused:
            self._arrived -= 1
            self._deliver(self._items.popleft())
            self._drained()


def _nothing() -> None:
    """Nobody waits."""
