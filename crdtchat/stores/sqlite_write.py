"""Writing documents: conditional append and snapshot. Synchronous; runs in a store's one writer.

Raises `sqlite3.Error` and what is named below; after either, nothing of the call is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from crdtchat.stores.base import CONVERSATIONS, Append, Conflict, DocumentKey, usage_day
from crdtchat.stores.checksum import (
    document_seed,
    entry_checksum,
    lease_checksum,
    snapshot_checksum,
)
from crdtchat.stores.packing import pack
from crdtchat.stores.sqlite_audit import note
from crdtchat.stores.sqlite_file import transaction
from crdtchat.stores.sqlite_hooks import queue
from crdtchat.stores.sqlite_read import find_head, find_snapshot
from crdtchat.stores.sqlite_tables import ADD_USAGE
from crdtchat.stores.text import require_append_text

# Documents whose id the writer remembers: saves a look-up by key (3 of about 20 us per entry).
_REMEMBERED = 4_096

# A snapshot gives free pages back when there are more than this, and so many at once (4 KiB each):
# a writer holds everybody up for some milliseconds at most, and small files are left alone.
_FREE_PAGES = 1_024
_VACUUM_PAGES = 512


@dataclass(slots=True)
class _Commit:
    """What one call of `append` is about to write."""

    entries: list[tuple[int, int, str, int, bytes, bytes, int]] = field(default_factory=list)
    leases: list[tuple[int, int, str, str, int]] = field(default_factory=list)
    usage: list[tuple[str, str, str, int]] = field(default_factory=list)
    ids: dict[DocumentKey, int] = field(default_factory=dict)


class LogWriter:
    """Appends to logs and folds them.

    1. An append is inside iff its document's row was at exactly (epoch, after).
    2. Only ids that a commit made durable are remembered.
    """

    def __init__(self) -> None:
        self._ids: dict[DocumentKey, int] = {}

    def append(
        self, connection: sqlite3.Connection, appends: Sequence[Append]
    ) -> list[int | Conflict]:
        """See `Store.append`. Raises `StoreError` for text that cannot be stored."""
        for append in appends:
            require_append_text(append)
        commit = _Commit()
        with transaction(connection, "IMMEDIATE"):
            outcomes = [self._advance(connection, append, commit) for append in appends]
            connection.executemany(
                'INSERT INTO entry (document_id, sequence, principal, at, broadcast_id, "update",'
                " checksum) VALUES (?, ?, ?, ?, ?, ?, ?)",
                commit.entries,
            )
            if commit.leases:
                connection.executemany(
                    "INSERT INTO lease (document_id, client, user, nonce, checksum)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (document_id, client) DO UPDATE SET user ="
                    " excluded.user, nonce = excluded.nonce, checksum = excluded.checksum",
                    commit.leases,
                )
            if commit.usage:
                connection.executemany(ADD_USAGE, commit.usage)
            for append, outcome in zip(appends, outcomes, strict=True):
                if append.deeds and isinstance(outcome, int):
                    note(connection, append.key, append.deeds)
                if append.notices and isinstance(outcome, int):
                    queue(connection, append.key, append.notices)
        if len(self._ids) >= _REMEMBERED:
            self._ids.clear()
        self._ids.update(commit.ids)
        return outcomes

    def _advance(
        self, connection: sqlite3.Connection, append: Append, commit: _Commit
    ) -> int | Conflict:
        """Move the document's row on, and collect the rows to be written, if it stood there."""
        document_id = self._move(connection, append, commit)
        if isinstance(document_id, Conflict):
            return document_id
        seed = document_seed(append.key, append.epoch)
        for sequence, entry in enumerate(append.entries, append.after + 1):
            checksum = entry_checksum(seed, sequence, entry)
            row = (entry.principal, entry.at, entry.broadcast_id, entry.update, checksum)
            commit.entries.append((document_id, sequence, *row))
        for lease in append.leases:
            checksum = lease_checksum(seed, lease)
            commit.leases.append((document_id, lease.client, lease.user, lease.nonce, checksum))
        if append.conversations:
            day = usage_day(append.entries[-1].at)
            commit.usage.append((append.key.tenant, day, CONVERSATIONS, append.conversations))
        commit.ids[append.key] = document_id
        return append.after + len(append.entries)

    def _move(
        self, connection: sqlite3.Connection, append: Append, commit: _Commit
    ) -> int | Conflict:
        sequence = append.after + len(append.entries)
        updated = append.entries[-1].at if append.entries else None
        document_id = commit.ids.get(append.key) or self._ids.get(append.key)
        if document_id is None:
            head = find_head(connection, append.key)
            if head is None and (append.epoch, append.after) == (1, 0):
                inserted = connection.execute(
                    "INSERT INTO document (tenant, page, scope, epoch, sequence, updated)"
                    " VALUES (?, ?, ?, 1, ?, ?)",
                    (*append.key, sequence, updated or 0),
                ).lastrowid
                assert inserted is not None
                return inserted
            if head is None:
                return Conflict(1, 0)
            document_id = head[0]
        moved = connection.execute(
            "UPDATE document SET sequence = ?, updated = coalesce(?, updated)"
            " WHERE id = ? AND epoch = ? AND sequence = ?",
            (sequence, updated, document_id, append.epoch, append.after),
        ).rowcount
        if moved:
            return document_id
        # Somebody was faster, or the remembered id is one that another process erased.
        self._ids.pop(append.key, None)
        _, epoch, stored = find_head(connection, append.key) or (0, 1, 0)
        return Conflict(epoch, stored)

    def snapshot(
        self,
        connection: sqlite3.Connection,
        key: DocumentKey,
        epoch: int,
        sequence: int,
        state: bytes,
    ) -> bool:
        """See `Store.snapshot`."""
        kept, packed = pack(state)  # before the file is locked: it takes milliseconds
        with transaction(connection, "IMMEDIATE"):
            document_id, stored_epoch, newest = find_head(connection, key) or (0, 0, 0)
            oldest = max(1, find_snapshot(connection, document_id))
            if epoch != stored_epoch or not oldest <= sequence <= newest:
                return False
            checksum = snapshot_checksum(document_seed(key, epoch), sequence, state)
            connection.execute(
                "REPLACE INTO snapshot (document_id, sequence, state, packed, checksum)"
                " VALUES (?, ?, ?, ?, ?)",
                (document_id, sequence, kept, packed, checksum),
            )
            connection.execute(
                "DELETE FROM entry WHERE document_id = ? AND sequence <= ?",
                (document_id, sequence),
            )
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            if free > _FREE_PAGES:
                # One by one: this module takes only the first step of the statement anyway, and
                # its executescript, which takes all, would commit first.
                for _ in range(_VACUUM_PAGES):
                    connection.execute("PRAGMA incremental_vacuum(1)")
        return True
