"""All of a SQLite file, for moving it: see `crdtchat.stores.contents`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from crdtchat.stores.base import DocumentKey, Loaded, StoreError
from crdtchat.stores.contents import Numbers, Row, Table
from crdtchat.stores.packing import pack, unpack
from crdtchat.stores.sqlite_errors import DATABASE_ERRORS, damaged, explain, explain_os
from crdtchat.stores.sqlite_file import DatabaseFile, connect, transaction
from crdtchat.stores.sqlite_read import LogReader
from crdtchat.stores.sqlite_schema import migrate

_BUSY_MS = 1_000
_NUMBERED = ("document", "page_version", "webhook_delivery", "audit")


class SqliteContents:
    """See `Contents`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._reads = LogReader(path)
        self.where = str(path)

    def rows(self, table: Table) -> Iterator[Row]:
        """See `Contents`."""
        order = ", ".join(_quoted(table.key))
        for row in self._connection.execute(
            f"SELECT {', '.join(_quoted(_kept(table)))} FROM {table.name} ORDER BY {order}"
        ):
            # A damaged row may hold any type.
            if not all(isinstance(value, int | str | bytes) for value in row):
                raise damaged(self._path, f"a row of {table.name}")
            yield self._unpacked(table, row) if table.packed else row

    def put(self, table: Table, rows: Iterator[Row]) -> None:
        """See `Contents`."""
        columns = _kept(table)
        marks = ", ".join("?" for _ in columns)
        with transaction(self._connection, "IMMEDIATE"):
            self._connection.executemany(
                f"INSERT INTO {table.name} ({', '.join(_quoted(columns))}) VALUES ({marks})",
                (_packed(table, row) for row in rows) if table.packed else rows,
            )

    def _unpacked(self, table: Table, row: Row) -> Row:
        *values, packed = row
        place = table.columns.index(table.packed)
        kept = values[place]
        try:
            if not isinstance(kept, bytes):
                raise ValueError("text in the place of bytes")
            values[place] = unpack(kept, bool(packed))
        except ValueError:
            raise damaged(self._path, f"a row of {table.name}") from None
        return tuple(values)

    def numbers(self) -> Numbers:
        """See `Contents`."""
        given = dict(self._connection.execute("SELECT name, seq FROM sqlite_sequence"))
        (access,) = self._connection.execute(
            "SELECT coalesce(max(number), 0) FROM access_change"
        ).fetchone()
        revision, unscrubbed = self._connection.execute(
            "SELECT number, unscrubbed FROM revision"
        ).fetchone()
        return Numbers(
            document=given.get("document", 0),
            page_version=given.get("page_version", 0),
            webhook_delivery=given.get("webhook_delivery", 0),
            audit=given.get("audit", 0),
            access=access,
            revision=revision,
            unscrubbed=int(bool(unscrubbed)),
        )

    def put_numbers(self, numbers: Numbers) -> None:
        """See `Contents`."""
        with transaction(self._connection, "IMMEDIATE"):
            for table in _NUMBERED:
                number = getattr(numbers, table)
                self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
                self._connection.execute(
                    "INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number)
                )
            self._connection.execute(
                "UPDATE revision SET number = ?, unscrubbed = ?",
                (numbers.revision, numbers.unscrubbed),
            )

    def load(self, key: DocumentKey) -> Loaded:
        """See `Contents`."""
        return self._reads.load(self._connection, key)


def _kept(table: Table) -> tuple[str, ...]:
    """The columns that SQLite has for it."""
    return (*table.columns, "packed") if table.packed else table.columns


def _packed(table: Table, row: Row) -> Row:
    values = list(row)
    place = table.columns.index(table.packed)
    state = values[place]
    assert isinstance(state, bytes)
    values[place], packed = pack(state)
    return (*values, int(packed))


def _quoted(columns: tuple[str, ...]) -> list[str]:
    return [f'"{column}"' for column in columns]


@contextmanager
def reading(path: Path) -> Iterator[SqliteContents]:
    """All of a file, which nobody else has open for the length of the block.

    Raises `StoreError`, also if another process has it open: a server that went on would write
    what nobody moves.
    """
    if not path.is_file():
        raise StoreError(f"there is no database {path}: name an existing one.", retry=False)
    with _explained(path), closing(connect(path, _BUSY_MS, exclusive=True)) as connection:
        migrate(connection, path)
        yield SqliteContents(connection, path)


@contextmanager
def filling(path: Path) -> Iterator[SqliteContents]:
    """A new file, which has its name once the block has ended well. Raises `StoreError`."""
    if path.exists():
        raise StoreError(f"{path} is there already: name a file that is not.", retry=False)
    part = path.with_name(f"{path.name}.part")
    _remove(part)
    with _explained(path):
        DatabaseFile(part).create()
        with closing(connect(part, _BUSY_MS)) as connection:
            migrate(connection, part)
            yield SqliteContents(connection, path)
    try:
        part.rename(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise explain_os(error, path) from error


def _remove(part: Path) -> None:
    """Take away what an interrupted try has left."""
    for name in (part.name, f"{part.name}-wal", f"{part.name}-shm"):
        part.with_name(name).unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise explain(error, path) from error
