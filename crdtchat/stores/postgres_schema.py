"""The tables in PostgreSQL, and how older ones become today's.

The row in `schema_version` counts the migrations. A released migration never changes. Keys of any
length are found by their SHA-256: a B-tree holds no text of more than 2,700 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from psycopg import Connection

from crdtchat.stores.base import StoreCorrupt, StoreError, StoreTooNew

Migration = Callable[[Connection], None]

_LOCK = 0x43724368
"""Of those who migrate at the same time, one does."""
_ENCODINGS = ("UTF8", "SQL_ASCII")
"""Of a database that keeps any text; the other one is none, and keeps bytes."""


def digest_of(*parts: str) -> bytes:
    """What a row is found by. No part holds U+0000, so no two tuples share it."""
    return sha256("\0".join(parts).encode()).digest()


def _first(connection: Connection) -> None:
    """Lay the tables out.

    `counter` numbers what readers ask for from a number on. A row lock that is held until the
    commit makes its numbers visible in their order, which a sequence's are not. No foreign keys
    on rows of the log: a document's row is never deleted, and the check would lock it.
    """
    for statement in (
        """CREATE TABLE document (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            digest bytea NOT NULL UNIQUE,
            epoch bigint NOT NULL,
            sequence bigint NOT NULL,
            updated bigint NOT NULL,
            tenant text NOT NULL,
            page text NOT NULL,
            scope text NOT NULL) WITH (fillfactor = 70)""",
        "CREATE INDEX document_tenant ON document (tenant)",
        """CREATE TABLE entry (
            document_id bigint NOT NULL,
            sequence bigint NOT NULL,
            principal text NOT NULL,
            at bigint NOT NULL,
            broadcast_id bytea NOT NULL,
            change bytea NOT NULL,
            checksum bigint NOT NULL,
            PRIMARY KEY (document_id, sequence))""",
        """CREATE TABLE snapshot (
            document_id bigint PRIMARY KEY,
            sequence bigint NOT NULL,
            state bytea NOT NULL,
            checksum bigint NOT NULL)""",
        """CREATE TABLE lease (
            document_id bigint NOT NULL,
            client bigint NOT NULL,
            holder text NOT NULL,
            nonce text NOT NULL,
            checksum bigint NOT NULL,
            PRIMARY KEY (document_id, client))""",
        """CREATE TABLE page_version (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            document_id bigint NOT NULL,
            name text NOT NULL,
            digest bytea NOT NULL,
            brought_by text NOT NULL,
            at bigint NOT NULL,
            size bigint NOT NULL,
            data bytea NOT NULL,
            UNIQUE (document_id, name))""",
        """CREATE TABLE token (
            id text PRIMARY KEY,
            digest bytea NOT NULL UNIQUE,
            tenant text NOT NULL,
            role text NOT NULL,
            holder text NOT NULL,
            name text NOT NULL,
            pages text NOT NULL,
            expires bigint NOT NULL,
            created bigint NOT NULL,
            revoked boolean NOT NULL)""",
        "CREATE INDEX token_tenant ON token (tenant)",
        """CREATE TABLE usage (
            tenant text NOT NULL,
            day text NOT NULL,
            counter text NOT NULL,
            count bigint NOT NULL,
            PRIMARY KEY (tenant, day, counter))""",
        "CREATE TABLE secret (name text PRIMARY KEY, value bytea NOT NULL)",
        "CREATE TABLE tenant (name text PRIMARY KEY, description text NOT NULL)",
        """CREATE TABLE role_grant (
            tenant text NOT NULL,
            holder text NOT NULL,
            role text NOT NULL,
            PRIMARY KEY (tenant, holder))""",
        "CREATE TABLE access_change (tenant text PRIMARY KEY, number bigint NOT NULL)",
        """CREATE TABLE audit (
            id bigint PRIMARY KEY,
            tenant text NOT NULL,
            page text NOT NULL,
            who text NOT NULL,
            role text NOT NULL,
            action text NOT NULL,
            target text NOT NULL,
            at bigint NOT NULL,
            via text NOT NULL,
            count bigint NOT NULL)""",
        "CREATE INDEX audit_tenant ON audit (tenant, id)",
        """CREATE TABLE report (
            digest bytea PRIMARY KEY,
            tenant text NOT NULL,
            page text NOT NULL,
            target text NOT NULL,
            reporter text NOT NULL,
            reason text NOT NULL,
            at bigint NOT NULL)""",
        "CREATE INDEX report_tenant ON report (tenant)",
        """CREATE TABLE webhook (
            id text PRIMARY KEY,
            tenant text NOT NULL,
            url text NOT NULL,
            secrets text NOT NULL,
            events text NOT NULL,
            pages text NOT NULL,
            active boolean NOT NULL,
            created bigint NOT NULL)""",
        """CREATE TABLE webhook_delivery (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            webhook text NOT NULL REFERENCES webhook ON DELETE CASCADE,
            page_digest bytea NOT NULL,
            page text NOT NULL,
            event_id text NOT NULL,
            kind bigint NOT NULL,
            broadcast_id bytea NOT NULL,
            aid text NOT NULL,
            cid text NOT NULL,
            caused_by text NOT NULL,
            at bigint NOT NULL,
            error text NOT NULL,
            aside bigint NOT NULL)""",
        "CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook, page_digest, number)"
        " WHERE aside = 0",
        "CREATE INDEX webhook_delivery_aside ON webhook_delivery (webhook, number) WHERE aside > 0",
        """CREATE TABLE webhook_lane (
            webhook text NOT NULL REFERENCES webhook ON DELETE CASCADE,
            page_digest bytea NOT NULL,
            due bigint NOT NULL,
            attempts bigint NOT NULL,
            PRIMARY KEY (webhook, page_digest))""",
        "CREATE INDEX webhook_lane_due ON webhook_lane (webhook, due)",
        "CREATE TABLE counter (name text PRIMARY KEY, number bigint NOT NULL)",
        "INSERT INTO counter VALUES ('access', 0), ('audit', 0), ('erasures', 0), ('scrubbed', 0),"
        " ('revision', 0)",
    ):
        connection.execute(statement)


def _versions(connection: Connection) -> None:
    """Say what reads what: `document.format` is the version of a document's schema that its log
    needs, `schema_version.oldest` the oldest version of these tables whose programs may go on."""
    connection.execute("ALTER TABLE document ADD COLUMN format bigint NOT NULL DEFAULT 1")
    connection.execute("ALTER TABLE schema_version ADD COLUMN oldest integer NOT NULL DEFAULT 1")


MIGRATIONS: tuple[Migration, ...] = (_first, _versions)
OLDEST = 1
"""Programs that know so many of the migrations work on today's tables, too: they run beside ours
while nodes are upgraded one after another. A migration that they would not survive raises it."""


def migrate(
    connection: Connection,
    where: str,
    migrations: Sequence[Migration] = MIGRATIONS,
    oldest: int = OLDEST,
) -> None:
    """Bring the database to the newest version, all in one transaction. One that a newer crdtchat
    migrated is left as it is, if that says that ours may work on it.

    Raises `StoreTooNew`, `StoreCorrupt` (another program's tables), `StoreError` (an encoding that
    lacks what people write), `psycopg.Error`.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        version = _version(connection)
        if version > len(migrations) and _oldest(connection) > len(migrations):
            raise StoreTooNew(
                f"{where} was written by a newer crdtchat (schema {version}, this one knows "
                f"{len(migrations)}): upgrade crdtchat."
            )
        if version >= len(migrations):
            return
        if version == 0:
            if _has_tables(connection):
                raise StoreCorrupt(
                    f"{where} holds another program's tables: give crdtchat a database of its own."
                )
            _check_encoding(connection, where)
            connection.execute("CREATE TABLE schema_version (number integer NOT NULL)")
            connection.execute("INSERT INTO schema_version VALUES (0)")
        for migration in migrations[version:]:
            migration(connection)
        connection.execute(
            "UPDATE schema_version SET number = %s, oldest = %s", (len(migrations), oldest)
        )


def _check_encoding(connection: Connection, where: str) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in _ENCODINGS:
        raise StoreError(
            f"{where} has the encoding {encoding}, which lacks most of what people write: make "
            "one with createdb --encoding UTF8 --template template0.",
            retry=False,
        )


def _version(connection: Connection) -> int:
    found = connection.execute("SELECT to_regclass('schema_version')").fetchone()
    if found is None or found[0] is None:
        return 0
    row = connection.execute("SELECT number FROM schema_version").fetchone()
    return row[0] if row else 0


def _oldest(connection: Connection) -> int:
    row = connection.execute("SELECT oldest FROM schema_version").fetchone()
    return row[0] if row else 0


def _has_tables(connection: Connection) -> bool:
    found = connection.execute(
        "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1"
    )
    return found.fetchone() is not None
