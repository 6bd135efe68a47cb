"""Erasing documents, and taking what was erased off the disk. Runs in a store's own threads.

A deleted row is overwritten at once (`secure_delete`), but two places may keep a copy: the
write-ahead log, until it is folded in and cut, and a page whose cells SQLite once moved to another.
`scrub` writes the whole file anew and cuts the log; the flag `unscrubbed`, set by the erasing
transaction itself, makes sure that it happens though the process dies in between.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Sequence

from crdtchat.stores.base import Conflict, DocumentKey, Erasure, Head, StoreUnavailable
from crdtchat.stores.checksum import document_seed, snapshot_checksum
from crdtchat.stores.packing import pack
from crdtchat.stores.sqlite_access import note_change
from crdtchat.stores.sqlite_audit import note
from crdtchat.stores.sqlite_file import transaction
from crdtchat.stores.sqlite_hooks import forget_user
from crdtchat.stores.sqlite_read import find_head

_ERASED = "UPDATE revision SET number = number + 1, unscrubbed = 1"
_PAUSE_S = 0.02
_READERS_S = 5.0
"""How long to wait for readers in other processes, whose transactions last milliseconds."""


def add_revision(connection: sqlite3.Connection) -> None:
    """Migration: one row that counts erasures and remembers an unfinished scrub."""
    connection.execute(
        "CREATE TABLE revision (number INTEGER NOT NULL, unscrubbed INTEGER NOT NULL)"
    )
    connection.execute("INSERT INTO revision VALUES (0, 0)")


def erase(connection: sqlite3.Connection, erasure: Erasure) -> int | Conflict:
    """See `Store.erase`."""
    kept, packed = pack(erasure.state)
    with transaction(connection, "IMMEDIATE"):
        head = find_head(connection, erasure.key)
        if head is None:
            return Conflict(1, 0)
        document_id, epoch, sequence = head
        if (erasure.epoch, erasure.sequence) != (epoch, sequence):
            return Conflict(epoch, sequence)
        epoch = erasure.next_epoch or epoch + 1
        sequence += 1
        connection.execute("DELETE FROM entry WHERE document_id = ?", (document_id,))
        connection.execute("DELETE FROM lease WHERE document_id = ?", (document_id,))
        checksum = snapshot_checksum(document_seed(erasure.key, epoch), sequence, erasure.state)
        connection.execute(
            "REPLACE INTO snapshot (document_id, sequence, state, packed, checksum)"
            " VALUES (?, ?, ?, ?, ?)",
            (document_id, sequence, kept, packed, checksum),
        )
        connection.execute(
            "UPDATE document SET epoch = ?, sequence = ? WHERE id = ?",
            (epoch, sequence, document_id),
        )
        if erasure.versions is not None:
            _drop_versions(connection, document_id, erasure.versions)
        note(connection, erasure.key, erasure.deeds)
        connection.execute(_ERASED)
    return epoch


def _drop_versions(connection: sqlite3.Connection, document_id: int, kept: Collection[str]) -> None:
    rows = connection.execute(
        "SELECT id, name FROM page_version WHERE document_id = ?", (document_id,)
    ).fetchall()
    connection.executemany(
        "DELETE FROM page_version WHERE id = ?",
        [(number,) for number, name in rows if name not in kept],
    )


def remove_user(connection: sqlite3.Connection, tenant: str, user: str) -> int:
    """See `Store.remove_user`."""
    with transaction(connection, "IMMEDIATE"):
        removed = connection.execute(
            "DELETE FROM token WHERE tenant = ? AND user = ?", (tenant, user)
        ).rowcount
        connection.execute("DELETE FROM report WHERE tenant = ? AND by = ?", (tenant, user))
        connection.execute("DELETE FROM role_grant WHERE tenant = ? AND user = ?", (tenant, user))
        connection.execute(
            "UPDATE page_version SET by = '' WHERE by = ?"
            " AND document_id IN (SELECT id FROM document WHERE tenant = ?)",
            (user, tenant),
        )
        forget_user(connection, tenant, user)
        note_change(connection, tenant)
        connection.execute(_ERASED)
    return removed


def scrub(connection: sqlite3.Connection, busy_ms: int) -> None:
    """See `Store.scrub`. Raises `StoreUnavailable` if a reader stays in the way."""
    connection.execute("VACUUM")
    deadline = time.monotonic() + max(_READERS_S, busy_ms / 1000)
    while True:
        (blocked, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not blocked:
            break
        if time.monotonic() >= deadline:
            raise StoreUnavailable(
                "Another process keeps reading the database, so old pages cannot leave its log: "
                "what was erased is out of reach but not off the disk yet; try again."
            )
        time.sleep(_PAUSE_S)
    with transaction(connection, "IMMEDIATE"):
        connection.execute("UPDATE revision SET unscrubbed = 0")


def is_unscrubbed(connection: sqlite3.Connection) -> bool:
    """See `Store.unscrubbed`."""
    (pending,) = connection.execute("SELECT unscrubbed FROM revision").fetchone()
    return bool(pending)


def find_revision(connection: sqlite3.Connection) -> int:
    """See `Store.revision`."""
    (number,) = connection.execute("SELECT number FROM revision").fetchone()
    return int(number)


def find_heads(connection: sqlite3.Connection, keys: Sequence[DocumentKey]) -> list[Head]:
    """See `Store.heads`."""
    with transaction(connection, "DEFERRED"):
        heads = [find_head(connection, key) for key in keys]
    return [Head() if head is None else Head(*head[1:]) for head in heads]
