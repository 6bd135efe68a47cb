"""Room in the write-ahead log: made once, invisible to SQLite, missed by nobody."""

import resource
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crdtchat.stores.sqlite import SqliteStore
from crdtchat.stores.sqlite_room import ROOM_BYTES
from crdtchat.testing.store_contract import KEY, append_of, entries, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crdtchat.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    async with opened(SqliteStore(path)) as store:
        assert isinstance(store, SqliteStore)
        yield store


def log_bytes(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


async def after_its_jobs(store: SqliteStore) -> None:
    """Wait until the store's writing thread has done what it was given."""
    await store._writer.call(lambda: None)


async def test_appends_find_the_log_long_enough(store: SqliteStore, path: Path) -> None:
    for number in range(1, 4):
        await store.append([append_of(KEY, number, number)])
        await after_its_jobs(store)
    assert log_bytes(path) == ROOM_BYTES
    await store.append([append_of(KEY, 4, 60)])
    assert log_bytes(path) == ROOM_BYTES
    assert (await store.load(KEY)).entries == entries(1, 60)


async def test_a_power_cut_leaves_a_log_that_is_read_to_its_true_end(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    for number in range(1, 9):
        await store.append([append_of(KEY, number, number)])
        await after_its_jobs(store)
    assert log_bytes(path) == ROOM_BYTES
    twin = tmp_path / "twin"
    twin.mkdir()
    for name in (path.name, path.name + "-wal"):
        shutil.copy(tmp_path / name, twin / name)
    async with opened(SqliteStore(twin / path.name)) as again:
        assert (await again.load(KEY)).entries == entries(1, 8)
        assert await again.append([append_of(KEY, 9, 9)]) == [9]


async def test_a_scrubbed_log_gets_room_again(store: SqliteStore, path: Path) -> None:
    for number in (1, 2):
        await store.append([append_of(KEY, number, number)])
    await store.scrub()
    await after_its_jobs(store)
    assert log_bytes(path) < ROOM_BYTES
    await store.append([append_of(KEY, 3, 3)])
    await after_its_jobs(store)
    assert log_bytes(path) == ROOM_BYTES


async def test_no_room_is_no_failure(store: SqliteStore, path: Path) -> None:
    """A limit on file sizes is a full disk that needs no privileges."""
    await store.secret("opens the log")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log_bytes(path) + 1_000_000, before[1]))
    try:
        for number in (1, 2):
            assert await store.append([append_of(KEY, number, number)]) == [number]
            await after_its_jobs(store)
            assert log_bytes(path) < ROOM_BYTES
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (await store.load(KEY)).entries == entries(1, 2)
