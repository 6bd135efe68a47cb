"""The table of files: which discussion belongs to which path. One small SQLite file.

It is made anew where it was lost or damaged: then it holds which discussions there are that no file
is known for, as the discussions' own database has them.

A file that was deleted, or that another one took the place of, is laid aside under a key that no
path has: `PATH//PAGE/`. Of a file that is still there, what it was before it was replaced as a
whole is kept so: it may come back, as by a checkout.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from crdtchat.stores.sqlite_errors import explain_os
from crdtchat_jupyter.marks import MOST, telling
from crdtchat_jupyter.recognition import Known, Seen, is_other

T = TypeVar("T")
_log = logging.getLogger(__name__)

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
CREATE INDEX IF NOT EXISTS file_page ON file (page);
CREATE TABLE IF NOT EXISTS lost (
    page TEXT PRIMARY KEY NOT NULL,
    path TEXT NOT NULL,
    marks TEXT NOT NULL
) WITHOUT ROWID;
"""
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


_MOST = 20
"""Files with common marks that are looked at: a template's marks are in every file made of it."""


class Files:
    """Several servers may share the file; each call is one transaction in a worker thread.

    Every method may raise `sqlite3.Error`, and `StoreUnavailable` where it can have no folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = anyio.Lock()

    async def is_new(self) -> bool:
        """Whether nobody has told yet which discussions there are. A damaged file is put aside."""
        return await self._do(lambda database: not _version(database))

    async def begin(self, lost: Sequence[Known]) -> None:
        """Keep which discussions there are; those whose file is known are passed over."""
        await self._do(lambda database: _begin(database, lost))

    async def candidates(self, seen: Seen) -> list[Known]:
        """What is known of the files that a file may be: same path, links followed or not, same id,
        most common marks, and all that are lost; and of those that have the discussion of the one
        at this path."""
        return await self._do(lambda database: _candidates(database, seen))

    async def keep(self, seen: Seen, page: str, moved: str = "") -> None:
        """Remember a file as it is now, under its discussion. `moved`: where it was until now; what
        is like it from then on is a copy."""
        await self._do(lambda database: _keep(database, seen, page, moved))

    async def settle(self, seen: Seen, page: str) -> str:
        """Remember a file that was not known, or that took the place of another one, and answer its
        discussion: that of whoever was first, where several ask about it at the same moment."""
        return await self._do(lambda database: _settle(database, seen, page))

    async def renew(self, path: str, marks: frozenset[str]) -> None:
        """What the file at a path is known by now, if it is known and still the same."""
        await self._do(lambda database: _renew(database, path, marks))

    async def deleted(self, path: str) -> None:
        """A file, or a folder with all in it, was deleted through Jupyter: what comes under its
        path is another one, unless it has its marks."""
        await self._do(lambda database: _delete(database, path))

    async def moved(self, old: str, new: str) -> None:
        """A file, or a folder with all in it, was renamed through Jupyter."""
        await self._do(lambda database: _move(database, old, new))

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        async with self._lock:
            return await run_sync(self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._open() as database, database:
                return work(database)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) not in _DAMAGE:
                raise
            self._put_aside(error)
        with self._open() as database, database:
            return work(database)

    def _put_aside(self, error: sqlite3.DatabaseError) -> None:
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        os.replace(self.path, aside)
        _log.error("%s is damaged (%s): put aside as %s", self.path, error, aside.name)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os(error, self.path) from error
        database = sqlite3.connect(self.path, timeout=10)
        try:
            database.execute("PRAGMA foreign_keys = ON")
            database.executescript(_TABLES)
            yield database
        finally:
            database.close()


def _candidates(database: sqlite3.Connection, seen: Seen) -> list[Known]:
    rows = database.execute(
        "SELECT path FROM file WHERE path IN (?1, ?3) OR (file_id = ?2 AND file_id != '')"
        " OR page = (SELECT page FROM file WHERE path = ?1)",
        (seen.path, seen.file_id, seen.real),
    )
    paths = [path for (path,) in rows]
    common: Counter[str] = Counter()
    for mark in sorted(telling(seen.marks)):
        rows = database.execute("SELECT path FROM mark WHERE mark = ?", (mark,))
        common.update(path for (path,) in rows)
    paths += [path for path, _ in common.most_common(_MOST) if path not in paths]
    found = _known(database, paths)
    rows = database.execute("SELECT page, path, marks FROM lost")
    found += [
        Known(path, page, "", frozenset(json.loads(marks)), lost=True) for page, path, marks in rows
    ]
    return found


def _known(database: sqlite3.Connection, paths: Sequence[str]) -> list[Known]:
    """Those of some keys, each once: what is laid aside of a file that is there belongs to it."""
    found: dict[tuple[str, str, bool], Known] = {}
    for path in paths:
        page, file_id = database.execute(
            "SELECT page, file_id FROM file WHERE path = ?", (path,)
        ).fetchone()
        one = Known(path, page, file_id, _marks(database, path))
        if path.endswith("/"):
            there = database.execute(
                "SELECT path, file_id FROM file WHERE page = ? AND path NOT LIKE '%/'"
                " ORDER BY path = ? DESC",
                (page, _path_of(path)),
            ).fetchone()
            if there is None:
                one = replace(one, path=_path_of(path), past=True)
            else:
                one = replace(one, path=there[0], file_id=there[1])
        same = found.get((one.path, page, one.past))
        marks = one.marks | same.marks if same is not None else one.marks
        found[one.path, page, one.past] = replace(one, marks=marks)
    return list(found.values())


def _marks(database: sqlite3.Connection, path: str) -> frozenset[str]:
    rows = database.execute("SELECT mark FROM mark WHERE path = ?", (path,)).fetchall()
    return frozenset(mark for (mark,) in rows)


def _version(database: sqlite3.Connection) -> int:
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    return version


def _begin(database: sqlite3.Connection, lost: Sequence[Known]) -> None:
    if _version(database):  # another server has
        return
    database.executemany(
        "INSERT OR IGNORE INTO lost SELECT ?1, ?2, ?3"
        " WHERE NOT EXISTS (SELECT 1 FROM file WHERE page = ?1)",
        [(one.page, one.path, json.dumps(sorted(one.marks))) for one in lost],
    )
    database.execute("PRAGMA user_version = 1")


def _keep(database: sqlite3.Connection, seen: Seen, page: str, moved: str = "") -> None:
    if database.execute("SELECT 1 FROM file WHERE path = ?", (moved,)).fetchone():
        _lay_aside(database, moved)
    row = database.execute("SELECT page FROM file WHERE path = ?", (seen.path,)).fetchone()
    if row is not None and (row[0] != page or is_other(_marks(database, seen.path), seen.marks)):
        _lay_aside(database, seen.path)
    database.execute("DELETE FROM file WHERE path = ?", (seen.path,))
    database.execute("DELETE FROM lost WHERE page = ?", (page,))
    database.execute("INSERT INTO file VALUES (?, ?, ?)", (seen.path, page, seen.file_id))
    database.executemany(
        "INSERT INTO mark VALUES (?, ?)", [(mark, seen.path) for mark in sorted(seen.marks)]
    )


def _settle(database: sqlite3.Connection, seen: Seen, page: str) -> str:
    database.execute("BEGIN IMMEDIATE")  # nobody else settles it between the look and the writing
    row = database.execute("SELECT page FROM file WHERE path = ?", (seen.path,)).fetchone()
    if row is None or is_other(_marks(database, seen.path), seen.marks):
        _keep(database, seen, page)
        return page
    return str(row[0])


def _renew(database: sqlite3.Connection, path: str, marks: frozenset[str]) -> None:
    before = _marks(database, path)
    if not marks or marks == before or is_other(before, marks):
        return
    if database.execute("SELECT 1 FROM file WHERE path = ?", (path,)).fetchone() is None:
        return
    database.execute("DELETE FROM mark WHERE path = ?", (path,))
    database.executemany("INSERT INTO mark VALUES (?, ?)", [(mark, path) for mark in sorted(marks)])


def _delete(database: sqlite3.Connection, path: str) -> None:
    rows = database.execute("SELECT path FROM file WHERE path NOT LIKE '%/'").fetchall()
    for (one,) in rows:
        if one == path or one.startswith(f"{path}/"):
            _lay_aside(database, one)


def _lay_aside(database: sqlite3.Connection, path: str) -> None:
    (page,) = database.execute("SELECT page FROM file WHERE path = ?", (path,)).fetchone()
    key, marks = f"{path}//{page}/", _marks(database, path)
    older = _marks(database, key)
    database.execute("DELETE FROM file WHERE path IN (?, ?)", (path, key))
    database.execute("INSERT INTO file VALUES (?, ?, '')", (key, page))
    kept = sorted(marks) + sorted(older - marks)
    database.executemany(
        "INSERT INTO mark VALUES (?, ?)", [(mark, key) for mark in kept[: 2 * MOST]]
    )


def _path_of(key: str) -> str:
    """Where a file was that is laid aside. A share's path may begin with the two slashes."""
    return key[: key.index("//", 1)]


def _move(database: sqlite3.Connection, old: str, new: str) -> None:
    inside = old + "/"
    rows = database.execute("SELECT path FROM file").fetchall()
    for (path,) in rows:
        # What is laid aside of the file itself was another one.
        if path == old or (path.startswith(inside) and not path.startswith(f"{inside}/")):
            moved = new + path[len(old) :]
            _make_room(database, moved)
            database.execute("UPDATE file SET path = ? WHERE path = ?", (moved, path))


def _make_room(database: sqlite3.Connection, path: str) -> None:
    if path.endswith("/"):
        database.execute("DELETE FROM file WHERE path = ?", (path,))
    elif database.execute("SELECT 1 FROM file WHERE path = ?", (path,)).fetchone():
        _lay_aside(database, path)
