"""Whether a database file is whole."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from crdtchat.stores.base import StoreCorrupt
from crdtchat.stores.sqlite_errors import DATABASE_ERRORS, explain
from crdtchat.stores.sqlite_file import connect

_MOST = 5


def faults_of(path: Path) -> list[str]:
    """What SQLite finds wrong with a file, at most a few; empty if it is whole.

    Reads all of it (about a second for each GiB), also while a server works on it. Raises
    StoreError where it cannot be read now, which says nothing about the file.
    """
    try:
        with closing(connect(path, busy_ms=5_000)) as connection:
            rows = connection.execute(f"PRAGMA quick_check({_MOST})").fetchall()
    except DATABASE_ERRORS as error:
        found = explain(error, path)
        if not isinstance(found, StoreCorrupt):
            raise found from error
        return [str(error)]
    return [row[0] for row in rows if row[0] != "ok"]
