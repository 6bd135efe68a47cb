"""Erasing documents in PostgreSQL, and taking what was erased out of its tables' files.

A deleted row stays in its table's file until that is rewritten; `scrub` rewrites the files of all
tables that held anybody's words or names. What PostgreSQL keeps elsewhere (its write-ahead log
until it is recycled, replicas, backups) is its operator's: docs/erasure.md.
"""

from __future__ import annotations

from psycopg import Connection

from crdtchat.document.schema import SCHEMA_VERSION
from crdtchat.stores.base import Conflict, Erasure
from crdtchat.stores.postgres_audit import note
from crdtchat.stores.postgres_counter import count_up, read_counter
from crdtchat.stores.postgres_schema import digest_of
from crdtchat.stores.postgres_write import put_snapshot

_SCRUBBED = (
    "entry",
    "snapshot",
    "lease",
    "page_version",
    "token",
    "role_grant",
    "report",
    "audit",
    "webhook_delivery",
)


def erase(connection: Connection, erasure: Erasure) -> int | Conflict:
    """See `Store.erase`. Inside a transaction."""
    row = connection.execute(
        "SELECT id, epoch, sequence FROM document WHERE digest = %b FOR UPDATE",
        (digest_of(*erasure.key),),
    ).fetchone()
    if row is None:
        return Conflict(1, 0)
    document_id, epoch, sequence = row
    if (erasure.epoch, erasure.sequence) != (epoch, sequence):
        return Conflict(epoch, sequence)
    epoch = erasure.next_epoch or epoch + 1
    sequence += 1
    connection.execute("DELETE FROM entry WHERE document_id = %b", (document_id,))
    connection.execute("DELETE FROM lease WHERE document_id = %b", (document_id,))
    put_snapshot(connection, erasure.key, document_id, epoch, sequence, erasure.state)
    connection.execute(
        "UPDATE document SET epoch = %b, sequence = %b, format = greatest(format, %b)"
        " WHERE id = %b",
        (epoch, sequence, SCHEMA_VERSION, document_id),
    )
    if erasure.versions is not None:
        connection.execute(
            "DELETE FROM page_version WHERE document_id = %b AND name <> ALL(%b::text[])",
            (document_id, list(erasure.versions)),
        )
    note(connection, erasure.key, erasure.deeds)
    count_up(connection, "erasures")
    count_up(connection, "revision")
    return int(epoch)


def scrub(connection: Connection) -> None:
    """See `Store.scrub`. Outside of any transaction."""
    erasures = read_counter(connection, "erasures")
    for table in _SCRUBBED:
        connection.execute(f"VACUUM (FULL) {table}")
    connection.execute(
        "UPDATE counter SET number = greatest(number, %b) WHERE name = 'scrubbed'", (erasures,)
    )


def is_unscrubbed(connection: Connection) -> bool:
    """See `Store.unscrubbed`."""
    row = connection.execute(
        "SELECT e.number > s.number FROM counter e, counter s"
        " WHERE e.name = 'erasures' AND s.name = 'scrubbed'"
    ).fetchone()
    return bool(row and row[0])
