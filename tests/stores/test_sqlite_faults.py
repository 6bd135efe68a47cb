"""Full, read-only, missing, damaged: the SQLite store says so, writes nothing, and resumes."""
# A test may wait for the disk.
# ruff: noqa: ASYNC240

import os
import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from crdtchat.stores import sqlite as sqlite_store
from crdtchat.stores.base import (
    Append,
    DocumentKey,
    Entry,
    Lease,
    Loaded,
    StoreCorrupt,
    StoreError,
    StoreUnavailable,
)
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.stores.sqlite_file import connect
from crdtchat.testing.store_contract import KEY, OTHER, append_of, entries, opened


class Disk:
    """Stands between the store and `connect`: a disk whose state the test sets."""

    def __init__(self) -> None:
        self.mode = "rw"
        self.pages = 1_000_000
        """The file may grow to this many pages; SQLite itself then reports a full disk."""

    def connect(self, path: Path, busy_ms: int) -> sqlite3.Connection:
        connection = connect(path, busy_ms, self.mode)
        connection.execute(f"PRAGMA max_page_count={self.pages}")
        return connection


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(sqlite_store, "connect", disk.connect)
    return disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crdtchat.db"


@pytest.fixture
async def store(disk: Disk, path: Path) -> AsyncIterator[SqliteStore]:
    async with opened(SqliteStore(path)) as store:
        assert isinstance(store, SqliteStore)
        yield store


async def on_writer(store: SqliteStore, statement: str) -> None:
    """Set something on the connection that the store writes with."""
    await store._writer.write(lambda connection: connection.execute(statement).fetchall())


class TestFull:
    async def test_a_full_disk_refuses_and_resumes(self, store: SqliteStore, disk: Disk) -> None:
        await store.append([append_of(KEY, 1, 3)])
        disk.pages = 30
        await on_writer(store, "PRAGMA max_page_count=30")
        big = Append(KEY, 1, 3, (Entry(bytes(10_000), "ann", 1),) * 40, (Lease(1, "ann"),))
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match=r"is full: free some space") as caught:
                await store.append([append_of(OTHER, 1, 1), big])
            assert caught.value.retry
            # Whoever asked need not know where it is.
            assert "The disk of the server's database is full" in caught.value.told
            assert "/" not in caught.value.told
            with pytest.raises(StoreUnavailable, match=r"is full"):
                await store.snapshot(KEY, 1, 2, os.urandom(400_000))
            assert await store.load(KEY) == Loaded(sequence=3, entries=entries(1, 3))
            assert await store.load(OTHER) == Loaded()
        assert await store.append([append_of(OTHER, 1, 1)]) == [1]  # what fits, goes
        disk.pages = 1_000_000
        await on_writer(store, "PRAGMA max_page_count=1000000")
        assert await store.append([big]) == [43]
        assert (await store.load(KEY)).leases == (Lease(1, "ann"),)

    @pytest.mark.parametrize("backend", ["asyncio", "trio"])
    def test_a_commit_that_fails_anywhere_leaves_nothing(self, path: Path, backend: str) -> None:
        child = Path(__file__).with_name("child_full_disk.py")
        command = [sys.executable, "-W", "error", str(child), str(path), backend]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        acknowledged = int(output)

        async def check() -> None:
            """The child died after a refusal; refused entries are not there."""
            async with opened(SqliteStore(path)) as store:
                pages = await store.pages("demo")
                assert [page.sequence for page in pages] == [acknowledged] * 3
                for page in pages:
                    assert (await store.load(page.key)).entries == entries(1, acknowledged)

        anyio.run(check, backend=backend)

    async def test_no_room_for_a_new_database(self, disk: Disk, path: Path) -> None:
        disk.pages = 3
        store = SqliteStore(path)
        with pytest.raises(StoreUnavailable, match="is full"):
            await store.open()
        await store.close()
        disk.pages = 1_000_000
        async with opened(SqliteStore(path)) as again:
            assert await again.append([append_of(KEY, 1, 1)]) == [1]


class TestReadOnly:
    async def test_a_disk_turned_read_only_refuses_and_resumes(
        self, store: SqliteStore, disk: Disk
    ) -> None:
        await store.append([append_of(KEY, 1, 3)])
        disk.mode = "ro"
        await on_writer(store, "PRAGMA query_only=ON")
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match=r"is read-only: make the file") as caught:
                await store.append([append_of(KEY, 4, 4)])
            assert caught.value.retry
            assert (await store.load(KEY)).entries == entries(1, 3)
        disk.mode = "rw"
        assert await store.append([append_of(KEY, 4, 4)]) == [4]

    async def test_a_new_database_cannot_be_read_only(self, disk: Disk, path: Path) -> None:
        disk.mode = "ro"
        store = SqliteStore(path)
        with pytest.raises(StoreUnavailable, match=r"read-only|writable"):
            await store.open()
        await store.close()

    async def test_a_directory_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        for path in (tmp_path / "file" / "x.db", tmp_path / "file" / "sub" / "x.db"):
            store = SqliteStore(path)
            with pytest.raises(StoreUnavailable, match=r"choose a data directory that exists or"):
                await store.open()
            await store.close()

    async def test_a_directory_in_place_of_the_file(self, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path)
        with pytest.raises(StoreUnavailable, match=r"cannot be opened"):
            await store.open()
        await store.close()


