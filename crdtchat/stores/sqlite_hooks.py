"""Webhooks and their queue. Synchronous; runs in a store's threads.

A row of `webhook_lane` stands for the deliveries of one webhook about one page, and is there as
long as any of them waits: what is due is found by an index, however long the queue.

Raises `sqlite3.Error`; after it, nothing of the call is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from crdtchat.stores.base import DocumentKey
from crdtchat.stores.hooking import FURTHEST_MS, Delivery, Notice, Queue, Settlement, Webhook
from crdtchat.stores.sqlite_file import transaction
from crdtchat.sync.message import Event, EventKind

_COLUMNS = "number, webhook, page, event_id, kind, broadcast_id, aid, cid, by, at, error, aside"
_CHANGED = "UPDATE revision SET number = number + 1"
_DUE = "(due <= ? OR due > ?)"
_SET_ASIDE = "UPDATE webhook_delivery SET error = ?, aside = ?"
_AT_ONCE = (
    "INSERT INTO webhook_lane (webhook, page, due, attempts) VALUES (?, ?, 0, 0)"
    " ON CONFLICT (webhook, page) DO UPDATE SET due = 0, attempts = 0"
)


def create_webhooks(connection: sqlite3.Connection) -> None:
    """Migration: the tables."""
    for statement in (
        """CREATE TABLE webhook (
            id TEXT PRIMARY KEY NOT NULL,
            tenant TEXT NOT NULL,
            url TEXT NOT NULL,
            secrets TEXT NOT NULL,
            events TEXT NOT NULL,
            pages TEXT NOT NULL,
            active INTEGER NOT NULL,
            created INTEGER NOT NULL)""",
        """CREATE TABLE webhook_delivery (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            webhook TEXT NOT NULL REFERENCES webhook ON DELETE CASCADE,
            page TEXT NOT NULL,
            event_id TEXT NOT NULL,
            kind INTEGER NOT NULL,
            broadcast_id BLOB NOT NULL,
            aid TEXT NOT NULL,
            cid TEXT NOT NULL,
            by TEXT NOT NULL,
            at INTEGER NOT NULL,
            error TEXT NOT NULL,
            aside INTEGER NOT NULL)""",
        "CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook, page, number)"
        " WHERE aside = 0",
        "CREATE INDEX webhook_delivery_aside ON webhook_delivery (webhook, number) WHERE aside > 0",
        """CREATE TABLE webhook_lane (
            webhook TEXT NOT NULL REFERENCES webhook ON DELETE CASCADE,
            page TEXT NOT NULL,
            due INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            PRIMARY KEY (webhook, page)) WITHOUT ROWID""",
        "CREATE INDEX webhook_lane_due ON webhook_lane (webhook, due)",
    ):
        connection.execute(statement)


def queue(connection: sqlite3.Connection, key: DocumentKey, notices: Sequence[Notice]) -> None:
    """Queue an append's notices, inside its transaction."""
    for notice in notices:
        event = notice.event
        row = (notice.id, event.kind, event.broadcast_id, event.aid, event.cid, event.by, event.at)
        for webhook in notice.webhooks:
            queued = connection.execute(
                "INSERT INTO webhook_delivery (webhook, page, event_id, kind, broadcast_id, aid,"
                " cid, by, at, error, aside) SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, '', 0"
                " FROM webhook WHERE id = ? AND tenant = ?",
                (key.page, *row, webhook, key.tenant),
            ).rowcount
            if queued:
                connection.execute(
                    "INSERT INTO webhook_lane (webhook, page, due, attempts) VALUES (?, ?, 0, 0)"
                    " ON CONFLICT (webhook, page) DO NOTHING",
                    (webhook, key.page),
                )


def forget_user(connection: sqlite3.Connection, tenant: str, user: str) -> None:
    """A user's id goes from what is queued or set aside, inside a transaction."""
    connection.execute(
        "UPDATE webhook_delivery SET by = '' WHERE by = ?"
        " AND webhook IN (SELECT id FROM webhook WHERE tenant = ?)",
        (user, tenant),
    )


def put(connection: sqlite3.Connection, webhook: Webhook, over: Webhook | None) -> bool:
    """See `Hooking.put_webhook`."""
    secrets, events = " ".join(webhook.secrets), " ".join(webhook.events)
    with transaction(connection, "IMMEDIATE"):
        if over is not None and over not in find_all(connection, over.tenant):
            return False
        connection.execute(
            "INSERT INTO webhook (id, tenant, url, secrets, events, pages, active, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET url = excluded.url,"
            " secrets = excluded.secrets, events = excluded.events, pages = excluded.pages,"
            " active = excluded.active, created = excluded.created",
            (*webhook[:3], secrets, events, *webhook[5:]),
        )
        connection.execute(_CHANGED)
    return True


def find_all(connection: sqlite3.Connection, tenant: str | None) -> list[Webhook]:
    """See `Hooking.webhooks`."""
    rows = connection.execute(
        "SELECT id, tenant, url, secrets, events, pages, active, created FROM webhook"
        " WHERE ? IS NULL OR tenant = ? ORDER BY created, id",
        (tenant, tenant),
    )
    return [
        Webhook(id, of, url, tuple(secrets.split()), tuple(events.split()), pages, bool(on), at)
        for id, of, url, secrets, events, pages, on, at in rows
    ]


def remove(connection: sqlite3.Connection, tenant: str, webhook: str) -> bool:
    """See `Hooking.remove_webhook`."""
    with transaction(connection, "IMMEDIATE"):
        removed = connection.execute(
            "DELETE FROM webhook WHERE id = ? AND tenant = ?", (webhook, tenant)
        ).rowcount
        if removed:
            connection.execute(_CHANGED)
    return removed > 0


