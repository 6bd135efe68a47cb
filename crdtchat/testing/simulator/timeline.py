"""Virtual time: one heap of events, ordered by time, and at one time as they were asked for."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from crdtchat.sync.tuning import Moment

_WALL_MS = 1_750_000_000_000
"""Where the wall clock stands when a simulation begins."""


class Timeline:
    """Time passes in `step` and `run_for` only, from one event to the next."""

    def __init__(self) -> None:
        self.steady = 1.0
        """Seconds that never go back."""
        self._skew_ms = 0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._asked = 0
        self._after_step: Callable[[], None] = _nothing

    def on_step(self, check: Callable[[], None]) -> None:
        """Call `check` after every event."""
        self._after_step = check

    @property
    def wall(self) -> int:
        """Milliseconds since 1970; may jump."""
        return _WALL_MS + int(self.steady * 1000) + self._skew_ms

    def now(self, skew_ms: int = 0) -> Moment:
        """Both clocks, as a room reads them on a machine whose wall clock is so far off."""
        return Moment(self.steady, self.wall + skew_ms)

    def set_skew(self, milliseconds: int) -> None:
        """Let the wall clock jump: it is this far off from now on."""
        self._skew_ms = milliseconds

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do `action` so many seconds from now."""
        self.at(self.steady + seconds, action)

    def at(self, steady: float, action: Callable[[], None]) -> None:
        """Do `action` at a time; at once, but behind what is due already, if it is past."""
        self._asked += 1
        heapq.heappush(self._heap, (max(steady, self.steady), self._asked, action))

    def step(self) -> None:
        """Go to the next event and do it."""
        self.steady, _, action = heapq.heappop(self._heap)
        action()
        self._after_step()

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        end = self.steady + seconds
        while self._heap and self._heap[0][0] <= end:
            self.step()
        self.steady = end


def _nothing() -> None:
    """No check."""
