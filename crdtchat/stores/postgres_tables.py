"""The small tables in PostgreSQL: tokens, usage counters, secrets, tenants, grants.

Runs in a store's threads; what writes runs inside a transaction. Raises `psycopg.Error`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection

from crdtchat.stores.base import Grant, StoredTenant, Token, Usage
from crdtchat.stores.postgres_counter import count_up
from crdtchat.stores.postgres_hooks import forget_user

_TOKEN = "id, digest, tenant, role, holder, name, pages, expires, created, revoked"


def note_change(connection: Connection, tenant: str) -> None:
    """Say, in the transaction that changes it, that a tenant's access is another now."""
    connection.execute(
        "INSERT INTO access_change (tenant, number) VALUES (%b, %b)"
        " ON CONFLICT (tenant) DO UPDATE SET number = excluded.number",
        (tenant, count_up(connection, "access")),
    )


def list_changes(connection: Connection, after: int) -> tuple[int, frozenset[str]]:
    """See `Store.access_changes`."""
    rows = connection.execute(
        "SELECT number, tenant FROM access_change WHERE number > %b"
        " OR number = (SELECT max(number) FROM access_change) ORDER BY number",
        (after,),
    ).fetchall()
    newest = rows[-1][0] if rows else 0
    return newest, frozenset(tenant for number, tenant in rows if number > after)


def add_token(connection: Connection, token: Token) -> None:
    """See `Store.add_token`."""
    row = (
        *(token.id, token.digest, token.tenant, token.role, token.user, token.name),
        *(token.pages, token.expires, token.created, token.revoked),
    )
    connection.execute(
        f"INSERT INTO token ({_TOKEN}) VALUES (%b, %b, %b, %b, %b, %b, %b, %b, %b, %b)", row
    )


def find_token(connection: Connection, digest: bytes) -> Token | None:
    """See `Store.token`."""
    found = connection.execute(f"SELECT {_TOKEN} FROM token WHERE digest = %b", (digest,))
    return next(iter(_tokens(found)), None)


def list_tokens(connection: Connection, tenant: str) -> list[Token]:
    """See `Store.tokens`."""
    return _tokens(
        connection.execute(
            f'SELECT {_TOKEN} FROM token WHERE tenant = %b ORDER BY created DESC, id COLLATE "C"',
            (tenant,),
        )
    )


def _tokens(rows: Iterable[Any]) -> list[Token]:
    return [Token(*row) for row in rows]


def revoke_token(connection: Connection, tenant: str, token_id: str) -> bool:
    """See `Store.revoke_token`."""
    changed = connection.execute(
        "UPDATE token SET revoked = true WHERE tenant = %b AND id = %b", (tenant, token_id)
    ).rowcount
    if changed:
        note_change(connection, tenant)
    return changed > 0


def remove_user(connection: Connection, tenant: str, user: str) -> int:
    """See `Store.remove_user`."""
    removed = connection.execute(
        "DELETE FROM token WHERE tenant = %b AND holder = %b", (tenant, user)
    ).rowcount
    connection.execute("DELETE FROM report WHERE tenant = %b AND reporter = %b", (tenant, user))
    connection.execute("DELETE FROM role_grant WHERE tenant = %b AND holder = %b", (tenant, user))
    connection.execute(
        "UPDATE page_version SET brought_by = '' WHERE brought_by = %b"
        " AND document_id IN (SELECT id FROM document WHERE tenant = %b)",
        (user, tenant),
    )
    forget_user(connection, tenant, user)
    note_change(connection, tenant)
    count_up(connection, "erasures")
    count_up(connection, "revision")
    return removed


def add_usage(connection: Connection, usages: Sequence[Usage]) -> None:
    """See `Store.add_usage`."""
    rows = sorted(
        (usage.tenant, usage.day, name, count)
        for usage in usages
        for name, count in usage.counts.items()
    )
    for row in rows:
        connection.execute(
            "INSERT INTO usage (tenant, day, counter, count) VALUES (%b, %b, %b, %b)"
            " ON CONFLICT (tenant, day, counter) DO UPDATE"
            " SET count = usage.count + excluded.count",
            row,
        )


