"""Page versions: texts that annotations were made on. Synchronous; runs in a store's threads.

Raises `sqlite3.Error`; after it, nothing of the call is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from crdtchat.stores.base import DocumentKey, PageVersion, Put
from crdtchat.stores.sqlite_file import transaction

_COLUMNS = "name, digest, by, at, size, data"
_OF_DOCUMENT = "document_id = (SELECT id FROM document WHERE tenant = ? AND page = ? AND scope = ?)"


def create_versions(connection: sqlite3.Connection) -> None:
    """Migration: the table. No checksum column: a text that changed no longer has its digest."""
    connection.execute(
        """CREATE TABLE page_version (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            document_id INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
            name TEXT NOT NULL,
            digest BLOB NOT NULL,
            by TEXT NOT NULL,
            at INTEGER NOT NULL,
            size INTEGER NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (document_id, name))"""
    )


def put(connection: sqlite3.Connection, key: DocumentKey, version: PageVersion, most: int) -> Put:
    """See `Store.put_version`."""
    with transaction(connection, "IMMEDIATE"):
        document = connection.execute(
            "SELECT id FROM document WHERE tenant = ? AND page = ? AND scope = ?", key
        ).fetchone()
        if document is None:
            return Put.UNWRITTEN
        known = connection.execute(
            "SELECT digest FROM page_version WHERE document_id = ? AND name = ?",
            (*document, version.name),
        ).fetchone()
        if known is not None:
            return Put.KNOWN if known[0] == version.digest else Put.TAKEN
        (count,) = connection.execute(
            "SELECT count(*) FROM page_version WHERE document_id = ?", document
        ).fetchone()
        if count >= most:
            return Put.FULL
        row = (version.name, version.digest, version.by, version.at, version.size, version.data)
        connection.execute(
            f"INSERT INTO page_version (document_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*document, *row),
        )
    return Put.STORED


def find(connection: sqlite3.Connection, key: DocumentKey, name: str) -> PageVersion | None:
    """See `Store.version`."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM page_version WHERE {_OF_DOCUMENT} AND name = ?", (*key, name)
    ).fetchone()
    return None if row is None else PageVersion(*row)


def names(connection: sqlite3.Connection, key: DocumentKey) -> list[str]:
    """See `Store.versions`."""
    rows = connection.execute(
        f"SELECT name FROM page_version WHERE {_OF_DOCUMENT} ORDER BY id", key
    )
    return [name for (name,) in rows]


def keep(
    connection: sqlite3.Connection, key: DocumentKey, kept: Collection[str], before: int
) -> int:
    """See `Store.keep_versions`."""
    with transaction(connection, "IMMEDIATE"):
        rows = connection.execute(
            f"SELECT id, name FROM page_version WHERE {_OF_DOCUMENT} AND at < ?", (*key, before)
        ).fetchall()
        doomed = [(number,) for number, name in rows if name not in kept]
        connection.executemany("DELETE FROM page_version WHERE id = ?", doomed)
    return len(doomed)
