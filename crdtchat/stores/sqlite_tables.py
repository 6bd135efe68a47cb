"""The small tables: tokens, usage counters, secrets. Synchronous; runs in a store's threads.

Raises `sqlite3.Error`; after it, nothing of the call is stored.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from crdtchat.stores.base import Token, Usage
from crdtchat.stores.sqlite_access import note_change
from crdtchat.stores.sqlite_file import transaction

ADD_USAGE = (
    "INSERT INTO usage (tenant, day, counter, count) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (tenant, day, counter) DO UPDATE SET count = count + excluded.count"
)
_TOKEN = "id, digest, tenant, role, user, name, pages, expires, created, revoked"


def add_token(connection: sqlite3.Connection, token: Token) -> None:
    """See `Store.add_token`."""
    row = (
        *(token.id, token.digest, token.tenant, token.role, token.user, token.name),
        *(token.pages, token.expires, token.created, token.revoked),
    )
    with transaction(connection, "IMMEDIATE"):
        connection.execute(
            f"INSERT INTO token ({_TOKEN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row
        )


def find_token(connection: sqlite3.Connection, digest: bytes) -> Token | None:
    """See `Store.token`."""
    found = connection.execute(f"SELECT {_TOKEN} FROM token WHERE digest = ?", (digest,))
    return next(iter(_tokens(found)), None)


def list_tokens(connection: sqlite3.Connection, tenant: str) -> list[Token]:
    """See `Store.tokens`."""
    return _tokens(
        connection.execute(
            f"SELECT {_TOKEN} FROM token WHERE tenant = ? ORDER BY created DESC, id", (tenant,)
        )
    )


def _tokens(rows: Iterable[Any]) -> list[Token]:
    return [
        Token(token, digest, tenant, role, user, name, pages, expires, created, bool(revoked))
        for token, digest, tenant, role, user, name, pages, expires, created, revoked in rows
    ]


def revoke_token(connection: sqlite3.Connection, tenant: str, token_id: str) -> bool:
    """See `Store.revoke_token`."""
    with transaction(connection, "IMMEDIATE"):
        changed = connection.execute(
            "UPDATE token SET revoked = 1 WHERE tenant = ? AND id = ?", (tenant, token_id)
        )
        if changed.rowcount:
            note_change(connection, tenant)
    return changed.rowcount > 0


def add_usage(connection: sqlite3.Connection, usages: Sequence[Usage]) -> None:
    """See `Store.add_usage`."""
    rows = [
        (usage.tenant, usage.day, name, count)
        for usage in usages
        for name, count in usage.counts.items()
    ]
    with transaction(connection, "IMMEDIATE"):
        connection.executemany(ADD_USAGE, rows)


def list_usage(
    connection: sqlite3.Connection, tenant: str, first_day: str, last_day: str
) -> list[Usage]:
    """See `Store.usage`."""
    days: dict[str, dict[str, int]] = {}
    for day, name, count in connection.execute(
        "SELECT day, counter, count FROM usage WHERE tenant = ? AND day BETWEEN ? AND ?"
        " ORDER BY day, counter",
        (tenant, first_day, last_day),
    ):
        days.setdefault(day, {})[name] = count
    return [Usage(tenant, day, counts) for day, counts in days.items()]


def find_secret(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Return what is kept under `name`, if anything."""
    row = connection.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
    return bytes(row[0]) if row else None


def make_secret(connection: sqlite3.Connection, name: str) -> bytes:
    """Return what is kept under `name`; the first of all processes makes it."""
    with transaction(connection, "IMMEDIATE"):
        secret = find_secret(connection, name)
        if secret is None:
            secret = secrets.token_bytes(32)
            connection.execute("INSERT INTO secret (name, value) VALUES (?, ?)", (name, secret))
    return secret
