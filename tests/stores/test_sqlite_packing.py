"""Snapshots are kept compressed, come back to the byte, and older files are read."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crdtchat.stores.base import Erasure, StoreCorrupt
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.stores.sqlite_file import connect
from crdtchat.stores.sqlite_schema import MIGRATIONS, migrate
from crdtchat.testing.store_contract import KEY, append_of, opened

WORDS = b"The same words, again and again. " * 1_000
NOISE = os.urandom(4_096)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crdtchat.db"


def kept(path: Path) -> tuple[int, int]:
    """Bytes of the snapshot's column, and whether it is compressed."""
    with closing(sqlite3.connect(path)) as connection:
        found: tuple[int, int] = connection.execute(
            "SELECT length(state), packed FROM snapshot"
        ).fetchone()
        return found


@pytest.mark.parametrize(
    ("state", "most", "packed"), [(WORDS, 1_000, 1), (NOISE, 4_096, 0), (b"short" * 20, 100, 0)]
)
async def test_a_snapshot_comes_back(path: Path, state: bytes, most: int, packed: int) -> None:
    async with opened(SqliteStore(path)) as store:
        await store.append([append_of(KEY, 1, 3)])
        assert await store.snapshot(KEY, 1, 2, state)
    async with opened(SqliteStore(path)) as store:
        loaded = await store.load(KEY)
        assert (loaded.snapshot, loaded.snapshot_sequence) == (state, 2)
    length, is_packed = kept(path)
    assert (length <= most, is_packed) == (True, packed)


async def test_so_does_what_an_erasure_left(path: Path) -> None:
    async with opened(SqliteStore(path)) as store:
        await store.append([append_of(KEY, 1, 3)])
        assert await store.erase(Erasure(KEY, 1, 3, WORDS)) == 2
        assert (await store.load(KEY)).snapshot == WORDS
    assert kept(path)[1] == 1


async def test_an_older_file_is_read_and_its_next_snapshot_compressed(path: Path) -> None:
    async with opened(SqliteStore(path)) as store:
        await store.append([append_of(KEY, 1, 3)])
        await store.snapshot(KEY, 1, 2, NOISE)  # kept as it is, as older versions did with all
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE snapshot DROP COLUMN packed")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) - 1}")
    with closing(connect(path, 5_000)) as connection:
        migrate(connection, path)
    async with opened(SqliteStore(path)) as store:
        assert (await store.load(KEY)).snapshot == NOISE
        await store.snapshot(KEY, 1, 3, WORDS)
        assert (await store.load(KEY)).snapshot == WORDS
    assert kept(path)[1] == 1


@pytest.mark.parametrize(
    "damage",
    [
        "packed = 0",
        "state = substr(state, 1, length(state) - 1)",
        "state = x'00' || state",
        "state = 'text'",
        "checksum = checksum + 1",
    ],
)
async def test_damage_is_noticed(path: Path, damage: str) -> None:
    async with opened(SqliteStore(path)) as store:
        await store.append([append_of(KEY, 1, 3)])
        await store.snapshot(KEY, 1, 2, WORDS)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE snapshot SET {damage}")
    async with opened(SqliteStore(path)) as store:
        with pytest.raises(StoreCorrupt, match="is damaged"):
            await store.load(KEY)
