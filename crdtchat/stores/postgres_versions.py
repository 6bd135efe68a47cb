"""Page versions in PostgreSQL. Runs in a store's threads; what writes runs inside a transaction.

Raises `psycopg.Error`.
"""

from __future__ import annotations

from collections.abc import Collection

from psycopg import Connection

from crdtchat.stores.base import DocumentKey, PageVersion, Put
from crdtchat.stores.postgres_schema import digest_of

_COLUMNS = "name, digest, brought_by, at, size, data"
_OF_DOCUMENT = "document_id = (SELECT id FROM document WHERE digest = %b)"


def put(connection: Connection, key: DocumentKey, version: PageVersion, most: int) -> Put:
    """See `Store.put_version`."""
    document = connection.execute(
        "SELECT id FROM document WHERE digest = %b FOR UPDATE", (digest_of(*key),)
    ).fetchone()
    if document is None:
        return Put.UNWRITTEN
    known = connection.execute(
        "SELECT digest FROM page_version WHERE document_id = %b AND name = %b",
        (*document, version.name),
    ).fetchone()
    if known is not None:
        return Put.KNOWN if known[0] == version.digest else Put.TAKEN
    count = connection.execute(
        "SELECT count(*) FROM page_version WHERE document_id = %b", document
    ).fetchone()
    if count is not None and count[0] >= most:
        return Put.FULL
    row = (version.name, version.digest, version.by, version.at, version.size, version.data)
    connection.execute(
        f"INSERT INTO page_version (document_id, {_COLUMNS}) VALUES (%b, %b, %b, %b, %b, %b, %b)",
        (*document, *row),
    )
    return Put.STORED


def find(connection: Connection, key: DocumentKey, name: str) -> PageVersion | None:
    """See `Store.version`."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM page_version WHERE {_OF_DOCUMENT} AND name = %b",
        (digest_of(*key), name),
        binary=True,
    ).fetchone()
    return None if row is None else PageVersion(*row)


def names(connection: Connection, key: DocumentKey) -> list[str]:
    """See `Store.versions`."""
    rows = connection.execute(
        f"SELECT name FROM page_version WHERE {_OF_DOCUMENT} ORDER BY id", (digest_of(*key),)
    )
    return [name for (name,) in rows]


def keep(connection: Connection, key: DocumentKey, kept: Collection[str], before: int) -> int:
    """See `Store.keep_versions`."""
    return connection.execute(
        f"DELETE FROM page_version WHERE {_OF_DOCUMENT} AND at < %b AND name <> ALL(%b::text[])",
        (digest_of(*key), before, list(kept)),
    ).rowcount
