"""Writing documents to PostgreSQL: conditional append and snapshot. Runs in a store's one writer.

Raises `psycopg.Error` and what is named below.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import psycopg
from psycopg import Connection

from crdtchat.document.schema import SCHEMA_VERSION
from crdtchat.stores.base import CONVERSATIONS, Append, Conflict, DocumentKey, Head, usage_day
from crdtchat.stores.checksum import (
    document_seed,
    entry_checksum,
    lease_checksum,
    snapshot_checksum,
)
from crdtchat.stores.postgres_connection import PATIENCE, Patience
from crdtchat.stores.postgres_errors import is_lost, is_passing
from crdtchat.stores.postgres_read import find_entries, find_heads
from crdtchat.stores.postgres_schema import digest_of
from crdtchat.stores.text import require_append_text

_PAUSE_S = 0.1

# One statement: one round trip, one transaction, one flush to disk. Documents are locked in the
# order of their digests, so that two nodes with batches of the same pages never wait for each
# other; a document that another transaction moves on meanwhile is looked at again once that ends.
_APPEND = (
    """
WITH wanted AS MATERIALIZED (
    SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::text[], %b::text[], %b::text[],
        %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[])
    AS w (number, digest, tenant, page, scope, epoch, after, sequence, updated)
), locked AS MATERIALIZED (
    SELECT d.id, w.number, w.sequence, w.updated FROM document d JOIN wanted w USING (digest)
    WHERE d.epoch = w.epoch AND d.sequence = w.after ORDER BY digest FOR UPDATE OF d
), moved AS (
    UPDATE document d SET sequence = l.sequence, updated = coalesce(l.updated, d.updated),
        format = greatest(d.format, """
    + str(SCHEMA_VERSION)
    + """)
    FROM locked l WHERE d.id = l.id RETURNING d.id, l.number
), made AS (
    INSERT INTO document (digest, tenant, page, scope, epoch, sequence, updated, format)
    SELECT digest, tenant, page, scope, 1, sequence, coalesce(updated, 0), """
    + str(SCHEMA_VERSION)
    + """ FROM wanted
    WHERE epoch = 1 AND after = 0 ORDER BY digest
    ON CONFLICT (digest) DO NOTHING RETURNING id, digest
), written AS MATERIALIZED (
    SELECT id, number FROM moved
    UNION ALL SELECT made.id, number FROM made JOIN wanted USING (digest)
), entries AS (
    INSERT INTO entry (document_id, sequence, principal, at, broadcast_id, change, checksum)
    SELECT w.id, e.sequence, principal, at, broadcast_id, change, checksum
    FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::bigint[], %b::bytea[], %b::bytea[],
        %b::bigint[])
    AS e (number, sequence, principal, at, broadcast_id, change, checksum)
    JOIN written w USING (number)
), leases AS (
    INSERT INTO lease (document_id, client, holder, nonce, checksum)
    SELECT w.id, client, holder, nonce, checksum
    FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::bigint[])
    AS l (number, client, holder, nonce, checksum)
    JOIN written w USING (number)
    ON CONFLICT (document_id, client) DO UPDATE
    SET holder = excluded.holder, nonce = excluded.nonce, checksum = excluded.checksum
), counted AS (
    INSERT INTO usage (tenant, day, counter, count)
    SELECT tenant, day, '"""
    + CONVERSATIONS
    + """', sum(count)
    FROM unnest(%b::bigint[], %b::text[], %b::bigint[]) AS u (number, day, count)
    JOIN written USING (number) JOIN wanted USING (number)
    GROUP BY tenant, day ORDER BY tenant, day
    ON CONFLICT (tenant, day, counter) DO UPDATE SET count = usage.count + excluded.count
), deeds AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY ordinal) AS ordinal, tenant, page, who, role, action,
        target, at, via, count
    FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[],
        %b::text[], %b::bigint[]) WITH ORDINALITY
    AS d (number, who, role, action, target, at, via, count, ordinal)
    JOIN written USING (number) JOIN wanted USING (number)
), numbered AS (
    UPDATE counter SET number = number + (SELECT count(*) FROM deeds)
    WHERE name = 'audit' AND EXISTS (SELECT FROM deeds) RETURNING number
), audited AS (
    INSERT INTO audit (id, tenant, page, who, role, action, target, at, via, count)
    SELECT numbered.number - (SELECT count(*) FROM deeds) + ordinal, tenant, page, who, role,
        action, target, at, via, count
    FROM deeds, numbered
), notices AS MATERIALIZED (
    SELECT h.id AS webhook, sha256(convert_to(page, 'UTF8')) AS page_digest, page, event_id,
        kind, broadcast_id, aid, cid, caused_by, at, ordinal
    FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::bigint[], %b::bytea[], %b::text[],
        %b::text[], %b::text[], %b::bigint[]) WITH ORDINALITY
    AS n (number, webhook, event_id, kind, broadcast_id, aid, cid, caused_by, at, ordinal)
    JOIN written USING (number) JOIN wanted w USING (number)
    JOIN webhook h ON h.id = n.webhook AND h.tenant = w.tenant
), deliveries AS (
    INSERT INTO webhook_delivery (webhook, page_digest, page, event_id, kind, broadcast_id, aid,
        cid, caused_by, at, error, aside)
    SELECT webhook, page_digest, page, event_id, kind, broadcast_id, aid, cid, caused_by, at, '', 0
    FROM notices ORDER BY ordinal
), lanes AS (
    -- Locked also if it is there: who takes its last delivery away would not see this one.
    INSERT INTO webhook_lane (webhook, page_digest, due, attempts)
    SELECT DISTINCT webhook, page_digest, 0, 0 FROM notices ORDER BY webhook, page_digest
    ON CONFLICT (webhook, page_digest) DO UPDATE SET attempts = webhook_lane.attempts
)
SELECT number FROM written
"""
)


