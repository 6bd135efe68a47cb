"""The table of files: which discussion belongs to which path. One small SQLite file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from crdtchat_jupyter.recognition import Known, Seen

T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS file (
    path TEXT PRIMARY KEY NOT NULL,
    page TEXT NOT NULL,
    file_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (
    mark TEXT NOT NULL,
    path TEXT NOT NULL REFERENCES file ON DELETE CASCADE ON UPDATE CASCADE,
    PRIMARY KEY (mark, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mark_path ON mark (path);
CREATE INDEX IF NOT EXISTS file_file_id ON file (file_id);
"""


_MOST = 20
"""Files with common marks that are looked at: a template's marks are in every file made of it."""


class Files:
    """Several servers may share the file; each call is one transaction in a worker thread.

    Every method may raise `sqlite3.Error`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = anyio.Lock()

    async def candidates(self, seen: Seen) -> list[Known]:
        """What is known of the files that a file may be: same path, same id, most common marks."""
        return await self._do(lambda database: _candidates(database, seen))

    async def keep(self, seen: Seen, page: str) -> None:
        """Remember a file as it is now, under its discussion."""
        await self._do(lambda database: _keep(database, seen, page))

    async def moved(self, old: str, new: str) -> None:
        """A file, or a folder with all in it, was renamed through Jupyter."""
        await self._do(lambda database: _move(database, old, new))

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self._lock:
            return await run_sync(self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._open() as database, database:
            return work(database)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=10)
        try:
            database.execute("PRAGMA foreign_keys = ON")
            database.executescript(_TABLES)
            yield database
        finally:
            database.close()


def _candidates(database: sqlite3.Connection, seen: Seen) -> list[Known]:
    rows = database.execute(
        "SELECT path FROM file WHERE path = ? OR (file_id = ? AND file_id != '')",
        (seen.path, seen.file_id),
    )
    paths = [path for (path,) in rows]
    common: Counter[str] = Counter()
    for mark in sorted(seen.marks):
        rows = database.execute("SELECT path FROM mark WHERE mark = ?", (mark,))
        common.update(path for (path,) in rows)
    paths += [path for path, _ in common.most_common(_MOST) if path not in paths]
    found = []
    for path in paths:
        page, file_id = database.execute(
            "SELECT page, file_id FROM file WHERE path = ?", (path,)
        ).fetchone()
        marks = database.execute("SELECT mark FROM mark WHERE path = ?", (path,)).fetchall()
        found.append(Known(path, page, file_id, frozenset(mark for (mark,) in marks)))
    return found


def _keep(database: sqlite3.Connection, seen: Seen, page: str) -> None:
    database.execute("DELETE FROM file WHERE path = ?", (seen.path,))
    database.execute("INSERT INTO file VALUES (?, ?, ?)", (seen.path, page, seen.file_id))
    database.executemany(
        "INSERT INTO mark VALUES (?, ?)", [(mark, seen.path) for mark in sorted(seen.marks)]
    )


def _move(database: sqlite3.Connection, old: str, new: str) -> None:
    inside = old + "/"
    rows = database.execute("SELECT path FROM file").fetchall()
    for (path,) in rows:
        if path == old or path.startswith(inside):
            database.execute("DELETE FROM file WHERE path = ?", (new + path[len(old) :],))
            database.execute(
                "UPDATE file SET path = ? WHERE path = ?", (new + path[len(old) :], path)
            )