def find_due(connection: sqlite3.Connection, now: int) -> list[str]:
    """See `Hooking.due_webhooks`."""
    rows = connection.execute(
        "SELECT id FROM webhook WHERE EXISTS"
        f" (SELECT 1 FROM webhook_lane WHERE webhook = webhook.id AND {_DUE}) ORDER BY id",
        _due(now),
    )
    return [webhook for (webhook,) in rows]


def take(
    connection: sqlite3.Connection, webhook: str, now: int, until: int, most: int
) -> list[Delivery]:
    """See `Hooking.take_deliveries`."""
    taken = []
    with transaction(connection, "IMMEDIATE"):
        lanes = connection.execute(
            f"SELECT page, attempts FROM webhook_lane WHERE webhook = ? AND {_DUE}"
            " ORDER BY due, page LIMIT ?",
            (webhook, *_due(now), most),
        ).fetchall()
        for page, attempts in lanes:
            connection.execute(
                "UPDATE webhook_lane SET due = ? WHERE webhook = ? AND page = ?",
                (until, webhook, page),
            )
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM webhook_delivery WHERE webhook = ? AND page = ?"
                " AND aside = 0 ORDER BY number LIMIT 1",
                (webhook, page),
            ).fetchone()
            taken.append(_delivery(row)._replace(attempts=attempts))
    return taken


def settle(connection: sqlite3.Connection, settlements: Sequence[Settlement]) -> None:
    """See `Hooking.settle_deliveries`."""
    with transaction(connection, "IMMEDIATE"):
        for number, error, due, at in settlements:
            lane = connection.execute(
                "SELECT webhook, page FROM webhook_delivery WHERE number = ? AND aside = 0",
                (number,),
            ).fetchone()
            if lane is None:
                continue
            if error and due:
                connection.execute(
                    "UPDATE webhook_lane SET due = ?, attempts = attempts + 1"
                    " WHERE webhook = ? AND page = ?",
                    (due, *lane),
                )
                continue
            if error:
                connection.execute(f"{_SET_ASIDE} WHERE number = ?", (error, at, number))
            else:
                connection.execute("DELETE FROM webhook_delivery WHERE number = ?", (number,))
            _renew(connection, *lane)


def expire(
    connection: sqlite3.Connection, webhook: str, before: int, settlement: Settlement
) -> int:
    """See `Hooking.expire_deliveries`."""
    with transaction(connection, "IMMEDIATE"):
        pages = connection.execute(
            "SELECT DISTINCT page FROM webhook_delivery WHERE webhook = ? AND aside = 0 AND at < ?",
            (webhook, before),
        ).fetchall()
        expired = connection.execute(
            f"{_SET_ASIDE} WHERE webhook = ? AND aside = 0 AND at < ?",
            (settlement.error, settlement.at, webhook, before),
        ).rowcount
        for (page,) in pages:
            _renew(connection, webhook, page)
    return expired


def find_aside(connection: sqlite3.Connection, webhook: str, most: int) -> list[Delivery]:
    """See `Hooking.aside_deliveries`."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM webhook_delivery WHERE webhook = ? AND aside > 0"
        " ORDER BY number LIMIT ?",
        (webhook, most),
    )
    return [_delivery(row) for row in rows]


def redeliver(connection: sqlite3.Connection, webhook: str) -> int:
    """See `Hooking.redeliver`."""
    with transaction(connection, "IMMEDIATE"):
        pages = connection.execute(
            "SELECT DISTINCT webhook, page FROM webhook_delivery WHERE webhook = ? AND aside > 0",
            (webhook,),
        ).fetchall()
        found = connection.execute(
            f"{_SET_ASIDE} WHERE webhook = ? AND aside > 0", ("", 0, webhook)
        ).rowcount
        connection.executemany(_AT_ONCE, pages)
    return found


def drop_aside(connection: sqlite3.Connection, before: int) -> int:
    """See `Hooking.drop_aside`."""
    with transaction(connection, "IMMEDIATE"):
        return connection.execute(
            "DELETE FROM webhook_delivery WHERE aside > 0 AND aside < ?", (before,)
        ).rowcount


def find_queues(connection: sqlite3.Connection) -> list[Queue]:
    """See `Hooking.queues`."""
    rows = connection.execute(
        "SELECT webhook.id, count(CASE WHEN aside = 0 THEN 1 END),"
        " coalesce((SELECT at FROM webhook_delivery WHERE webhook = webhook.id AND aside = 0"
        " ORDER BY number LIMIT 1), 0), count(CASE WHEN aside > 0 THEN 1 END)"
        " FROM webhook LEFT JOIN webhook_delivery ON webhook = webhook.id"
        " GROUP BY webhook.id ORDER BY webhook.id"
    )
    return [Queue(*row) for row in rows]


def _due(now: int) -> tuple[int, int]:
    return now, now + FURTHEST_MS


def _renew(connection: sqlite3.Connection, webhook: str, page: str) -> None:
    """The first delivery of a lane is another now, or there is none left."""
    there = connection.execute(
        "SELECT 1 FROM webhook_delivery WHERE webhook = ? AND page = ? AND aside = 0 LIMIT 1",
        (webhook, page),
    ).fetchone()
    if there is None:
        connection.execute(
            "DELETE FROM webhook_lane WHERE webhook = ? AND page = ?", (webhook, page)
        )
    else:
        connection.execute(_AT_ONCE, (webhook, page))


def _delivery(row: tuple[int, str, str, str, int, bytes, str, str, str, int, str, int]) -> Delivery:
    number, webhook, page, event_id, kind, broadcast_id, aid, cid, by, at, error, aside = row
    event = Event(EventKind(kind), broadcast_id, aid, cid, by, at)
    return Delivery(number, webhook, page, event_id, event, error=error, aside=aside)
