"""Reading documents: load, catch up, list. Synchronous; runs in a store's reading threads.

Raises `sqlite3.Error` and what is named below.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from crdtchat.stores.base import DocumentKey, Entry, Head, Lease, Loaded, Page, StoreError
from crdtchat.stores.checksum import (
    document_seed,
    entry_checksum,
    lease_checksum,
    snapshot_checksum,
)
from crdtchat.stores.packing import unpack
from crdtchat.stores.sqlite_errors import damaged
from crdtchat.stores.sqlite_file import transaction

_Head = tuple[int, int, int]
"""A document's id, epoch and sequence."""


class LogReader:
    """Reads documents as of one moment.

    What is read is complete and proves itself by checksum, or `StoreCorrupt` is raised.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(
        self, connection: sqlite3.Connection, key: DocumentKey, known: Head | None = None
    ) -> Loaded:
        """See `Store.load`. Raises `StoreCorrupt`."""
        with transaction(connection, "DEFERRED"):
            head = find_head(connection, key)
            if head is None:
                return Loaded()
            document_id, epoch, sequence = head
            snapshot = None
            start = find_snapshot(connection, document_id)
            if known and known.epoch == epoch and start <= known.sequence <= sequence:
                start = known.sequence
            elif start:
                snapshot = connection.execute(
                    "SELECT state, packed, checksum FROM snapshot WHERE document_id = ?",
                    (document_id,),
                ).fetchone()
            rows = _entry_rows(connection, document_id, start)
            leases = connection.execute(
                "SELECT client, user, nonce, checksum FROM lease WHERE document_id = ?"
                " ORDER BY client",
                (document_id,),
            ).fetchall()
        seed = document_seed(key, epoch)
        state = b""
        try:
            if snapshot:
                kept, packed, checksum = snapshot
                state = unpack(kept, packed)
                if snapshot_checksum(seed, start, state) != checksum:
                    raise self._damaged(key, f"snapshot {start}")
        except (TypeError, ValueError) as error:
            raise self._damaged(key, "snapshot") from error
        return Loaded(
            epoch=epoch,
            sequence=sequence,
            snapshot=state,
            snapshot_sequence=start,
            entries=self._entries(rows, key, seed, start, sequence),
            leases=self._leases(leases, key, seed),
        )

    def since(
        self, connection: sqlite3.Connection, key: DocumentKey, after: int
    ) -> tuple[Entry, ...]:
        """See `Store.since`. Raises `StoreError`, `StoreCorrupt`."""
        with transaction(connection, "DEFERRED"):
            document_id, epoch, sequence = find_head(connection, key) or (0, 1, 0)
            start = find_snapshot(connection, document_id)
            rows = _entry_rows(connection, document_id, after)
        if after < start:
            raise StoreError(
                f"Entries after {after} are folded into the snapshot at {start}: "
                "load the document.",
                retry=False,
            )
        if after >= sequence:
            return ()
        return self._entries(rows, key, document_seed(key, epoch), after, sequence)

    def _entries(
        self,
        rows: Iterable[tuple[int, int, str, int, bytes, bytes]],
        key: DocumentKey,
        seed: int,
        after: int,
        sequence: int,
    ) -> tuple[Entry, ...]:
        """Turn rows into entries `after + 1 .. sequence`, none missing, none changed."""
        entries = []
        expected = after
        try:
            for stored, checksum, principal, at, broadcast_id, update in rows:
                expected += 1
                entry = Entry(update, principal, at, broadcast_id)
                if stored != expected or entry_checksum(seed, stored, entry) != checksum:
                    raise self._damaged(key, f"entry {expected}")
                entries.append(entry)
        except TypeError as error:
            raise self._damaged(key, f"entry {expected}") from error
        if expected != sequence:
            raise self._damaged(key, f"log of {sequence} ends at {expected}")
        return tuple(entries)

    def _leases(
        self, rows: Iterable[tuple[int, str, str, int]], key: DocumentKey, seed: int
    ) -> tuple[Lease, ...]:
        leases = []
        for client, user, nonce, checksum in rows:
            lease = Lease(client, user, nonce)
            if lease_checksum(seed, lease) != checksum:
                raise self._damaged(key, f"lease {client}")
            leases.append(lease)
        return tuple(leases)

    def pages(
        self, connection: sqlite3.Connection, tenant: str, after: Page | None, most: int | None
    ) -> list[Page]:
        """See `Store.pages`."""
        behind, place = "", tuple[int | str, ...]()
        if after is not None:
            behind = " AND (-updated, page, scope) > (?, ?, ?)"
            place = (-after.updated, *after.key[1:])
        rows = connection.execute(
            "SELECT page, scope, epoch, sequence, updated FROM document"
            f" WHERE tenant = ? AND sequence > 0{behind} ORDER BY updated DESC, page, scope"
            " LIMIT ?",
            (tenant, *place, -1 if most is None else most),
        )
        return [Page(DocumentKey(tenant, page, scope), *rest) for page, scope, *rest in rows]

    def _damaged(self, key: DocumentKey, what: str) -> StoreError:
        return damaged(self._path, f"{what} of page {key.page!r} of tenant {key.tenant!r}")


def find_tenants(connection: sqlite3.Connection) -> list[str]:
    """See `Store.tenants_of_pages`."""
    rows = connection.execute("SELECT DISTINCT tenant FROM document WHERE sequence > 0")
    return sorted(name for (name,) in rows)


def find_head(connection: sqlite3.Connection, key: DocumentKey) -> _Head | None:
    """Return the document's id, epoch and sequence, if it has ever been written."""
    row = connection.execute(
        "SELECT id, epoch, sequence FROM document WHERE tenant = ? AND page = ? AND scope = ?", key
    ).fetchone()
    return None if row is None else (_number(row[0]), _number(row[1]), _number(row[2]))


def find_snapshot(connection: sqlite3.Connection, document_id: int) -> int:
    """Return the sequence number of the document's snapshot; 0 if there is none."""
    row = connection.execute(
        "SELECT sequence FROM snapshot WHERE document_id = ?", (document_id,)
    ).fetchone()
    return 0 if row is None else _number(row[0])


def _number(value: object) -> int:
    """A damaged row may hold any type; checksums cover the other columns."""
    if not isinstance(value, int):
        raise sqlite3.DatabaseError("a number became something else")
    return value


def _entry_rows(
    connection: sqlite3.Connection, document_id: int, after: int
) -> list[tuple[int, int, str, int, bytes, bytes]]:
    return connection.execute(
        'SELECT sequence, checksum, principal, at, broadcast_id, "update" FROM entry'
        " WHERE document_id = ? AND sequence > ? ORDER BY sequence",
        (document_id, after),
    ).fetchall()
