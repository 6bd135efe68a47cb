"""Plain counters and gauges of one process, for /metrics and tests."""

from __future__ import annotations

from collections import Counter


class Counters(Counter[str]):
    """Counts by name: `messages_sent`, `bytes_sent`, `refused_forged_author`, and so on."""

    def add(self, name: str, amount: int = 1) -> None:
        """Add to a counter."""
        self[name] += amount
