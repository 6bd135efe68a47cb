"""The audit log: who did what, when, to what. Synchronous; runs in a store's threads.

Raises `sqlite3.Error`; after it, nothing of the call is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from crdtchat.stores.base import Audited, DocumentKey
from crdtchat.stores.sqlite_file import transaction
from crdtchat.sync.effects import Deed

_COLUMNS = "who, role, action, target, at, via, count"


def create_audit(connection: sqlite3.Connection) -> None:
    """Migration: the table. A line never changes; whole ones go when their time is over."""
    connection.execute(
        """CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant TEXT NOT NULL,
            page TEXT NOT NULL,
            who TEXT NOT NULL,
            role TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            at INTEGER NOT NULL,
            via TEXT NOT NULL,
            count INTEGER NOT NULL)"""
    )
    connection.execute("CREATE INDEX audit_tenant ON audit (tenant, id)")


def note(connection: sqlite3.Connection, key: DocumentKey, deeds: Sequence[Deed]) -> None:
    """Write lines, inside a transaction."""
    connection.executemany(
        f"INSERT INTO audit (tenant, page, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(key.tenant, key.page, *deed) for deed in deeds],
    )


def add(connection: sqlite3.Connection, key: DocumentKey, deeds: Sequence[Deed]) -> None:
    """See `Store.add_deeds`."""
    with transaction(connection, "IMMEDIATE"):
        note(connection, key, deeds)


def find(
    connection: sqlite3.Connection,
    tenant: str,
    page: str | None,
    first: int,
    last: int,
    after: int,
    most: int,
) -> list[Audited]:
    """See `Store.deeds`."""
    rows = connection.execute(
        f"SELECT id, page, {_COLUMNS} FROM audit WHERE tenant = ? AND id > ? AND at BETWEEN ? AND ?"
        " AND (? IS NULL OR page = ?) ORDER BY id LIMIT ?",
        (tenant, after, first, last, page, page, most),
    )
    return [Audited(number, where, Deed(*rest)) for number, where, *rest in rows]


def trim(connection: sqlite3.Connection, tenant: str, before: int) -> int:
    """See `Store.trim_deeds`."""
    with transaction(connection, "IMMEDIATE"):
        return connection.execute(
            "DELETE FROM audit WHERE tenant = ? AND at < ?", (tenant, before)
        ).rowcount