@dataclass(slots=True)
class _Rows:
    """What one statement may write: rows of its tables, led by the number of their append."""

    wanted: list[tuple[object, ...]] = field(default_factory=list)
    entries: list[tuple[object, ...]] = field(default_factory=list)
    leases: list[tuple[object, ...]] = field(default_factory=list)
    usage: list[tuple[object, ...]] = field(default_factory=list)
    deeds: list[tuple[object, ...]] = field(default_factory=list)
    notices: list[tuple[object, ...]] = field(default_factory=list)

    def add(self, number: int, append: Append) -> None:
        sequence = append.after + len(append.entries)
        updated = append.entries[-1].at if append.entries else None
        digest = digest_of(*append.key)
        self.wanted.append(
            (number, digest, *append.key, append.epoch, append.after, sequence, updated)
        )
        seed = document_seed(append.key, append.epoch)
        for place, entry in enumerate(append.entries, append.after + 1):
            checksum = entry_checksum(seed, place, entry)
            row = (entry.principal, entry.at, entry.broadcast_id, entry.update, checksum)
            self.entries.append((number, place, *row))
        for lease in {lease.client: lease for lease in append.leases}.values():
            checksum = lease_checksum(seed, lease)
            self.leases.append((number, lease.client, lease.user, lease.nonce, checksum))
        if append.conversations:
            day = usage_day(append.entries[-1].at)
            self.usage.append((number, day, append.conversations))
        self.deeds.extend((number, *deed) for deed in append.deeds)
        for notice in append.notices:
            event = (int(notice.event.kind), *notice.event[1:])
            self.notices.extend((number, hook, notice.id, *event) for hook in notice.webhooks)

    def columns(self) -> list[list[object]]:
        tables = (
            *((self.wanted, 9), (self.entries, 7), (self.leases, 5)),
            *((self.usage, 3), (self.deeds, 8), (self.notices, 9)),
        )
        columns: list[list[object]] = []
        for rows, width in tables:
            columns += map(list, zip(*rows, strict=True)) if rows else [[]] * width
        return columns


class LogWriter:
    """Appends to logs and folds them.

    1. An append is inside iff its document's row was at exactly (epoch, after).
    2. A statement whose answer was lost is sent again. Of the two, one at most is inside, as both
       name the same place in the log; if the log holds exactly its entries there, it is inside.
    """

    def __init__(
        self,
        with_connection: Callable[[Callable[[Connection], object]], object],
        patience: Patience = PATIENCE,
    ) -> None:
        """`with_connection` runs something with a connection that works, newly made if need be."""
        self._with_connection = with_connection
        self._patience = patience

    def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        """See `Store.append`. Raises `StoreError` for text that cannot be stored."""
        for append in appends:
            require_append_text(append)
        deadline = time.monotonic() + self._patience.again
        attempt = _Attempt(appends)
        while True:
            try:
                self._with_connection(attempt.run)
            except psycopg.Error as error:
                may_pass = attempt.in_doubt or is_passing(error)
                if not may_pass or time.monotonic() >= deadline:
                    raise
                time.sleep(_PAUSE_S if attempt.in_doubt else 0)
            else:
                return attempt.outcomes


