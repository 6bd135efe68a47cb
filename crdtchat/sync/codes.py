"""Every code that tells a peer why: one table for closing, one for refusing (PROTOCOL 5)."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from math import ceil


class CloseCode(IntEnum):
    """WebSocket close codes. 4400-4499: act, do not retry; 4500-4599: retry."""

    RESTART = 1012
    MALFORMED = 4400
    SIGN_IN = 4401
    FORBIDDEN = 4403
    NO_TENANT = 4404
    DIVERGED = 4409
    INTERNAL = 4500
    CHANGED = 4501
    UNAVAILABLE = 4503
    CLOCK = 4504
    TOO_SLOW = 4508
    TOO_FAST = 4529


class RejectCode(StrEnum):
    """Why an operation was refused."""

    MALFORMED = "malformed"
    FOREIGN_CLIENT = "foreign-client"
    CLOCK_GAP = "clock-gap"
    UNKNOWN_ORIGIN = "unknown-origin"
    UNKNOWN_DELETE = "unknown-delete"
    FOREIGN_TYPE = "foreign-type"
    BAD_KEY = "bad-key"
    BAD_VALUE = "bad-value"
    FORGED_AUTHOR = "forged-author"
    NOT_AUTHOR = "not-author"
    IMMUTABLE = "immutable"
    FUTURE = "future"
    SERVER_ONLY = "server-only"
    READ_ONLY = "read-only"
    EXISTS = "exists"
    DELETED = "deleted"
    UNKNOWN_ANNOTATION = "unknown-annotation"
    UNKNOWN_COMMENT = "unknown-comment"
    LOCKED = "locked"
    TOO_LONG = "too-long"
    TOO_MANY = "too-many"
    QUOTA_SPENT = "quota-spent"
    STALE = "stale"
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"

    @property
    def hard(self) -> bool:
        """Whether an honest client can never cause it: the session ends."""
        return self not in _SOFT


_SOFT = frozenset(
    {
        RejectCode.READ_ONLY,
        RejectCode.EXISTS,
        RejectCode.DELETED,
        RejectCode.UNKNOWN_ANNOTATION,
        RejectCode.UNKNOWN_COMMENT,
        RejectCode.LOCKED,
        RejectCode.TOO_LONG,
        RejectCode.TOO_MANY,
        RejectCode.QUOTA_SPENT,
        RejectCode.STALE,
        RejectCode.RATE_LIMITED,
        RejectCode.UNAVAILABLE,
    }
)


FORBIDDEN = frozenset(
    {
        RejectCode.READ_ONLY,
        RejectCode.LOCKED,
        RejectCode.FORGED_AUTHOR,
        RejectCode.NOT_AUTHOR,
        RejectCode.SERVER_ONLY,
    }
)
"""What somebody tried who may not, whichever way they came; other codes are mistakes or races."""


class Refused(Exception):
    """An operation breaks a rule. Carries data; the text is for people."""

    def __init__(self, code: RejectCode, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Malformed(Refused):
    """Bytes that are not what they claim to be."""

    def __init__(self, reason: str, code: RejectCode = RejectCode.MALFORMED) -> None:
        super().__init__(code, reason)


class TooFast(Refused):
    """More operations or bytes than the writer's budget has now."""

    def __init__(self, wait_s: float) -> None:
        """`wait_s`: seconds until there is budget again."""
        super().__init__(RejectCode.RATE_LIMITED, f"too fast: again in {max(1, ceil(wait_s))} s")
        self.wait_s = wait_s


class QuotaSpent(Refused):
    """The tenant made as many annotations as it may on one day."""

    def __init__(self, wait_s: float) -> None:
        """`wait_s`: seconds until the next day."""
        reason = "as many annotations were made today as are allowed here: try again tomorrow"
        super().__init__(RejectCode.QUOTA_SPENT, reason)
        self.wait_s = wait_s


def close_code(refused: Refused, *, v1: bool) -> CloseCode:
    """How a session ends over a refused operation. Clients of `v1` date anew what was dated by
    another clock, once a welcome has told them the time; a stock replica stays as it is."""
    if v1 and refused.code is RejectCode.FUTURE:
        return CloseCode.CLOCK
    if refused.code is RejectCode.MALFORMED:
        return CloseCode.MALFORMED
    if refused.code in (RejectCode.RATE_LIMITED, RejectCode.QUOTA_SPENT):
        return CloseCode.TOO_FAST
    return CloseCode.FORBIDDEN if refused.code.hard else CloseCode.DIVERGED


def close_reason(text: str) -> str:
    """As much of it as a WebSocket's close frame holds beside the code: 123 bytes (RFC 6455)."""
    return text.encode(errors="replace")[:123].decode(errors="ignore")
