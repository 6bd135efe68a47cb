"""The audit log: who did what, when, to what. Synchronous; runs in a store's threads.

Raises `sqlite3.Error`; after it, nothing of the call is stored.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence

from crdtchat.stores.auditing import Audited, Report
from crdtchat.stores.base import DocumentKey
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


def create_reports(connection: sqlite3.Connection) -> None:
    """Migration: what readers reported and no moderator dealt with yet."""
    connection.execute(
        """CREATE TABLE report (
            tenant TEXT NOT NULL,
            page TEXT NOT NULL,
            target TEXT NOT NULL,
            by TEXT NOT NULL,
            reason TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (tenant, page, target, by)) WITHOUT ROWID"""
    )


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


def find_pages(connection: sqlite3.Connection, tenant: str, actions: Collection[str]) -> list[str]:
    """See `Store.pages_of_deeds`."""
    places = ", ".join("?" for _ in actions)
    rows = connection.execute(
        "SELECT DISTINCT page FROM audit WHERE tenant = ? AND page != ''"
        f" AND action IN ({places}) ORDER BY page",
        (tenant, *actions),
    )
    return [page for (page,) in rows]


def trim(connection: sqlite3.Connection, tenant: str, before: int, held: Collection[str]) -> int:
    """See `Store.trim_deeds`."""
    with transaction(connection, "IMMEDIATE"):
        return connection.execute(
            "DELETE FROM audit WHERE tenant = ? AND at < ?"
            " AND page NOT IN (SELECT value FROM json_each(?))",
            (tenant, before, json.dumps(list(held))),
        ).rowcount


def add_report(connection: sqlite3.Connection, tenant: str, report: Report) -> None:
    """See `Store.add_report`."""
    with transaction(connection, "IMMEDIATE"):
        connection.execute(
            "REPLACE INTO report (tenant, page, target, by, reason, at) VALUES (?, ?, ?, ?, ?, ?)",
            (tenant, *report),
        )


def list_reports(connection: sqlite3.Connection, tenant: str) -> list[Report]:
    """See `Store.reports`."""
    rows = connection.execute(
        "SELECT page, target, by, reason, at FROM report WHERE tenant = ?"
        " ORDER BY at, page, target, by",
        (tenant,),
    )
    return [Report(*row) for row in rows]


def remove_reports(connection: sqlite3.Connection, key: DocumentKey, target: str) -> int:
    """See `Store.remove_reports`."""
    with transaction(connection, "IMMEDIATE"):
        return connection.execute(
            "DELETE FROM report WHERE tenant = ? AND page = ? AND target = ?",
            (key.tenant, key.page, target),
        ).rowcount
