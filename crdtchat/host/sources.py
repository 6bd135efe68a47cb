"""Where time and chance come from: nothing below this layer reads a clock or draws a number."""

from __future__ import annotations

import secrets
import time

from crdtchat.sync.tuning import Moment


class Sources:
    """The real world. Tests and the simulator hand in others."""

    def now(self) -> Moment:
        """Steady seconds, and milliseconds since 1970."""
        return Moment(time.monotonic(), time.time_ns() // 1_000_000)

    def nonce(self) -> str:
        """Eleven unguessable characters (64 bits)."""
        return secrets.token_urlsafe(8)
