"""Webhooks and their queue in PostgreSQL; appends fill it (`crdtchat.stores.postgres_write`).

A row of `webhook_lane` stands for the deliveries of one webhook about one page, and is there as
long as any of them waits. Whoever adds a delivery or takes one away locks that row first: what
they then see of the lane is all there is.

Runs in a store's threads; what writes runs inside a transaction. Raises `psycopg.Error`.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import Connection

from crdtchat.stores.hooking import FURTHEST_MS, Delivery, Queue, Settlement, Webhook
from crdtchat.stores.postgres_counter import count_up
from crdtchat.sync.message import Event, EventKind

_COLUMNS = (
    "number, webhook, page, event_id, kind, broadcast_id, aid, cid, caused_by, at, error, aside"
)
_SET_ASIDE = "UPDATE webhook_delivery SET error = %b, aside = %b"
_AT_ONCE = (
    "INSERT INTO webhook_lane (webhook, page_digest, due, attempts) VALUES (%b, %b, 0, 0)"
    " ON CONFLICT (webhook, page_digest) DO UPDATE SET due = 0, attempts = 0"
)


def forget_user(connection: Connection, tenant: str, user: str) -> None:
    """A user's id goes from what is queued or set aside."""
    connection.execute(
        "UPDATE webhook_delivery SET caused_by = '' WHERE caused_by = %b"
        " AND webhook IN (SELECT id FROM webhook WHERE tenant = %b)",
        (user, tenant),
    )


def put(connection: Connection, webhook: Webhook, over: Webhook | None) -> bool:
    """See `Hooking.put_webhook`."""
    if over is not None:
        # Locked, and read behind the lock: at this level each statement sees what is committed.
        connection.execute("SELECT 1 FROM webhook WHERE id = %b FOR UPDATE", (over.id,))
        if over not in find_all(connection, over.tenant):
            return False
    secrets, events = " ".join(webhook.secrets), " ".join(webhook.events)
    connection.execute(
        "INSERT INTO webhook (id, tenant, url, secrets, events, pages, active, created)"
        " VALUES (%b, %b, %b, %b, %b, %b, %b, %b) ON CONFLICT (id) DO UPDATE SET"
        " url = excluded.url, secrets = excluded.secrets, events = excluded.events,"
        " pages = excluded.pages, active = excluded.active, created = excluded.created",
        (*webhook[:3], secrets, events, *webhook[5:]),
    )
    count_up(connection, "revision")
    return True


def find_all(connection: Connection, tenant: str | None) -> list[Webhook]:
    """See `Hooking.webhooks`."""
    rows = connection.execute(
        "SELECT id, tenant, url, secrets, events, pages, active, created FROM webhook"
        ' WHERE %b::text IS NULL OR tenant = %b::text ORDER BY created, id COLLATE "C"',
        (tenant, tenant),
    )
    return [
        Webhook(id, of, url, tuple(secrets.split()), tuple(events.split()), pages, on, at)
        for id, of, url, secrets, events, pages, on, at in rows
    ]


def remove(connection: Connection, tenant: str, webhook: str) -> bool:
    """See `Hooking.remove_webhook`."""
    removed = connection.execute(
        "DELETE FROM webhook WHERE id = %b AND tenant = %b", (webhook, tenant)
    ).rowcount
    if removed:
        count_up(connection, "revision")
    return removed > 0


def find_due(connection: Connection, now: int) -> list[str]:
    """See `Hooking.due_webhooks`."""
    rows = connection.execute(
        "SELECT id FROM webhook WHERE EXISTS (SELECT FROM webhook_lane"
        ' WHERE webhook = webhook.id AND (due <= %b OR due > %b)) ORDER BY id COLLATE "C"',
        (now, now + FURTHEST_MS),
    )
    return [webhook for (webhook,) in rows]


def take(connection: Connection, webhook: str, now: int, until: int, most: int) -> list[Delivery]:
    """See `Hooking.take_deliveries`."""
    lanes = connection.execute(
        "SELECT page_digest, attempts FROM webhook_lane WHERE webhook = %b"
        " AND (due <= %b OR due > %b) ORDER BY due, page_digest LIMIT %b FOR UPDATE SKIP LOCKED",
        (webhook, now, now + FURTHEST_MS, most),
    ).fetchall()
    taken = []
    for page, attempts in lanes:
        connection.execute(
            "UPDATE webhook_lane SET due = %b WHERE webhook = %b AND page_digest = %b",
            (until, webhook, page),
        )
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM webhook_delivery WHERE webhook = %b AND page_digest = %b"
            " AND aside = 0 ORDER BY number LIMIT 1",
            (webhook, page),
        ).fetchone()
        assert row is not None
        taken.append(_delivery(row)._replace(attempts=attempts))
    return taken


