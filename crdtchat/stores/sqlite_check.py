"""Whether a database file is whole."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from crdtchat.stores.base import StoreError
from crdtchat.stores.sqlite_errors import DATABASE_ERRORS
from crdtchat.stores.sqlite_file import connect

_MOST = 5


def faults_of(path: Path) -> list[str]:
    """What SQLite finds wrong with a file, at most a few; empty if it is whole.

    Reads all of it (about a second for each GiB), also while a server works on it.
    """
    try:
        with closing(connect(path, busy_ms=5_000)) as connection:
            rows = connection.execute(f"PRAGMA quick_check({_MOST})").fetchall()
    except (*DATABASE_ERRORS, StoreError) as error:
        return [str(error)]
    return [row[0] for row in rows if row[0] != "ok"]