KEYS = [DocumentKey("demo", f"page {number}", "s" * (number % 2)) for number in range(9)]


async def fill(path: Path) -> dict[DocumentKey, Loaded]:
    """Write documents of every shape; return what is to be read back."""
    async with opened(SqliteStore(path)) as store:
        for number, key in enumerate(KEYS):
            leases = tuple(Lease(client, f"user {client}", "n") for client in range(number))
            await store.append([Append(key, 1, 0, entries(1, 4 + number), leases)])
            if number % 3 == 0:
                await store.snapshot(key, 1, 2 + number, b"state " * 100 * number)
        return {key: await store.load(key) for key in KEYS}


class TestDamage:
    async def test_any_flipped_bit_is_harmless_or_refused(self, path: Path) -> None:
        """Never other content, never an empty document; the others stay readable."""
        expected = await fill(path)
        sound = path.read_bytes()
        chance = random.Random(2)
        at_open = whole = partly = 0
        for _ in range(200):
            damaged = bytearray(sound)
            damaged[chance.randrange(len(sound))] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
            store = SqliteStore(path, busy_ms=1)
            refused = 0
            try:
                await store.open()
            except StoreError:
                at_open += 1
            else:
                for key in KEYS:
                    try:
                        assert await store.load(key) == expected[key]
                    except StoreError:
                        refused += 1
                whole += refused == 0
                partly += 0 < refused < len(KEYS)
            finally:
                await store.close()
        assert at_open
        assert whole
        assert partly

    async def test_a_document_that_its_index_lost_is_no_empty_document(self, path: Path) -> None:
        """The key is stored in the table and in the index: damage either, in every character."""
        await fill(path)
        sound = path.read_bytes()
        name = KEYS[4].page.encode()
        places = [match.start() for match in re.finditer(name, sound)]
        assert len(places) == 2
        for place in places:
            for offset in range(len(name)):
                damaged = bytearray(sound)
                damaged[place + offset] ^= 1
                path.write_bytes(damaged)
                store = SqliteStore(path)
                with pytest.raises(StoreCorrupt, match="is damaged"):
                    await store.open()
                await store.close()

    async def test_a_file_that_was_cut(self, path: Path) -> None:
        await fill(path)
        sound = path.read_bytes()
        for size in (len(sound) - 4_096, len(sound) // 2, 4_096, 1_000, 50):
            path.write_bytes(sound[:size])
            store = SqliteStore(path)
            with pytest.raises(StoreCorrupt, match=r"is damaged .*: keep a copy of it"):  # noqa: PT012
                await store.open()
                for key in KEYS:
                    await store.load(key)
            await store.close()

    async def test_no_database_at_all(self, path: Path) -> None:
        path.write_bytes(b"Dear diary, " * 1_000)
        store = SqliteStore(path)
        with pytest.raises(StoreCorrupt, match="is damaged") as caught:
            await store.open()
        await store.close()
        assert not caught.value.retry
        assert caught.value.told == "the server's database is damaged"
        assert path.read_bytes() == b"Dear diary, " * 1_000

    @pytest.mark.parametrize(
        "damage",
        [
            "UPDATE entry SET \"update\" = x'00' WHERE sequence = 3",
            "UPDATE entry SET at = at + 1 WHERE sequence = 3",
            "UPDATE entry SET principal = 'eve' WHERE sequence = 3",
            "UPDATE entry SET principal = CAST(x'ff' AS TEXT) WHERE sequence = 3",
            "UPDATE entry SET broadcast_id = '' WHERE sequence = 3",
            "UPDATE entry SET document_id = 77 WHERE sequence = 4",
            "DELETE FROM entry WHERE sequence = 3",
            "DELETE FROM entry WHERE sequence = 5",
            "DELETE FROM entry",
            "UPDATE document SET sequence = 4",
            "UPDATE document SET epoch = 2",
            "UPDATE document SET sequence = 'four'",
            "DELETE FROM snapshot",
            "UPDATE snapshot SET sequence = 2",
            "UPDATE snapshot SET sequence = 'one'",
            "UPDATE snapshot SET state = x'00'",
            "UPDATE snapshot SET state = 'state'",
            "UPDATE snapshot SET packed = 1",
            "UPDATE lease SET user = 'eve'",
        ],
    )
    async def test_damage_to_one_document_refuses_only_that_one(
        self, path: Path, damage: str
    ) -> None:
        async with opened(SqliteStore(path)) as store:
            await store.append([Append(KEY, 1, 0, entries(1, 5), (Lease(1, "ann"),))])
            await store.snapshot(KEY, 1, 1, b"state at 1")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys=OFF")
            assert connection.execute(damage).rowcount
        async with opened(SqliteStore(path)) as store:
            with pytest.raises(StoreCorrupt, match="is damaged"):
                await store.load(KEY)
            assert await store.append([append_of(OTHER, 1, 2)]) == [2]
            assert (await store.load(OTHER)).entries == entries(1, 2)