class _Attempt:
    """An append that may be sent more than once."""

    def __init__(self, appends: Sequence[Append]) -> None:
        self._appends = appends
        self.outcomes: list[int | Conflict] = []
        self.in_doubt = False
        """Whether a connection was lost with it, so that it may have been written already."""

    def run(self, connection: Connection) -> None:
        try:
            self.outcomes = _append(connection, self._appends, self.in_doubt)
        except psycopg.Error as error:
            self.in_doubt = self.in_doubt or is_lost(error, connection)
            raise


def _append(
    connection: Connection, appends: Sequence[Append], in_doubt: bool
) -> list[int | Conflict]:
    outcomes: dict[int, int | Conflict] = {}
    waves = _waves(appends)
    # A statement alone is a transaction of its own.
    with connection.transaction() if len(waves) > 1 else nullcontext():
        for wave in waves:
            written = _write(connection, wave)
            missed = {number: one for number, one in wave.items() if number not in written}
            outcomes |= {n: one.after + len(one.entries) for n, one in wave.items() if n in written}
            if missed:
                heads = find_heads(connection, [one.key for one in missed.values()])
                for (number, one), head in zip(missed.items(), heads, strict=True):
                    inside = in_doubt and _is_inside(connection, one, head)
                    outcomes[number] = one.after + len(one.entries) if inside else Conflict(*head)
    return [outcomes[number] for number in range(len(appends))]


def _waves(appends: Sequence[Append]) -> list[dict[int, Append]]:
    """Numbered appends, in parts that name no document twice."""
    waves: list[dict[int, Append]] = []
    seen: dict[DocumentKey, int] = {}
    for number, append in enumerate(appends):
        turn = seen.get(append.key, 0)
        seen[append.key] = turn + 1
        if turn == len(waves):
            waves.append({})
        waves[turn][number] = append
    return waves


def _write(connection: Connection, wave: dict[int, Append]) -> set[int]:
    """Write what can be written; answers the numbers of those."""
    rows = _Rows()
    for number, append in wave.items():
        rows.add(number, append)
    found = connection.execute(_APPEND, rows.columns(), prepare=True)
    return {number for (number,) in found.fetchall()}


def _is_inside(connection: Connection, append: Append, head: Head) -> bool:
    """Whether an append that may have been written before is what the log holds in its place."""
    epoch, sequence = head
    last = append.after + len(append.entries)
    return (
        epoch == append.epoch
        and append.after < last <= sequence
        and find_entries(connection, append.key, epoch, append.after, last) == append.entries
    )


def snapshot(
    connection: Connection, key: DocumentKey, epoch: int, sequence: int, state: bytes
) -> bool:
    """See `Store.snapshot`. Inside a transaction."""
    row = connection.execute(
        "SELECT d.id, d.epoch, d.sequence, coalesce(s.sequence, 0) FROM document d"
        " LEFT JOIN snapshot s ON s.document_id = d.id WHERE digest = %b FOR UPDATE OF d",
        (digest_of(*key),),
    ).fetchone()
    if row is None:
        return False
    document_id, stored_epoch, newest, oldest = row
    if epoch != stored_epoch or not max(1, oldest) <= sequence <= newest:
        return False
    put_snapshot(connection, key, document_id, epoch, sequence, state)
    connection.execute(
        "DELETE FROM entry WHERE document_id = %b AND sequence <= %b", (document_id, sequence)
    )
    return True


def put_snapshot(
    connection: Connection,
    key: DocumentKey,
    document_id: int,
    epoch: int,
    sequence: int,
    state: bytes,
) -> None:
    """Keep a snapshot in place of the one before. Inside a transaction that locked the document."""
    checksum = snapshot_checksum(document_seed(key, epoch), sequence, state)
    connection.execute(
        "INSERT INTO snapshot (document_id, sequence, state, checksum) VALUES (%b, %b, %b, %b)"
        " ON CONFLICT (document_id) DO UPDATE SET sequence = excluded.sequence,"
        " state = excluded.state, checksum = excluded.checksum",
        (document_id, sequence, state, checksum),
    )
