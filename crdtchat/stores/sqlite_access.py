"""The tables of access: tenants, users' roles, and which tenants' access changed lately.

Synchronous; runs in a store's threads. Raises `sqlite3.Error`; after it, nothing of the call is
stored.
"""

from __future__ import annotations

import sqlite3

from crdtchat.stores.base import Grant, StoredTenant
from crdtchat.stores.sqlite_file import transaction


def make_access_tables(connection: sqlite3.Connection) -> None:
    """A migration. `access_change` holds one row a tenant: it never grows with time."""
    for statement in (
        "CREATE TABLE tenant (name TEXT PRIMARY KEY NOT NULL, description TEXT NOT NULL)",
        """CREATE TABLE role_grant (
            tenant TEXT NOT NULL,
            user TEXT NOT NULL,
            role TEXT NOT NULL,
            PRIMARY KEY (tenant, user)) WITHOUT ROWID""",
        """CREATE TABLE access_change (
            tenant TEXT PRIMARY KEY NOT NULL,
            number INTEGER NOT NULL UNIQUE)""",
    ):
        connection.execute(statement)


def note_change(connection: sqlite3.Connection, tenant: str) -> None:
    """Say, in the transaction that changes it, that a tenant's access is another now."""
    connection.execute(
        "INSERT INTO access_change (tenant, number)"
        " SELECT ?, coalesce(max(number), 0) + 1 FROM access_change WHERE true"
        " ON CONFLICT (tenant) DO UPDATE SET number = excluded.number",
        (tenant,),
    )


def list_changes(connection: sqlite3.Connection, after: int) -> tuple[int, frozenset[str]]:
    """See `Store.access_changes`."""
    rows = connection.execute(
        "SELECT number, tenant FROM access_change WHERE number > ?"
        " OR number = (SELECT max(number) FROM access_change) ORDER BY number",
        (after,),
    ).fetchall()
    newest = rows[-1][0] if rows else 0
    return newest, frozenset(tenant for number, tenant in rows if number > after)


def list_tenants(connection: sqlite3.Connection) -> list[StoredTenant]:
    """See `Store.tenants`."""
    rows = connection.execute("SELECT name, description FROM tenant ORDER BY name")
    return [StoredTenant(*row) for row in rows]


def put_tenant(connection: sqlite3.Connection, tenant: StoredTenant, over: str | None) -> bool:
    """See `Store.put_tenant`."""
    with transaction(connection, "IMMEDIATE"):
        row = connection.execute(
            "SELECT description FROM tenant WHERE name = ?", (tenant.name,)
        ).fetchone()
        if over not in (None, row[0] if row else ""):
            return False
        connection.execute(
            "INSERT INTO tenant (name, description) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET description = excluded.description",
            (tenant.name, tenant.description),
        )
        note_change(connection, tenant.name)
    return True


def remove_tenant(connection: sqlite3.Connection, name: str) -> bool:
    """See `Store.remove_tenant`."""
    with transaction(connection, "IMMEDIATE"):
        removed = connection.execute("DELETE FROM tenant WHERE name = ?", (name,)).rowcount > 0
        if removed:
            connection.execute("DELETE FROM token WHERE tenant = ?", (name,))
            connection.execute("DELETE FROM role_grant WHERE tenant = ?", (name,))
            connection.execute("DELETE FROM webhook WHERE tenant = ?", (name,))
            connection.execute("UPDATE revision SET number = number + 1")
            note_change(connection, name)
    return removed


def list_grants(connection: sqlite3.Connection, tenant: str | None) -> list[Grant]:
    """See `Store.grants`."""
    rows = connection.execute(
        "SELECT tenant, user, role FROM role_grant WHERE ? IS NULL OR tenant = ?"
        " ORDER BY tenant, user",
        (tenant, tenant),
    )
    return [Grant(*row) for row in rows]


def put_grant(connection: sqlite3.Connection, grant: Grant, first: bool) -> bool:
    """See `Store.put_grant`."""
    conflict = "DO NOTHING" if first else "DO UPDATE SET role = excluded.role"
    with transaction(connection, "IMMEDIATE"):
        kept = connection.execute(
            "INSERT INTO role_grant (tenant, user, role) VALUES (?, ?, ?)"
            f" ON CONFLICT (tenant, user) {conflict}",
            (grant.tenant, grant.user, grant.role),
        ).rowcount
        if kept:
            note_change(connection, grant.tenant)
    return kept > 0


def remove_grant(connection: sqlite3.Connection, tenant: str, user: str, role: str | None) -> bool:
    """See `Store.remove_grant`."""
    with transaction(connection, "IMMEDIATE"):
        removed = connection.execute(
            "DELETE FROM role_grant WHERE tenant = ? AND user = ? AND role = coalesce(?, role)",
            (tenant, user, role),
        ).rowcount
        if removed:
            note_change(connection, tenant)
    return removed > 0