def settle(connection: Connection, settlements: Sequence[Settlement]) -> None:
    """See `Hooking.settle_deliveries`."""
    for number, error, due, at in settlements:
        lane = connection.execute(
            "SELECT webhook, page_digest FROM webhook_delivery WHERE number = %b AND aside = 0",
            (number,),
        ).fetchone()
        if lane is None:
            continue
        _lock(connection, *lane)
        if error and due:
            connection.execute(
                "UPDATE webhook_lane SET due = %b, attempts = attempts + 1"
                " WHERE webhook = %b AND page_digest = %b",
                (due, *lane),
            )
            continue
        if error:
            connection.execute(f"{_SET_ASIDE} WHERE number = %b", (error, at, number))
        else:
            connection.execute("DELETE FROM webhook_delivery WHERE number = %b", (number,))
        _renew(connection, *lane)


def expire(connection: Connection, webhook: str, before: int, settlement: Settlement) -> int:
    """See `Hooking.expire_deliveries`."""
    pages = connection.execute(
        "SELECT page_digest FROM webhook_lane WHERE webhook = %b ORDER BY page_digest FOR UPDATE",
        (webhook,),
    ).fetchall()
    expired = connection.execute(
        f"{_SET_ASIDE} WHERE webhook = %b AND aside = 0 AND at < %b RETURNING page_digest",
        (settlement.error, settlement.at, webhook, before),
    ).fetchall()
    for page in sorted({*pages} & {*expired}):
        _renew(connection, webhook, *page)
    return len(expired)


def find_aside(connection: Connection, webhook: str, most: int) -> list[Delivery]:
    """See `Hooking.aside_deliveries`."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM webhook_delivery WHERE webhook = %b AND aside > 0"
        " ORDER BY number LIMIT %b",
        (webhook, most),
    )
    return [_delivery(row) for row in rows]


def redeliver(connection: Connection, webhook: str) -> int:
    """See `Hooking.redeliver`."""
    pages = connection.execute(
        "SELECT DISTINCT webhook, page_digest FROM webhook_delivery WHERE webhook = %b"
        " AND aside > 0 ORDER BY page_digest",
        (webhook,),
    ).fetchall()
    for page in pages:
        connection.execute(_AT_ONCE, page)
    return connection.execute(
        f"{_SET_ASIDE} WHERE webhook = %b AND aside > 0 AND page_digest = ANY(%b::bytea[])",
        ("", 0, webhook, [page for _, page in pages]),
    ).rowcount


def drop_aside(connection: Connection, before: int) -> int:
    """See `Hooking.drop_aside`."""
    return connection.execute(
        "DELETE FROM webhook_delivery WHERE aside > 0 AND aside < %b", (before,)
    ).rowcount


def find_queues(connection: Connection) -> list[Queue]:
    """See `Hooking.queues`."""
    rows = connection.execute(
        "SELECT w.id, count(*) FILTER (WHERE aside = 0), coalesce((SELECT at FROM webhook_delivery"
        " WHERE webhook = w.id AND aside = 0 ORDER BY number LIMIT 1), 0),"
        " count(*) FILTER (WHERE aside > 0) FROM webhook w"
        ' LEFT JOIN webhook_delivery ON webhook = w.id GROUP BY w.id ORDER BY w.id COLLATE "C"'
    )
    return [Queue(*row) for row in rows]


def _lock(connection: Connection, webhook: str, page: bytes) -> None:
    connection.execute(
        "SELECT FROM webhook_lane WHERE webhook = %b AND page_digest = %b FOR UPDATE",
        (webhook, page),
    )


def _renew(connection: Connection, webhook: str, page: bytes) -> None:
    """The first delivery of a locked lane is another now, or there is none left."""
    there = connection.execute(
        "SELECT FROM webhook_delivery WHERE webhook = %b AND page_digest = %b AND aside = 0"
        " LIMIT 1",
        (webhook, page),
    ).fetchone()
    if there is None:
        connection.execute(
            "DELETE FROM webhook_lane WHERE webhook = %b AND page_digest = %b", (webhook, page)
        )
    else:
        connection.execute(_AT_ONCE, (webhook, page))


def _delivery(row: tuple[int, str, str, str, int, bytes, str, str, str, int, str, int]) -> Delivery:
    number, webhook, page, event_id, kind, broadcast_id, aid, cid, by, at, error, aside = row
    event = Event(EventKind(kind), broadcast_id, aid, cid, by, at)
    return Delivery(number, webhook, page, event_id, event, error=error, aside=aside)
