"""`crdtchat migrate`: moves everything between SQLite and PostgreSQL."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from crdtchat.server.settings import FILE_NAME, BadSetting
from crdtchat.stores import sqlite_contents
from crdtchat.stores.base import StoreError
from crdtchat.stores.contents import Contents
from crdtchat.stores.moving import move

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://")


def migrate(flags: dict[str, Any]) -> int:
    """Copy everything, prove that it arrived, say so. Raises BadSetting."""
    source, target = flags["from"], flags["to"]
    if _is_sqlite(source) == _is_sqlite(target):
        raise BadSetting(
            "one of --from and --to is SQLite and the other PostgreSQL; to copy one of a kind use "
            "the database's own backup"
        )
    try:
        with _opened(source, fill=False) as old, _opened(target, fill=True) as new:
            counts = move(old, new, _tell)
            where = new.where
    except StoreError as error:
        raise BadSetting(str(error)) from None
    rows = sum(counts.values())
    sys.stdout.write(
        f"{counts['document']} pages, {counts['entry']} entries of their logs, {rows} rows in all: "
        f"counts, digests and every page compared, nothing differs.\n"
        f"Start the servers on the new store: {where}\n"
    )
    return 0


def _is_sqlite(url: str) -> bool:
    """Raises BadSetting for what is neither."""
    if url.startswith((_SQLITE, *_POSTGRES)):
        return url.startswith(_SQLITE)
    name = url.partition("://")[0]
    raise BadSetting(
        f"no store is called {name!r}: say sqlite:///relative/file, sqlite:////absolute/file or "
        "postgresql://user:password@host/database"
    )


def _opened(url: str, *, fill: bool) -> AbstractContextManager[Contents]:
    if _is_sqlite(url):
        path = Path(url.removeprefix(_SQLITE))
        path = path / FILE_NAME if path.is_dir() else path
        return sqlite_contents.filling(path) if fill else sqlite_contents.reading(path)
    try:
        from crdtchat.stores import postgres_contents
    except ImportError:
        raise BadSetting(
            "a store in PostgreSQL needs its driver: pip install 'crdtchat[postgres]'"
        ) from None
    return postgres_contents.filling(url) if fill else postgres_contents.reading(url)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
