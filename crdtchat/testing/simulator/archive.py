"""The committed truth about one page, kept by the simulation itself and never forgotten.

Every entry is judged once more as it becomes durable, by a plain reading of PROTOCOL section 3 and
not by the code under test (DESIGN invariants 3 and 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.stores.base import Entry
from crdtchat.sync.fold import fold
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import is_server_client
from crdtchat.sync.session import Peer
from crdtchat.sync.update import Id, Update, Value, decode_update

Fail = Callable[[str], AssertionError]

_AUTHOR = {"a": 0, "c": 0, "s": 1, "d": 0, "t": 0, "m": 1}
"""Where a root's value names who wrote it."""
_FIXED = (0, 1, 4)
"""Positions of a comment that never change: author, time, parent."""


@dataclass(slots=True)
class Archive:
    """All of a page's entries from the first on, and what follows from them."""

    peers: Mapping[str, Peer]
    """Who may write here, by user id."""
    owners: Mapping[int, str]
    """Client ids of honest stock clients and their users."""
    senders: Mapping[bytes, set[str]]
    """Users whose sessions sent an operation, by broadcastId."""
    fail: Fail
    base: bytes = b""
    """The state that the newest epoch began with; empty for the first."""
    sequence: int = 0
    """Where the log ends."""
    entries: list[Entry] = field(default_factory=list)
    """Of the newest epoch."""
    mirror: Mirror = field(default_factory=Mirror)
    past: list[Mirror] = field(default_factory=list)
    """Of the epochs before: what was sent of them may still be on its way."""
    written: dict[tuple[str, str], list[Value]] = field(default_factory=dict)
    """Every value ever committed, also overtaken ones, in the order of the log."""
    broadcast_ids: set[bytes] = field(default_factory=set)
    sent: dict[bytes, list[Id]] = field(default_factory=dict)
    """The items here of each operation that honest clients sent, by broadcastId."""

    def add(self, entry: Entry) -> None:
        """An entry became durable. Raises InvariantBroken."""
        self.entries.append(entry)
        self.sequence += 1
        self.broadcast_ids.add(entry.broadcast_id)
        before = self.mirror.state_vector()
        update = decode_update(entry.update, TRUSTED)
        fold(entry.update, self.mirror, RULES)
        self._check_sender(entry, update)
        self._check_order(entry, update)
        made: list[tuple[str, str, Value]] = []
        for section in update.sections:
            for item in section.items:
                if item.clock + item.length <= before.get(section.client, 0):
                    raise self.fail(f"item {section.client}:{item.clock} is in the log twice")
                record = self.mirror.locate((section.client, item.clock))
                if record is None or item.values is None:
                    continue
                made += ((record.root, record.key, value) for value in item.values)
        # A stock client tells of a deletion and of what it deletes in one update, in any order.
        for root, key, value in sorted(made, key=lambda one: one[0] in ("d", "t")):
            self._check_value(entry.principal, root, key, value)
            self.written.setdefault((root, key), []).append(value)

    @property
    def annotations(self) -> set[str]:
        """Ids of all that were ever made here."""
        return {key for root, key in self.written if root == "a"}

    def rebuilt(self, state: bytes, sequence: int) -> None:
        """A new epoch begins with this state."""
        self.base, self.sequence = state, sequence
        self.entries.clear()
        for items in self.sent.values():
            items.clear()
        self.past.append(self.mirror)
        self.mirror = Mirror()
        fold(state, self.mirror, RULES)
        replica = Replica()
        replica.apply(state)
        for key, value in replica.values("d").items():
            self.written.setdefault(("d", key), []).append(value)

    def _check_sender(self, entry: Entry, update: Update) -> None:
        clients = [section.client for section in update.sections]
        if entry.principal == "":
            if not all(map(is_server_client, clients)):
                raise self.fail(f"the server wrote under {clients}")
            return
        if not self.peers[entry.principal].may_comment:
            raise self.fail(f"{entry.principal} may not write and did")
        for client in clients:
            if self.owners.get(client, entry.principal) != entry.principal:
                raise self.fail(f"{entry.principal} wrote as client {client} of another user")
        sent_by = self.senders.get(entry.broadcast_id)
        if sent_by is not None and entry.principal not in sent_by:
            raise self.fail(f"an operation of {sent_by} is filed under {entry.principal}")

    def _check_order(self, entry: Entry, update: Update) -> None:
        """Who sends an operation again goes on from the second sending: a first that stood above it
        would stand above what was acknowledged behind it."""
        items = self.sent.get(entry.broadcast_id)
        if items is None:
            return
        ids = [
            (section.client, clock)
            for section in update.sections
            for clock in range(section.clock, section.end)
        ]
        for one in ids if items else ():
            record = self.mirror.locate(one)
            if record is None:
                continue
            above = False
            for other in record.items():
                above = above or other == one
                if above and other in items:
                    raise self.fail(
                        f"an operation on {record.root}/{record.key} that {entry.principal} sent "
                        "again stands below its first sending"
                    )
        items += ids

    def _check_value(self, principal: str, root: str, key: str, value: Value) -> None:
        where = f"{root}/{key} by {principal or 'the server'}"
        if root == "u":
            if principal:
                raise self.fail(f"{where}: attested by somebody else than the server")
            return
        author = key.rsplit("/", 1)[1] if root == "r" else value[_AUTHOR[root]]
        if author != principal:
            raise self.fail(f"{where}: signed {author!r}")
        earlier = self.written.get((root, key))
        if earlier and root in ("a", "d"):
            raise self.fail(f"{where}: written twice")
        if earlier and root == "c":
            past, now = _filled(earlier[0]), _filled(value)
            if any(past[at] != now[at] for at in _FIXED):
                raise self.fail(f"{where}: changed what never changes")
        if root == "m" and not self.peers[principal].may_moderate:
            raise self.fail(f"{where}: decides without being a moderator")
        if root in ("d", "t") and not self.peers[principal].may_moderate:
            head = self.written.get(("c" if "/" in key else "a", key))
            if not head or head[0][0] != principal:
                raise self.fail(f"{where}: changes what belongs to somebody else")

    def lacks(self, update: Update) -> str:
        """What of an update was not committed in any one epoch; empty if it all was."""
        lacking = _lacks(self.mirror, update)
        if lacking and any(not _lacks(mirror, update) for mirror in self.past):
            return ""
        return lacking


def _lacks(mirror: Mirror, update: Update) -> str:
    for section in update.sections:
        known = mirror.next_clock(section.client)
        if section.end > known:
            return f"items {section.client}:{known}..{section.end}"
    for client, ranges in update.deletes:
        for first, end in ranges:
            for clock in range(first, end):
                record = mirror.locate((client, clock))
                if record is None or (record.last == (client, clock) and not record.dead):
                    return f"the deletion of {client}:{clock}"
    return ""


def _filled(value: Value) -> tuple[str | int, ...]:
    """All positions of a comment, those left out at their defaults."""
    return (*value, *("", 0, "", 0, "")[len(value) :])
