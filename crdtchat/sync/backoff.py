"""How long to wait before trying again: exponential with full jitter.

A thousand clients of one restarted server come back spread over the whole interval, not in waves.
"""

from __future__ import annotations

from crdtchat.sync.codes import CloseCode

BASE_S = 0.4
LEAST_S = 0.1
LONGEST_S = 20.0
TOO_FAST_S = 5.0


def delay(attempt: int, chance: float) -> float:
    """Seconds to wait before attempt `attempt` (0 is the first retry); `chance` is in [0, 1)."""
    return LEAST_S + chance * min(LONGEST_S, BASE_S * 2.0 ** min(attempt, 16))


def pause(code: int) -> float:
    """Seconds to leave the server alone first, after a close with this code (PROTOCOL 5)."""
    return TOO_FAST_S if code == CloseCode.TOO_FAST else 0.0
