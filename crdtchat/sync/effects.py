"""What a room wants done in the world. The host carries them out in order."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.sync.codes import CloseCode
from crdtchat.sync.leases import Lease
from crdtchat.sync.message import Event


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One operation for the log."""

    update: bytes
    principal: str
    at: int
    broadcast_id: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """Commit these after sequence `after`, then tell the room (`committed`, `failed`)."""

    after: int
    entries: tuple[LogEntry, ...]
    leases: tuple[Lease, ...]


@dataclass(frozen=True, slots=True)
class Send:
    """These sessions have frames in their outboxes."""

    sessions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """End a session once its outbox is sent. The host answers with `leave`."""

    session: int
    code: CloseCode
    reason: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Committed operations as news, for those who listen otherwise than by a session."""

    first: int
    last: int
    events: tuple[Event, ...]
    sequences: tuple[int, ...]
    """The sequence number of each event's operation."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A write that came in by `Room.write` is durable, or failed and may be tried again."""

    ticket: int
    sequence: int
    """0: it failed."""


@dataclass(frozen=True, slots=True)
class Count:
    """Add to a counter."""

    name: str
    amount: int = 1


Effect = Append | Send | Close | Publish | Settled | Count
