"""What the verifier asks of a document's schema: one rule per root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from crdtchat.sync.message import EventKind
from crdtchat.sync.update import Value

Facts = tuple[str | int, ...]
"""What conflicts cannot change about a key's record, such as its author."""

SERVER_CLIENT = 1
"""Client id of the server's own writes in the first epoch."""
_LATER = 2**32
_EPOCHS = 2**20


def server_client(epoch: int) -> int:
    """Client id of the server's own writes in an epoch.

    Every epoch has its own, beyond the ids that Yjs draws (32 bits): a replica of an older epoch
    is known by the server's items in it, and nothing in it can be taken for an item of today.
    """
    return SERVER_CLIENT if epoch == 1 else _LATER + epoch


def is_server_client(client: int) -> bool:
    """Whether an id is the server's in some epoch: no client writes under it."""
    return client == SERVER_CLIENT or _LATER < client <= _LATER + _EPOCHS


class Actor(NamedTuple):
    """On whose behalf an update is judged, and when."""

    user: str
    now: int
    """Server time, in milliseconds since 1970."""
    may_comment: bool = False
    may_moderate: bool = False
    server: bool = False
    may_import: bool = False
    """Whether it writes for people of elsewhere, who are told apart from those of here."""
    may_restore: bool = False
    """Whether it writes for anybody: a backup comes back under the names it was made of."""
    comment_cp: int = 0
    """Characters of a comment, where fewer are allowed than by the schema; 0: as many."""
    annotations: int = 0
    """How many a page may hold when they add to it; 0: any number."""
    spend: Callable[[int, int], None] | None = None
    """Takes so many new ones out of a quota, now, when the update was found to be right. Raises
    Refused."""


class View(Protocol):
    """The facts a rule may judge by: the mirror, and what the same update wrote before."""

    def facts(self, root: str, key: str) -> Facts | None:
        """Facts of a key that holds a record; None if it holds none."""


class Rule(Protocol):
    """The law of one root. Every method raises Refused with the code of what is wrong."""

    @property
    def is_tombstone(self) -> bool:
        """Whether writing here sends other keys to be purged."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        """Judge one value; answer the facts to remember of its key."""

    def remove(self, view: View, actor: Actor, key: str) -> None:
        """Judge that a key ends without a value."""

    def facts(self, key: str, value: Value) -> Facts:
        """The facts of a stored value, judged when it was written."""

    def purges(self, key: str, other_root: str, other_key: str) -> bool:
        """Whether writing `key` here sends the other key of the same group to be purged."""

    def deeds(self, view: View, user: str, key: str, facts: Facts) -> tuple[str, ...]:
        """What a write to `key` by `user`, which left these facts, is called in the audit log.

        `view` holds the facts before it. Asked for the roots that `Law.noted` names.
        """

    def event(self, key: str) -> tuple[EventKind, str, str] | None:
        """What a write to `key` means to readers: kind, annotation id, comment id (or empty)."""


RuleTable = Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Law:
    """All that this layer knows of a document's schema."""

    version: int
    rules: RuleTable
    threads: str
    """The root that has one key for each thread of a page."""
    attest: Callable[[str, str], tuple[str, str, Value]]
    """The record (root, key, value) by which the server attests a user's name."""
    comment_cp: int
    """Longest comment, in code points, as clients are told."""
    noted: frozenset[str] = frozenset()
    """Roots whose writes may be deeds for the audit log."""


def group(key: str) -> str:
    """The part of a key before the first `/`: keys of one group are purged together."""
    return key.partition("/")[0]
