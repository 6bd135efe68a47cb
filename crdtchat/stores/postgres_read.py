"""Reading documents from PostgreSQL: load, catch up, list. Runs in a store's threads.

Raises `psycopg.Error` and what is named below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import Connection

from crdtchat.document.schema import SCHEMA_VERSION
from crdtchat.stores.base import (
    DocumentKey,
    Entry,
    Head,
    Lease,
    Loaded,
    Page,
    PageTooNew,
    StoreError,
)
from crdtchat.stores.checksum import (
    document_seed,
    entry_checksum,
    lease_checksum,
    snapshot_checksum,
)
from crdtchat.stores.postgres_errors import damaged
from crdtchat.stores.postgres_schema import digest_of

_HEAD = (
    "SELECT d.id, d.epoch, d.sequence, coalesce(s.sequence, 0), d.format FROM document d"
    " LEFT JOIN snapshot s ON s.document_id = d.id WHERE digest = %b"
)
_ENTRIES = (
    "SELECT sequence, checksum, principal, at, broadcast_id, change FROM entry"
    " WHERE document_id = %b AND sequence > %b AND sequence <= %b ORDER BY sequence"
)


class LogReader:
    """Reads documents as of one moment: its methods run inside a transaction that sees one.

    What is read is complete and proves itself by checksum, or `StoreCorrupt` is raised; what newer
    programs wrote, and this one might misunderstand, raises `PageTooNew`.
    """

    def __init__(self, where: str) -> None:
        self._where = where

    def load(self, connection: Connection, key: DocumentKey, known: Head | None = None) -> Loaded:
        """See `Store.load`. Raises `StoreCorrupt`."""
        row = connection.execute(_HEAD, (digest_of(*key),)).fetchone()
        if row is None:
            return Loaded()
        document_id, epoch, sequence, start, needed = row
        _check_format(needed)
        seed = document_seed(key, epoch)
        state = b""
        if known and known.epoch == epoch and start <= known.sequence <= sequence:
            start = known.sequence
        elif start:
            snapshot = connection.execute(
                "SELECT state, checksum FROM snapshot WHERE document_id = %b",
                (document_id,),
                binary=True,
            ).fetchone()
            if snapshot is None or snapshot_checksum(seed, start, snapshot[0]) != snapshot[1]:
                raise self._damaged(key, f"snapshot {start}")
            state = snapshot[0]
        rows = connection.execute(_ENTRIES, (document_id, start, sequence), binary=True).fetchall()
        leases = connection.execute(
            "SELECT client, holder, nonce, checksum FROM lease WHERE document_id = %b"
            " ORDER BY client",
            (document_id,),
        ).fetchall()
        return Loaded(
            epoch=epoch,
            sequence=sequence,
            snapshot=state,
            snapshot_sequence=start,
            entries=self._entries(rows, key, seed, start, sequence),
            leases=self._leases(leases, key, seed),
        )

    def since(self, connection: Connection, key: DocumentKey, after: int) -> tuple[Entry, ...]:
        """See `Store.since`. Raises `StoreError`, `StoreCorrupt`."""
        row = connection.execute(_HEAD, (digest_of(*key),)).fetchone()
        document_id, epoch, sequence, start, needed = row or (0, 1, 0, 0, SCHEMA_VERSION)
        _check_format(needed)
        if after < start:
            raise StoreError(
                f"Entries after {after} are folded into the snapshot at {start}: "
                "load the document.",
                retry=False,
            )
        if after >= sequence:
            return ()
        rows = connection.execute(_ENTRIES, (document_id, after, sequence), binary=True).fetchall()
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
        for stored, checksum, principal, at, broadcast_id, update in rows:
            expected += 1
            entry = Entry(update, principal, at, broadcast_id)
            if stored != expected or entry_checksum(seed, stored, entry) != checksum:
                raise self._damaged(key, f"entry {expected}")
            entries.append(entry)
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

    def _damaged(self, key: DocumentKey, what: str) -> StoreError:
        return damaged(self._where, f"{what} of page {key.page!r} of tenant {key.tenant!r}")


def _check_format(needed: int) -> None:
    if needed > SCHEMA_VERSION:
        raise PageTooNew(
            f"a newer crdtchat wrote on this page (schema {needed}, this one knows "
            f"{SCHEMA_VERSION}): upgrade this server too"
        )


def find_tenants(connection: Connection) -> list[str]:
    """See `Store.tenants_of_pages`."""
    rows = connection.execute("SELECT DISTINCT tenant FROM document WHERE sequence > 0")
    return sorted(name for (name,) in rows)


def find_heads(connection: Connection, keys: Sequence[DocumentKey]) -> list[Head]:
    """See `Store.heads`."""
    digests = [digest_of(*key) for key in keys]
    found = {
        digest: Head(epoch, sequence)
        for digest, epoch, sequence in connection.execute(
            "SELECT digest, epoch, sequence FROM document WHERE digest = ANY(%b::bytea[])",
            (digests,),
        )
    }
    return [found.get(digest, Head()) for digest in digests]


def find_entries(
    connection: Connection, key: DocumentKey, epoch: int, after: int, last: int
) -> tuple[Entry, ...]:
    """The entries `after + 1 .. last` of an epoch, as far as they are still in the log."""
    rows = connection.execute(
        "SELECT change, principal, at, broadcast_id FROM entry JOIN document d"
        " ON document_id = d.id WHERE digest = %b AND d.epoch = %b"
        " AND entry.sequence > %b AND entry.sequence <= %b ORDER BY entry.sequence",
        (digest_of(*key), epoch, after, last),
        binary=True,
    )
    return tuple(Entry(*row) for row in rows)


def list_pages(
    connection: Connection, tenant: str, after: Page | None, most: int | None
) -> list[Page]:
    """See `Store.pages`."""
    behind, place = "", tuple[int | str, ...]()
    if after is not None:
        behind = ' AND (-updated, page COLLATE "C", scope COLLATE "C") > (%b, %b, %b)'
        place = (-after.updated, *after.key[1:])
    rows = connection.execute(
        "SELECT page, scope, epoch, sequence, updated FROM document"
        f" WHERE tenant = %b AND sequence > 0{behind}"
        ' ORDER BY updated DESC, page COLLATE "C", scope COLLATE "C" LIMIT %b',
        (tenant, *place, most),
    )
    return [Page(DocumentKey(tenant, page, scope), *rest) for page, scope, *rest in rows]
