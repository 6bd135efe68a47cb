"""The tables, and how older ones become today's.

`PRAGMA user_version` counts the migrations a file has seen. A released migration never changes.
No feature newer than SQLite 3.33 (RETURNING, STRICT): long-term distributions ship those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from crdtchat.stores.base import StoreCorrupt, StoreTooNew
from crdtchat.stores.sqlite_access import make_access_tables
from crdtchat.stores.sqlite_audit import create_audit, create_reports
from crdtchat.stores.sqlite_erase import add_revision
from crdtchat.stores.sqlite_errors import damaged
from crdtchat.stores.sqlite_file import transaction
from crdtchat.stores.sqlite_hooks import create_webhooks
from crdtchat.stores.sqlite_versions import create_versions

Migration = Callable[[sqlite3.Connection], None]

# "CrCh": tells our file from another program's, which must not get our tables.
APPLICATION_ID = 0x43724368


def _first(connection: sqlite3.Connection) -> None:
    """Lay the tables out.

    `entry` is a table in order of commit with a narrow index, not one clustered by document:
    64 entries of 64 documents then touch a few tail pages and a few index pages instead of 64
    pages (measured: half the CPU per entry), and its `id` gives an auditor the order of commits
    over all documents. `checksum` columns are CRC-32 (crdtchat.stores.checksum).
    """
    for statement in (
        # Ids are never used twice: a writer's remembered id cannot come to mean another document.
        """CREATE TABLE document (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            tenant TEXT NOT NULL,
            page TEXT NOT NULL,
            scope TEXT NOT NULL,
            UNIQUE (tenant, page, scope))""",
        """CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            document_id INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
            sequence INTEGER NOT NULL,
            principal TEXT NOT NULL,
            at INTEGER NOT NULL,
            broadcast_id BLOB NOT NULL,
            "update" BLOB NOT NULL,
            checksum INTEGER NOT NULL,
            UNIQUE (document_id, sequence))""",
        """CREATE TABLE snapshot (
            document_id INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE,
            sequence INTEGER NOT NULL,
            state BLOB NOT NULL,
            checksum INTEGER NOT NULL)""",
        """CREATE TABLE lease (
            document_id INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
            client INTEGER NOT NULL,
            user TEXT NOT NULL,
            nonce TEXT NOT NULL,
            checksum INTEGER NOT NULL,
            PRIMARY KEY (document_id, client)) WITHOUT ROWID""",
        """CREATE TABLE token (
            id TEXT PRIMARY KEY NOT NULL,
            digest BLOB NOT NULL UNIQUE,
            tenant TEXT NOT NULL,
            role TEXT NOT NULL,
            user TEXT NOT NULL,
            name TEXT NOT NULL,
            pages TEXT NOT NULL,
            expires INTEGER NOT NULL,
            created INTEGER NOT NULL,
            revoked INTEGER NOT NULL)""",
        "CREATE INDEX token_tenant ON token (tenant)",
        """CREATE TABLE usage (
            tenant TEXT NOT NULL,
            day TEXT NOT NULL,
            counter TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (tenant, day, counter)) WITHOUT ROWID""",
        "CREATE TABLE secret (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL)",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ):
        connection.execute(statement)


def _pack_snapshots(connection: sqlite3.Connection) -> None:
    """Snapshots may be compressed (`crdtchat.stores.packing`); checksums are of what they hold."""
    connection.execute("ALTER TABLE snapshot ADD COLUMN packed INTEGER NOT NULL DEFAULT 0")


MIGRATIONS: tuple[Migration, ...] = (
    _first,
    create_versions,
    add_revision,
    make_access_tables,
    create_audit,
    create_reports,
    create_webhooks,
    _pack_snapshots,
)


def migrate(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring the file to the newest version, all in one transaction, and look over its head.

    Raises `StoreTooNew`, `StoreCorrupt` (also for another program's file), `sqlite3.Error`.
    """
    if _version(connection) != len(migrations):
        with transaction(connection, "IMMEDIATE"):
            # Read again under the lock: another process may have come first.
            version = _version(connection)
            if version > len(migrations):
                raise StoreTooNew(
                    f"{path} was written by a newer crdtchat (schema {version}, this one knows "
                    f"{len(migrations)}): upgrade crdtchat."
                )
            if version == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise _not_ours(path)
            if version:
                _check_application(connection, path)
            for migration in migrations[version:]:
                migration(connection)
            connection.execute(f"PRAGMA user_version = {len(migrations)}")
    _check_application(connection, path)
    # A document that its index no longer finds would look like one that nobody ever wrote. These
    # tables are small (0.6 us per document); entries and snapshots prove themselves when read.
    for table in ("document", "lease"):
        (verdict,) = connection.execute(f"PRAGMA integrity_check({table})").fetchone()
        if verdict != "ok":
            raise damaged(path, verdict)


def _check_application(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        raise _not_ours(path)


def _not_ours(path: Path) -> StoreCorrupt:
    return StoreCorrupt(
        f"{path} is another program's database: give crdtchat a directory of its own."
    )


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
