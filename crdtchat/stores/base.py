"""What a store keeps and what it promises.

The log of a document is the truth (DESIGN 1.2): everything else is a fold of it. A write is a
*conditional append*: "these entries, after sequence n, in epoch e". It commits durably or answers
`Conflict`, never half. Any number of writers, in one process or in many, may race on a document;
exactly one of them wins a sequence number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

from crdtchat.stores.auditing import Auditing
from crdtchat.stores.document_key import DocumentKey as DocumentKey
from crdtchat.stores.hooking import Hooking, Notice
from crdtchat.sync.effects import Deed, LogEntry

Entry = LogEntry
"""One verified operation in the log."""
DATABASE = "the server's database"  # to those who ask, wherever it is


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may write under a client id of the document.

    A lease with a nonce was issued by the server and may be issued anew to somebody else with
    another nonce; one without a nonce is the id of a stock client, bound to its user for good.
    """

    client: int
    user: str
    nonce: str = ""


@dataclass(frozen=True, slots=True)
class Append:
    """One document's share of a commit."""

    key: DocumentKey
    epoch: int
    after: int
    """The sequence number these entries follow: the writer has seen everything up to it."""
    entries: tuple[Entry, ...]
    leases: tuple[Lease, ...] = ()
    """Written in the same transaction, replacing what is stored for their client ids."""
    conversations: int = 0
    """New annotations among the entries: added in the same transaction to the tenant's usage, as
    `conversationCreateCount` of the day of the last entry."""
    deeds: tuple[Deed, ...] = ()
    """Written to the audit log in the same transaction."""
    notices: tuple[Notice, ...] = ()
    """Queued for the tenant's webhooks in the same transaction."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The document moved on: somebody else appended, or it has a new epoch. Nothing was written."""

    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """A document rebuilt without what is to be forgotten: the beginning of its next epoch."""

    key: DocumentKey
    epoch: int
    sequence: int
    """What was rebuilt: the writer has seen everything up to it."""
    state: bytes
    """The document of the new epoch as one Yjs v1 update."""
    versions: frozenset[str] | None = None
    """Names of the page versions that stay; None: all."""
    deeds: tuple[Deed, ...] = ()
    """Written to the audit log in the same transaction."""
    next_epoch: int = 0
    """A later one; 0: the one after `epoch`."""


class Head(NamedTuple):
    """A place in a document's log."""

    epoch: int = 1
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that a room needs: the newest snapshot and the entries after it."""

    epoch: int = 1
    sequence: int = 0
    """Sequence number of the newest entry; 0 for a document nobody has written."""
    snapshot: bytes = b""
    """The document at `snapshot_sequence` as one Yjs v1 update; empty when there is none."""
    snapshot_sequence: int = 0
    entries: tuple[Entry, ...] = ()
    """Entries `snapshot_sequence + 1 .. sequence`, in order."""
    leases: tuple[Lease, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A page somebody has written on."""

    key: DocumentKey
    epoch: int
    sequence: int
    updated: int
    """Time of its newest entry, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as stored: only the SHA-256 of the secret is kept."""

    id: str
    digest: bytes
    tenant: str
    role: str
    user: str
    name: str
    pages: str = "*"
    """Glob over page ids."""
    expires: int = 0
    """Milliseconds since 1970; 0 = never."""
    created: int = 0
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class StoredTenant:
    """A tenant that is described in the store and not in the configuration."""

    name: str
    description: str
    """JSON; what it may hold is `crdtchat.access.description`'s business."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The role that an operator gave a user, whatever the user's token says."""

    tenant: str
    user: str
    role: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Counters of one tenant on one day (UTC, `YYYY-MM-DD`)."""

    tenant: str
    day: str
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PageVersion:
    """A text that annotations were made on. It proves itself: `digest` is its SHA-256."""

    name: str
    """Short form of the digest, by which annotations name it."""
    digest: bytes
    by: str
    """Id of the user who brought it."""
    at: int
    """When, in milliseconds since 1970."""
    size: int
    """Bytes of the text in UTF-8."""
    data: bytes
    """The text in UTF-8, compressed by zlib (RFC 1950)."""


class Put(StrEnum):
    """What became of a page version that was to be kept."""

    STORED = "stored"
    KNOWN = "known"
    """It was there."""
    TAKEN = "taken"
    """The name stands for another text."""
    FULL = "full"
    """The page has as many versions as it may have."""
    UNWRITTEN = "unwritten"
    """Nobody ever wrote on the page."""


CONVERSATIONS = "conversationCreateCount"
"""The usage counter that appends add to."""


def usage_day(at: int) -> str:
    """The UTC day (`YYYY-MM-DD`) of milliseconds since 1970."""
    return datetime.fromtimestamp(at / 1_000, UTC).date().isoformat()


class StoreError(Exception):
    """The store could not do it. `retry`: the same call may succeed later. `told`: the message as
    whoever asked may hear it, without the files and hosts that it names to the operator."""

    def __init__(self, message: str, *, retry: bool, told: str = "") -> None:
        super().__init__(message)
        self.retry, self.told = retry, told or message


class StoreUnavailable(StoreError):
    """Full or read-only disk, lock, lost connection: try again later. Nothing was written, or (of a
    transaction whose answer was lost) nobody knows whether it was."""

    def __init__(self, message: str, *, told: str = "") -> None:
        super().__init__(message, retry=True, told=told)


class StoreCorrupt(StoreError):
    """What is stored cannot be read back. Never papered over: the document is refused."""

    def __init__(self, message: str, *, told: str = "") -> None:
        super().__init__(message, retry=False, told=told)


class StoreTooNew(StoreError):
    """The schema was written by a newer crdtchat."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry=False)


