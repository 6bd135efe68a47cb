"""The audit log and reports in PostgreSQL. Runs in a store's threads; what writes runs inside a
transaction. Raises `psycopg.Error`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from psycopg import Connection

from crdtchat.stores.auditing import Audited, Report
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.postgres_counter import count_up
from crdtchat.stores.postgres_schema import digest_of
from crdtchat.sync.effects import Deed

_COLUMNS = "who, role, action, target, at, via, count"


def note(connection: Connection, key: DocumentKey, deeds: Sequence[Deed]) -> None:
    """See `Store.add_deeds`."""
    if not deeds:
        return
    first = count_up(connection, "audit", len(deeds)) - len(deeds) + 1
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO audit (id, tenant, page, {_COLUMNS})"
            " VALUES (%b, %b, %b, %b, %b, %b, %b, %b, %b, %b)",
            [(number, key.tenant, key.page, *deed) for number, deed in enumerate(deeds, first)],
        )


def find(
    connection: Connection,
    tenant: str,
    page: str | None,
    first: int,
    last: int,
    after: int,
    most: int,
) -> list[Audited]:
    """See `Store.deeds`."""
    rows = connection.execute(
        f"SELECT id, page, {_COLUMNS} FROM audit WHERE tenant = %b AND id > %b"
        " AND at BETWEEN %b AND %b AND (%b::text IS NULL OR page = %b::text)"
        " ORDER BY id LIMIT %b",
        (tenant, after, first, last, page, page, most),
    )
    return [Audited(number, where, Deed(*rest)) for number, where, *rest in rows]


def find_pages(connection: Connection, tenant: str, actions: Collection[str]) -> list[str]:
    """See `Store.pages_of_deeds`."""
    rows = connection.execute(
        "SELECT DISTINCT page FROM audit WHERE tenant = %b AND page <> '' AND action = ANY(%b)",
        (tenant, list(actions)),
    )
    return sorted(page for (page,) in rows)


def trim(connection: Connection, tenant: str, before: int, held: Collection[str]) -> int:
    """See `Store.trim_deeds`."""
    return connection.execute(
        "DELETE FROM audit WHERE tenant = %b AND at < %b AND page <> ALL(%b::text[])",
        (tenant, before, list(held)),
    ).rowcount


def add_report(connection: Connection, tenant: str, report: Report) -> None:
    """See `Store.add_report`."""
    digest = digest_of(tenant, report.page, report.target, report.by)
    connection.execute(
        "INSERT INTO report (digest, tenant, page, target, reporter, reason, at)"
        " VALUES (%b, %b, %b, %b, %b, %b, %b)"
        " ON CONFLICT (digest) DO UPDATE SET reason = excluded.reason, at = excluded.at",
        (digest, tenant, *report),
    )


def list_reports(connection: Connection, tenant: str) -> list[Report]:
    """See `Store.reports`."""
    rows = connection.execute(
        "SELECT page, target, reporter, reason, at FROM report WHERE tenant = %b"
        ' ORDER BY at, page COLLATE "C", target COLLATE "C", reporter COLLATE "C"',
        (tenant,),
    )
    return [Report(*row) for row in rows]


def remove_reports(connection: Connection, key: DocumentKey, target: str) -> int:
    """See `Store.remove_reports`."""
    return connection.execute(
        "DELETE FROM report WHERE tenant = %b AND page = %b AND target = %b",
        (key.tenant, key.page, target),
    ).rowcount
