"""What a room wants done in the world. The host carries them out in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from crdtchat.sync.codes import CloseCode
from crdtchat.sync.leases import Lease
from crdtchat.sync.message import Event


class LogEntry(NamedTuple):
    """One verified operation in the log. Sequence numbers count from 1 without holes."""

    update: bytes
    """Yjs v1 update, verified."""
    principal: str
    """Id of the user whose session sent it; empty for the server's own additions."""
    at: int
    """When the server accepted it, in milliseconds since 1970."""
    broadcast_id: bytes = b""
    """The author's id of the operation (16 bytes), or empty."""


class Deed(NamedTuple):
    """What somebody did that owners can look up. Ids, roles and times; never anybody's words."""

    who: str
    """User id; empty for the operator at the command line."""
    role: str
    action: str
    target: str
    """What it was done to: an annotation, annotation/comment, user, token, or other id."""
    at: int
    """Milliseconds since 1970."""
    via: str
    """`socket`, `rest`, `command` or `server`."""
    times: int = 1
    """How often, where the same was counted together until `at`."""


class Append(NamedTuple):
    """Commit these after sequence `after`, then tell the room (`committed`, `failed`)."""

    after: int
    entries: tuple[LogEntry, ...]
    leases: tuple[Lease, ...]
    conversations: int
    """New annotations among them."""
    deeds: tuple[Deed, ...] = ()
    events: tuple[Event, ...] = ()
    """What they mean to those who are told."""
    sequences: tuple[int, ...] = ()
    """The sequence number of each event's operation, once it is committed."""


class Send(NamedTuple):
    """These sessions have frames in their outboxes."""

    sessions: tuple[int, ...]


class Apply(NamedTuple):
    """Bring the live document up to what is committed, before the room gets any other input. What
    goes out need not wait for it, so it comes after."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """End a session once its outbox is sent. The host answers with `leave`."""

    session: int
    code: CloseCode
    reason: str


class Publish(NamedTuple):
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
class Doubt:
    """The log may be longer than the room knows: look, then tell the room (`absorb` if it is, and
    `assured` or `unsure`)."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A client says that it has seen more of the log than there is."""


@dataclass(frozen=True, slots=True)
class Count:
    """Add to a counter."""

    name: str
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody's session tried what it may not, or what no honest client sends."""

    user: str
    role: str
    code: str


Effect = Append | Send | Apply | Close | Publish | Settled | Doubt | Ahead | Count | Refusal