def list_usage(connection: Connection, tenant: str, first_day: str, last_day: str) -> list[Usage]:
    """See `Store.usage`."""
    days: dict[str, dict[str, int]] = {}
    for day, name, count in connection.execute(
        "SELECT day, counter, count FROM usage WHERE tenant = %b"
        ' AND day COLLATE "C" BETWEEN %b AND %b ORDER BY day COLLATE "C", counter COLLATE "C"',
        (tenant, first_day, last_day),
    ):
        days.setdefault(day, {})[name] = count
    return [Usage(tenant, day, counts) for day, counts in days.items()]


def find_secret(connection: Connection, name: str) -> bytes | None:
    """Return what is kept under `name`, if anything."""
    row = connection.execute("SELECT value FROM secret WHERE name = %b", (name,)).fetchone()
    return row[0] if row else None


def make_secret(connection: Connection, name: str) -> bytes:
    """Return what is kept under `name`; the first of all processes makes it."""
    connection.execute(
        "INSERT INTO secret (name, value) VALUES (%b, %b) ON CONFLICT DO NOTHING",
        (name, secrets.token_bytes(32)),
    )
    secret = find_secret(connection, name)
    assert secret is not None
    return secret


def list_tenants(connection: Connection) -> list[StoredTenant]:
    """See `Store.tenants`."""
    rows = connection.execute('SELECT name, description FROM tenant ORDER BY name COLLATE "C"')
    return [StoredTenant(*row) for row in rows]


def put_tenant(connection: Connection, tenant: StoredTenant, over: str | None) -> bool:
    """See `Store.put_tenant`."""
    name, description = tenant.name, tenant.description
    insert = "INSERT INTO tenant (name, description) VALUES (%b, %b) ON CONFLICT (name)"
    if over is None:
        update = f"{insert} DO UPDATE SET description = excluded.description"
        kept = connection.execute(update, (name, description))
    elif over:
        update = "UPDATE tenant SET description = %b WHERE name = %b AND description = %b"
        kept = connection.execute(update, (description, name, over))
    else:
        kept = connection.execute(f"{insert} DO NOTHING", (name, description))
    if kept.rowcount:
        note_change(connection, name)
    return kept.rowcount > 0


def remove_tenant(connection: Connection, name: str) -> bool:
    """See `Store.remove_tenant`."""
    removed = connection.execute("DELETE FROM tenant WHERE name = %b", (name,)).rowcount > 0
    if removed:
        connection.execute("DELETE FROM token WHERE tenant = %b", (name,))
        connection.execute("DELETE FROM role_grant WHERE tenant = %b", (name,))
        connection.execute("DELETE FROM webhook WHERE tenant = %b", (name,))
        note_change(connection, name)
        count_up(connection, "revision")
    return removed


def list_grants(connection: Connection, tenant: str | None) -> list[Grant]:
    """See `Store.grants`."""
    rows = connection.execute(
        "SELECT tenant, holder, role FROM role_grant WHERE %b::text IS NULL OR tenant = %b::text"
        ' ORDER BY tenant COLLATE "C", holder COLLATE "C"',
        (tenant, tenant),
    )
    return [Grant(*row) for row in rows]


def put_grant(connection: Connection, grant: Grant, first: bool) -> bool:
    """See `Store.put_grant`."""
    conflict = "DO NOTHING" if first else "DO UPDATE SET role = excluded.role"
    kept = connection.execute(
        "INSERT INTO role_grant (tenant, holder, role) VALUES (%b, %b, %b)"
        f" ON CONFLICT (tenant, holder) {conflict}",
        (grant.tenant, grant.user, grant.role),
    ).rowcount
    if kept:
        note_change(connection, grant.tenant)
    return kept > 0


def remove_grant(connection: Connection, tenant: str, user: str, role: str | None) -> bool:
    """See `Store.remove_grant`."""
    removed = connection.execute(
        "DELETE FROM role_grant WHERE tenant = %b AND holder = %b AND role = coalesce(%b, role)",
        (tenant, user, role),
    ).rowcount
    if removed:
        note_change(connection, tenant)
    return removed > 0
