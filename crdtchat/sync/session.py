"""One peer's state in a room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crdtchat.sync import message
from crdtchat.sync.codes import QuotaSpent, TooFast
from crdtchat.sync.leases import Lease
from crdtchat.sync.outbox import Outbox
from crdtchat.sync.rules import Actor
from crdtchat.sync.tuning import Moment, Tuning

_ASKS = (message.SyncStep1, message.Resync)
_WRITES = (message.Operation, message.SyncUpdate, message.SyncStep2)
Meter = Callable[[int, float], float]
"""Takes an operation of so many bytes at a steady time; or nothing, and answers how many seconds
to wait."""

Quota = Callable[[int, int], float]
"""Takes so many new annotations at a time in milliseconds since 1970; or none, and answers how many
seconds to wait."""


@dataclass(slots=True)
class Peer:
    """Who is behind a session, and what they may do. A role that changes ends the session."""

    user: str
    name: str
    role: str
    may_comment: bool
    may_moderate: bool
    guest: bool = False
    may_import: bool = False
    may_restore: bool = False
    """See `Actor`. No session has either: they are lent for the length of an import."""
    via: str = "rest"
    """How they write where they have no session; see `Deed`."""
    comment_cp: int = 0
    """See `Actor`, as below."""
    annotations: int = 0
    meter: Meter | None = None
    """Their budget; None: they may write as fast as they can."""
    quota: Quota | None = None
    """Their tenant's, of the day; None: there is none."""

    def charge(self, size: int, now: Moment) -> None:
        """Take an operation of `size` bytes out of their budget. Raises TooFast."""
        if self.meter is not None:
            wait_s = self.meter(size, now.steady)
            if wait_s:
                raise TooFast(wait_s)

    def spend(self, annotations: int, wall: int) -> None:
        """Take new annotations out of the day's quota. Raises QuotaSpent."""
        if self.quota is not None:
            wait_s = self.quota(annotations, wall)
            if wait_s:
                raise QuotaSpent(wait_s)

    def actor(self, wall: int) -> Actor:
        """As rules judge them at server time `wall` (milliseconds since 1970)."""
        return Actor(
            self.user,
            wall,
            self.may_comment,
            self.may_moderate,
            may_import=self.may_import,
            may_restore=self.may_restore,
            comment_cp=self.comment_cp,
            annotations=self.annotations,
            spend=None if self.quota is None else self.spend,
        )


@dataclass(slots=True)
class Session:
    """Written by the room only; the host reads `outbox`."""

    number: int
    peer: Peer
    v1: bool
    outbox: Outbox
    lease: Lease | None
    """The leased client id of a v1 session."""
    joined: bool = False
    """Whether it had its first state, so that batches are for it."""
    owed: bool = False
    """Whether it was asked to resync, because too much was dropped: no batch until it does. What
    it wrote before it was asked is judged as ever."""
    diverged: bool = False
    """Whether an operation was refused and no resync came since."""
    closing: bool = False
    in_flight: int = 0
    """Operations not answered yet."""
    delivered: int = 0
    """It holds everything up to this sequence number, once its outbox is sent."""
    had: bytes = b""
    """Of a stock session that is behind: a state vector it has reached."""
    asked: bool = False
    """Whether a stock session owes an answer to sync step 1, which will hold all it wrote."""
    gaps: int = 0
    """Answers of a stock session in a row that built on something the server has not."""
    held: list[bytes] = field(default_factory=list)
    """Frames that wait until the store was looked at: see `crdtchat.sync.doubts`."""
    assured: bool = False
    """Whether what it says now is judged with the store looked at."""
    asides: float = 0.0
    """How full its measure of messages that write nothing was at `asides_at`."""
    asides_at: float = 0.0

    def overhear(self, said: message.FromClient, now: float, tuning: Tuning) -> None:
        """Count what writes nothing, also operations behind a refused one, and each KiB of a state
        vector, which takes as long to read. Raises TooFast once it is too much."""
        if isinstance(said, _WRITES) and not self.diverged:
            return
        vector = said.state_vector if isinstance(said, _ASKS) else b""
        back = (now - self.asides_at) * tuning.asides_per_second
        self.asides, self.asides_at = max(0.0, self.asides - back) + 1.0, now
        self.asides += len(vector) / 1_024
        if self.asides > tuning.asides:
            raise TooFast(tuning.asides / tuning.asides_per_second)
