"""How long a server that says "later" is left alone."""

from __future__ import annotations

_FIRST_MS, _LONGEST_MS = 1_000, 30_000


class Patience:
    """Twice as long each time, until it takes something again. Times in milliseconds."""

    def __init__(self) -> None:
        self.until = 0
        """Nothing is sent before."""
        self._times = 0

    def begin(self, now: int) -> int:
        """It said "later": answers until when to wait."""
        self.until = now + min(_LONGEST_MS, _FIRST_MS * 2 ** min(self._times, 16))
        self._times += 1
        return self.until

    def end(self) -> None:
        """It took something."""
        self._times = 0
