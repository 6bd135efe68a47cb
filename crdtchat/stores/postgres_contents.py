"""All of a PostgreSQL database, for moving it: see `crdtchat.stores.contents`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection, IsolationLevel

from crdtchat.stores.base import DocumentKey, Loaded, StoreError
from crdtchat.stores.contents import TABLES, Numbers, Row, Table
from crdtchat.stores.postgres_connection import connect
from crdtchat.stores.postgres_errors import explain, place
from crdtchat.stores.postgres_read import LogReader
from crdtchat.stores.postgres_schema import digest_of, migrate

_AT_ONCE = 20
"""Rows fetched together: one may have megabytes."""
_IDENTITIES = (("document", "id"), ("page_version", "id"), ("webhook_delivery", "number"))


class PostgresContents:
    """See `Contents`. Lives inside one transaction."""

    def __init__(self, connection: Connection, where: str) -> None:
        self._connection = connection
        self._reads = LogReader(where)
        self.where = where

    def rows(self, table: Table) -> Iterator[Row]:
        """See `Contents`."""
        columns = ", ".join(f'{_selected(table, one)} AS "{one}"' for one in table.columns)
        collation = ' COLLATE "C"' if table.is_named else ""
        order = ", ".join(f'"{one}"{collation}' for one in table.key)
        statement = f"SELECT * FROM (SELECT {columns} FROM {table.name}) AS found ORDER BY {order}"
        with self._connection.cursor(name=f"all_of_{table.name}") as cursor:
            cursor.itersize = _AT_ONCE
            yield from cursor.execute(statement.encode())

    def put(self, table: Table, rows: Iterator[Row]) -> None:
        """See `Contents`."""
        names = [*(table.postgres(one) for one in table.columns), *table.digests]
        if table.name == "webhook_lane":
            names.remove("page")
        statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                values = {
                    table.postgres(name): bool(value) if name in table.flags else value
                    for name, value in zip(table.columns, row, strict=True)
                }
                for name, parts in table.digests.items():
                    values[name] = digest_of(*(str(values[table.postgres(one)]) for one in parts))
                copy.write_row([values[name] for name in names])

    def numbers(self) -> Numbers:
        """See `Contents`."""
        counted: dict[str, int] = dict(
            self._connection.execute("SELECT name, number FROM counter").fetchall()
        )
        return Numbers(
            **{table: self._identity(table, column) for table, column in _IDENTITIES},
            audit=counted["audit"],
            access=counted["access"],
            revision=counted["revision"],
            unscrubbed=int(counted["erasures"] > counted["scrubbed"]),
        )

    def put_numbers(self, numbers: Numbers) -> None:
        """See `Contents`."""
        for table, column in _IDENTITIES:
            number = getattr(numbers, table)
            if number:
                self._connection.execute(
                    "SELECT setval(pg_get_serial_sequence(%b, %b), %b)", (table, column, number)
                )
        for name in ("access", "audit", "revision"):
            self._set(name, getattr(numbers, name))
        self._set("erasures", numbers.unscrubbed)

    def _set(self, name: str, number: int) -> None:
        self._connection.execute("UPDATE counter SET number = %b WHERE name = %b", (number, name))

    def _identity(self, table: str, column: str) -> int:
        """The highest number that a column of numbers was given; 0: none yet."""
        row = self._connection.execute(
            "SELECT pg_sequence_last_value(pg_get_serial_sequence(%b, %b)::regclass)",
            (table, column),
        ).fetchone()
        return (row and row[0]) or 0

    def load(self, key: DocumentKey) -> Loaded:
        """See `Contents`."""
        return self._reads.load(self._connection, key)


def _selected(table: Table, column: str) -> str:
    name = table.postgres(column)
    if (table.name, column) == ("webhook_lane", "page"):
        # A lane is there as long as deliveries wait in it, and they know the page.
        return (
            "(SELECT min(d.page) FROM webhook_delivery d WHERE d.webhook = webhook_lane.webhook"
            " AND d.page_digest = webhook_lane.page_digest)"
        )
    return f"{name}::int" if column in table.flags else name


@contextmanager
def reading(url: str) -> Iterator[PostgresContents]:
    """All of a database as of one moment; nobody writes until the block ends. `StoreError`."""
    with _transaction(url) as (connection, where):
        _lock(connection, "SHARE")
        yield PostgresContents(connection, where)


@contextmanager
def filling(url: str) -> Iterator[PostgresContents]:
    """An empty database; what is put there stays if the block ends well, or none of it.

    Raises `StoreError`, also for one that holds something.
    """
    with _transaction(url) as (connection, where):
        _lock(connection, "SHARE ROW EXCLUSIVE")
        for table in TABLES:
            found = connection.execute(f"SELECT 1 FROM {table.name} LIMIT 1".encode()).fetchone()
            if found is not None:
                raise StoreError(
                    f"{where} is not empty (table {table.name}): name an empty database.",
                    retry=False,
                )
        yield PostgresContents(connection, where)


@contextmanager
def _transaction(url: str) -> Iterator[tuple[Connection, str]]:
    where = place(url)
    try:
        with connect(url) as connection:
            migrate(connection, where)
            connection.isolation_level = IsolationLevel.READ_COMMITTED
            with connection.transaction():
                yield connection, where
    except psycopg.Error as error:
        raise explain(error, where) from error


def _lock(connection: Connection, mode: str) -> None:
    """Before the first look, so that what is seen is what is there when others have to wait."""
    names = ", ".join(table.name for table in TABLES)
    connection.execute(f"LOCK TABLE {names} IN {mode} MODE".encode())
