"""A backup, or a replica that had not got everything, takes the place of the database below a
server that runs: what is said of access from then on is taken in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from crdtchat.access.directory import Directory
from crdtchat.access.roles import Role
from crdtchat.stores.base import Grant, StoredTenant
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.testing.store_contract import opened


async def test_changes_behind_a_backup_are_seen(tmp_path: Path) -> None:
    """They were passed over until there had been as many as were lost: who was blocked stayed."""
    path = tmp_path / "crdtchat.sqlite3"
    async with opened(SqliteStore(path)) as store:
        await store.put_tenant(StoredTenant("docs", "{}"))
        directory = Directory({}, store)
        with (
            closing(sqlite3.connect(path)) as database,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            database.backup(copy)
            for user in ("ann", "bob", "cid"):
                await store.put_grant(Grant("docs", user, "viewer"))
            await directory.refresh()
            assert directory.role("docs", "ann") == Role.VIEWER
            copy.backup(database)
        assert await directory.refresh() == {"docs"}
        assert directory.role("docs", "ann") is None
        assert await directory.refresh() == set()
        await store.put_grant(Grant("docs", "eve", "blocked"))
        assert await directory.refresh() == {"docs"}
        assert directory.role("docs", "eve") == Role.BLOCKED
