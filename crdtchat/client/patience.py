"""How long a server that says "later" is left alone."""

from __future__ import annotations

_FIRST_MS, _LONGEST_MS = 1_000, 30_000


class Patience:
    """Twice as long each time, until it takes something again. Times in milliseconds."""

    def __init__(self) -> None:
        self.until = 0
        """Nothing is sent before, while it `waits`."""
        self._times = 0

    def begin(self, now: int) -> int:
        """It said "later": answers until when to wait."""
        self.until = now + min(_LONGEST_MS, _FIRST_MS * 2 ** min(self._times, 16))
        self._times += 1
        return self.until

    def waits(self, now: int) -> bool:
        """Whether nothing is to be sent yet. Of what is further away than it ever was a clock that
        was set back is the reason: there is no waiting for that."""
        return 0 < self.until - now <= _LONGEST_MS

    def end(self) -> None:
        """It took something."""
        self._times = 0