class PageTooNew(StoreUnavailable):
    """A newer crdtchat wrote on the page what this one may misunderstand. Other nodes serve it."""


class Store(Auditing, Hooking, Protocol):
    """The exam is `crdtchat.testing.store_contract`; every store passes it.

    Every method may raise `StoreError`. After one, nothing of the call is stored. Text with U+0000
    or lone surrogates is such an error (no retry), for all of a call: refuse it where it comes in.
    """

    async def open(self) -> None:
        """Create or migrate the schema. Call once, before anything else."""

    async def close(self) -> None:
        """Finish what was begun and let go of files and threads. May be called twice."""

    async def load(self, key: DocumentKey, *, known: Head | None = None) -> Loaded:
        """Read a document as of one moment. One that was never written is `Loaded()`.

        `known`: somebody has everything up to there. If the log still tells the rest, the answer
        holds the entries behind it, and `snapshot_sequence` is that of `known` without a snapshot.
        """

    async def since(self, key: DocumentKey, after: int) -> tuple[Entry, ...]:
        """Return the entries after sequence `after`; none if the log ends there or before.

        Raises `StoreError` (no retry) if `after` lies before the newest snapshot: load instead.
        """

    async def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        """Commit several documents' entries in one durable transaction (group commit).

        Answers, in order, the new sequence number or `Conflict` for each; a conflict of one does
        not touch the others. When it returns, what was written survives a power cut.
        Two appends of one call may name the same document: they apply in order.
        Cancelled, it is whole or was never begun.
        """

    async def snapshot(self, key: DocumentKey, epoch: int, sequence: int, state: bytes) -> bool:
        """Keep `state` as the document at `sequence` and drop the entries it folds in.

        Answers False, and changes nothing, if the epoch is over, a newer snapshot is there, or
        the log does not reach `sequence`.
        """

    async def erase(self, erasure: Erasure) -> int | Conflict:
        """Put `state` in the place of a document's log, snapshot and leases, in one durable
        transaction. Answers the new epoch, or `Conflict` if the document moved on.

        The new epoch's sequence numbers go on behind the old one's. The old bytes are out of reach
        of every reader; `scrub` takes them off the disk.
        """

    async def remove_user(self, tenant: str, user: str) -> int:
        """Delete a user's tokens, names and all, their grant and their reports, and take their id
        off what waits for webhooks and off page versions; answers how many tokens there were.
        Counts as a change of the tenant's access."""

    async def scrub(self) -> None:
        """Take everything that was erased or deleted off the store's files, free space included.

        Writers wait meanwhile. May be repeated; raises `StoreUnavailable` if others' transactions
        are in the way for too long.
        """

    async def unscrubbed(self) -> bool:
        """Whether something was erased and no `scrub` has ended since: it was interrupted."""

    async def heads(self, keys: Sequence[DocumentKey]) -> list[Head]:
        """Where documents' logs end, in order; `Head()` for one that was never written."""

    async def revision(self) -> int:
        """A number that grows with every erasure and every change of a webhook, in whatever
        process: cheap to ask for often."""

    async def pages(
        self, tenant: str, *, after: Page | None = None, most: int | None = None
    ) -> list[Page]:
        """List the tenant's pages, last written first: all, or `most` behind the place that
        `after` had in the list."""

    async def tenants_of_pages(self) -> list[str]:
        """The names of all tenants that have pages, described somewhere or not."""

    async def add_token(self, token: Token) -> None:
        """Keep a token. Raises `StoreError` (no retry) if its id or digest is taken."""

    async def token(self, digest: bytes) -> Token | None:
        """Find a token by the SHA-256 of its secret; revoked and expired ones are returned too."""

    async def tokens(self, tenant: str) -> list[Token]:
        """List a tenant's tokens, newest first."""

    async def revoke_token(self, tenant: str, token_id: str) -> bool:
        """Revoke; answers whether there was such a token."""

    async def tenants(self) -> list[StoredTenant]:
        """List the stored tenants by name."""

    async def put_tenant(self, tenant: StoredTenant, *, over: str | None = None) -> bool:
        """Keep a tenant's description in place of the one before. `over`: only if that is the one
        before still, or where it is empty, if there is none. Answers whether it is kept."""

    async def remove_tenant(self, name: str) -> bool:
        """Forget a tenant, its tokens, grants and webhooks; its pages stay. Answers whether it was
        there."""

    async def grants(self, tenant: str | None = None) -> list[Grant]:
        """List a tenant's grants by user, or everybody's."""

    async def put_grant(self, grant: Grant, *, first: bool = False) -> bool:
        """Keep a user's role in place of the one before; `first`: only if there is none. Answers
        whether it is kept."""

    async def remove_grant(self, tenant: str, user: str, *, role: str | None = None) -> bool:
        """Forget a user's role, or only this one; answers whether there was one."""

    async def access_changes(self, after: int) -> tuple[int, frozenset[str]]:
        """Which tenants' tokens, grants or descriptions were changed or taken away (by any
        process) since change number `after`, and the newest number, to go on from. That is
        smaller than `after` where an older backup took the place of what was there.

        Ask with -1 first. New tokens are no change: nobody came in by them yet.
        """

    async def add_usage(self, usages: Sequence[Usage]) -> None:
        """Add to the counters, all in one transaction."""

    async def usage(self, tenant: str, first_day: str, last_day: str) -> list[Usage]:
        """Read the counters of a span of days, both ends included, in order of day."""

    async def secret(self, name: str) -> bytes:
        """Return the 32 random bytes kept under `name`, made at the first call."""

    async def put_version(self, key: DocumentKey, version: PageVersion, most: int) -> Put:
        """Keep a page version, unless the page has `most` of them already. Idempotent."""

    async def version(self, key: DocumentKey, name: str) -> PageVersion | None:
        """Find a page version."""

    async def versions(self, key: DocumentKey) -> list[str]:
        """List the names of a page's versions, oldest first."""

    async def keep_versions(self, key: DocumentKey, names: Collection[str], before: int) -> int:
        """Erase the page's versions that came before `before` (milliseconds since 1970) and are not
        among `names`; answer how many."""


CallSoon = Callable[[Callable[[], object]], None]
"""Calls a function in an event loop, from any thread."""


@runtime_checkable
class PromptStore(Protocol):
    """A store that also takes appends in the same breath, without a task."""

    def append_soon(
        self,
        appends: Sequence[Append],
        settle: Callable[[list[int | Conflict] | BaseException], None],
        soon: CallSoon,
    ) -> None:
        """`Store.append`; `soon` then calls `settle`, never before this returns, with what that
        returns or raises."""
