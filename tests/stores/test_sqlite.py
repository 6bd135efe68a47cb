"""The SQLite store: the contract, and what it promises beyond."""
# A test may wait for the disk.
# ruff: noqa: ASYNC240

import asyncio
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from hypothesis import settings

from crdtchat.stores.base import (
    Append,
    Conflict,
    DocumentKey,
    Entry,
    Store,
    StoreCorrupt,
    StoreError,
    StoreTooNew,
    StoreUnavailable,
)
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.stores.sqlite_file import connect
from crdtchat.stores.sqlite_schema import MIGRATIONS, migrate
from crdtchat.testing.store_contract import (
    KEY,
    OTHER,
    append_of,
    entries,
    opened,
)
from crdtchat.testing.store_contract_access import AccessContract
from crdtchat.testing.store_contract_audit import AuditContract
from crdtchat.testing.store_contract_erase import ErasingContract
from crdtchat.testing.store_contract_hooks import HooksContract
from crdtchat.testing.store_contract_lists import ListContract
from crdtchat.testing.store_contract_versions import VersionsContract
from crdtchat.testing.store_machine import StoreMachine

LONG = 60_000  # ms; a lock that is waited for in these tests is always released


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "crdtchat.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, busy_ms=LONG)
    async with opened(store):
        yield store


def raw(path: Path) -> sqlite3.Connection:
    """Another program's connection to the file."""
    return sqlite3.connect(path, isolation_level=None, timeout=LONG / 1000)


class TestSqliteStore(
    ErasingContract, VersionsContract, AccessContract, AuditContract, HooksContract, ListContract
):
    @pytest.fixture
    def make_store(self, path: Path) -> Callable[[], Store]:
        return partial(SqliteStore, path)


@contextmanager
def sqlite_data() -> Iterator[Callable[[], Store]]:
    with tempfile.TemporaryDirectory() as directory:
        yield partial(SqliteStore, Path(directory) / "crdtchat.db")


class SqliteMachine(StoreMachine):
    fresh_data = staticmethod(sqlite_data)


TestSqliteMachine = SqliteMachine.TestCase
TestSqliteMachine.settings = settings(max_examples=40, deadline=None)


class TestThreads:
    async def test_a_load_does_not_wait_for_a_commit(self, store: SqliteStore, path: Path) -> None:
        await store.append([append_of(KEY, 1, 2)])
        outcome: list[object] = []

        async def append() -> None:
            outcome.extend(await store.append([append_of(KEY, 3, 3)]))

        with closing(raw(path)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(append)
                await anyio.wait_all_tasks_blocked()
                assert (await store.load(KEY)).entries == entries(1, 2)
                assert len(await store.pages("demo")) == 1
                assert outcome == []
                blocker.execute("ROLLBACK")
        assert outcome == [3]

    async def test_an_append_that_began_is_finished_though_its_task_is_cancelled(
        self, store: SqliteStore, path: Path
    ) -> None:
        await store.append([append_of(KEY, 1, 1)])
        learnt: list[object] = []

        async def append() -> None:
            learnt.extend(await store.append([append_of(KEY, 2, 3), append_of(OTHER, 1, 1)]))

        with closing(raw(path)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(append)
                await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
                blocker.execute("ROLLBACK")
        assert learnt == [3, 1]
        assert (await store.load(KEY)).entries == entries(1, 3)
        assert await store.append([append_of(KEY, 4, 4)]) == [4]

    def test_asyncios_own_cancellation(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It passes anyio's shield: what has begun is finished, what waits never happens."""
        has_begun = threading.Event()

        async def main() -> None:
            store = SqliteStore(path, busy_ms=LONG)
            await store.open()
            append = store._writes.append

            def begin(*args: Any) -> list[int | Conflict]:
                has_begun.set()
                return append(*args)

            monkeypatch.setattr(store._writes, "append", begin)
            with closing(raw(path)) as blocker:
                blocker.execute("BEGIN IMMEDIATE")
                begun = asyncio.create_task(store.append([append_of(KEY, 1, 2)]))
                waits = asyncio.create_task(store.append([append_of(OTHER, 1, 2)]))
                await anyio.to_thread.run_sync(has_begun.wait)
                begun.cancel()
                waits.cancel()
                outcomes = await asyncio.gather(begun, waits, return_exceptions=True)
                blocker.execute("ROLLBACK")
            assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
            assert await store.append([append_of(KEY, 3, 3), append_of(OTHER, 1, 1)]) == [3, 1]
            assert (await store.load(KEY)).entries == entries(1, 3)
            await store.close()

        asyncio.run(main())

    async def test_a_cancelled_load_leaves_at_once(self, store: SqliteStore) -> None:
        begun: list[int] = []
        release = threading.Event()

        def job(_: sqlite3.Connection) -> None:
            begun.append(1)
            release.wait()

        async with anyio.create_task_group() as tasks:
            for _ in range(4):  # two more than there are threads
                tasks.start_soon(store._reader.read, job)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        release.set()
        assert (await store.load(KEY)).sequence == 0
        assert len(begun) <= 2

    async def test_closing_waits_for_what_was_begun(self, path: Path) -> None:
        store = SqliteStore(path, busy_ms=LONG)
        await store.open()
        with closing(raw(path)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(store.append, [append_of(KEY, 1, 2)])
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(store.close)
                await anyio.wait_all_tasks_blocked()
                blocker.execute("ROLLBACK")
        async with opened(SqliteStore(path)) as again:
            assert (await again.load(KEY)).entries == entries(1, 2)

    def test_a_store_outlives_the_event_loop_that_opened_it(self, path: Path) -> None:
        store = SqliteStore(path)
        anyio.run(store.open, backend="asyncio")
        appends = [append_of(KEY, 1, 1)]
        assert anyio.run(store.append, appends, backend="trio") == [1]
        loaded = anyio.run(store.load, KEY, backend="asyncio")
        anyio.run(store.close, backend="trio")
        assert loaded.entries == entries(1, 1)

    async def test_closing_leaves_no_thread_and_one_file(self, path: Path) -> None:
        before = set(threading.enumerate())
        async with opened(SqliteStore(path)) as store:
            await store.append([append_of(KEY, 1, 1)])
            await store.load(KEY)
        left = {thread.name for thread in set(threading.enumerate()) - before}
        assert not {name for name in left if name.startswith(("crdtchat-write", "crdtchat-read"))}
        assert os.listdir(path.parent) == [path.name]


class TestFile:
    async def test_what_it_makes_is_private(self, store: SqliteStore, path: Path) -> None:
        await store.append([append_of(KEY, 1, 1)])
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        files = list(path.parent.iterdir())
        assert len(files) == 3  # with the write-ahead log and its index
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}

    async def test_the_promises_are_switched_on(self, store: SqliteStore) -> None:
        for lane in (store._writer, store._reader):
            for pragma, value in {
                "journal_mode": "wal",
                "synchronous": 2,
                "secure_delete": 1,
                "foreign_keys": 1,
                "auto_vacuum": 2,
                "busy_timeout": LONG,
            }.items():
                found = await lane.read(
                    lambda c, p=pragma: c.execute(f"PRAGMA {p}").fetchone()  # type: ignore[misc]
                )
                assert (pragma, found) == (pragma, (value,))

    async def test_what_a_snapshot_folds_leaves_no_text_in_the_file(self, path: Path) -> None:
        secret = b"what somebody wanted gone"
        async with opened(SqliteStore(path)) as store:
            await store.append([Append(KEY, 1, 0, (Entry(secret * 300, "ann", 1),) * 40)])
            await store.append([append_of(KEY, 41, 80)])
            await store.snapshot(KEY, 1, 60, b"state")
        assert secret not in path.read_bytes()

    async def test_snapshots_give_the_disk_back(self, path: Path) -> None:
        async with opened(SqliteStore(path)) as store:
            big = tuple(Entry(bytes(4_000), "ann", 1) for _ in range(4_000))
            await store.append([Append(KEY, 1, 0, big)])
            for sequence in (3_900, 3_950, 4_000):
                await store.snapshot(KEY, 1, sequence, b"state")
        assert path.stat().st_size < 0.7 * 4_000 * 4_000

    async def test_odd_paths(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("ż ó?mode=ro#x%20&y.db", "sub/relative.db"):
            async with opened(SqliteStore(name)) as store:
                assert await store.append([append_of(KEY, 1, 1)]) == [1]
            assert (tmp_path / name).stat().st_size > 0

    def test_processes_may_open_a_new_file_together(self, path: Path) -> None:
        program = (
            "import anyio, sys\n"
            "from crdtchat.stores.sqlite import SqliteStore\n"
            "async def main():\n"
            "    store = SqliteStore(sys.argv[1])\n"
            "    await store.open()\n"
            "    print((await store.secret('x')).hex())\n"
            "    await store.close()\n"
            "anyio.run(main)\n"
        )
        command = [sys.executable, "-c", program, str(path)]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        outputs = {child.communicate()[0] for child in children}
        assert [child.returncode for child in children] == [0] * 4
        assert len(outputs) == 1


class TestSchema:
    async def test_a_newer_schema_is_refused(self, path: Path) -> None:
        async with opened(SqliteStore(path)):
            pass
        with closing(raw(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
        before = path.read_bytes()
        store = SqliteStore(path)
        with pytest.raises(StoreTooNew, match=r"newer crdtchat .*: upgrade"):
            await store.open()
        with pytest.raises(StoreError, match="not open"):
            await store.append([append_of(KEY, 1, 1)])
        await store.close()
        assert path.read_bytes() == before

    async def test_another_programs_database_is_left_alone(self, path: Path) -> None:
        path.parent.mkdir()
        for marks in ("", "PRAGMA user_version = 1"):
            path.unlink(missing_ok=True)
            with closing(raw(path)) as connection:
                connection.execute("CREATE TABLE theirs (x)")
                connection.execute(marks)
            store = SqliteStore(path)
            with pytest.raises(StoreCorrupt, match="another program"):
                await store.open()
            await store.close()
            with closing(raw(path)) as connection:
                tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
            assert tables == [("theirs",)]

    async def test_a_migration_that_fails_changes_nothing(self, path: Path) -> None:
        async with opened(SqliteStore(path)) as store:
            await store.append([append_of(KEY, 1, 3)])

        def second(connection: sqlite3.Connection) -> None:
            connection.execute("CREATE TABLE later (x)")

        def third(connection: sqlite3.Connection) -> None:
            connection.execute("DROP TABLE usage")
            connection.execute("SELECT * FROM nowhere")

        with closing(connect(path, LONG)) as connection:
            with pytest.raises(sqlite3.OperationalError, match="nowhere"):
                migrate(connection, path, (*MIGRATIONS, second, third))
            released = len(MIGRATIONS)
            assert connection.execute("PRAGMA user_version").fetchone() == (released,)
            migrate(connection, path, (*MIGRATIONS, second))
            assert connection.execute("PRAGMA user_version").fetchone() == (released + 1,)
        store = SqliteStore(path)
        with pytest.raises(StoreTooNew):
            await store.open()
        await store.close()

    async def test_an_auditor_reads_who_wrote_what_when(
        self, store: SqliteStore, path: Path
    ) -> None:
        await store.append([append_of(KEY, 1, 1), append_of(OTHER, 1, 1)])
        await store.append([append_of(KEY, 2, 2)])
        with closing(raw(path)) as connection:
            rows = connection.execute(
                "SELECT page, entry.sequence, principal, at, broadcast_id FROM entry"
                " JOIN document ON document.id = document_id ORDER BY entry.id"
            ).fetchall()
        first, second = entries(1, 2)
        assert rows == [
            (page, sequence, e.principal, e.at, e.broadcast_id)
            for page, sequence, e in (
                (KEY.page, 1, first),
                (OTHER.page, 1, first),
                (KEY.page, 2, second),
            )
        ]


class TestOtherProcesses:
    async def test_a_remembered_document_that_was_erased_elsewhere(
        self, store: SqliteStore, path: Path
    ) -> None:
        await store.append([append_of(KEY, 1, 3), append_of(OTHER, 1, 1)])
        with closing(raw(path)) as connection:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("DELETE FROM document WHERE page = ?", (KEY.page,))
            assert connection.execute("SELECT count(*) FROM entry").fetchone() == (1,)
        (conflict,) = await store.append([append_of(KEY, 4, 4)])
        assert repr(conflict) == "Conflict(epoch=1, sequence=0)"
        newcomer = DocumentKey("demo", "newcomer")
        assert await store.append([append_of(newcomer, 1, 1)]) == [1]
        assert await store.append([append_of(KEY, 1, 2)]) == [2]
        assert (await store.load(KEY)).entries == entries(1, 2)

    async def test_a_lock_held_too_long(self, path: Path) -> None:
        """Also with EXCLUSIVE, and the same object works on once the lock is gone."""
        async with opened(SqliteStore(path, busy_ms=1)) as store:
            for kind in ("IMMEDIATE", "EXCLUSIVE"):
                sequence = (await store.load(KEY)).sequence
                with closing(raw(path)) as blocker:
                    blocker.execute(f"BEGIN {kind}")
                    with pytest.raises(StoreUnavailable, match=r"locked by another process: stop"):
                        await store.append([append_of(KEY, sequence + 1, sequence + 1)])
                    assert (await store.load(KEY)).sequence == sequence
                outcome = await store.append([append_of(KEY, sequence + 1, sequence + 1)])
                assert outcome == [sequence + 1]

    async def test_a_file_replaced_while_in_use(self, store: SqliteStore, path: Path) -> None:
        """A deleted file still takes writes; all of them would be lost."""
        await store.append([append_of(KEY, 1, 1)])
        aside = path.with_name("aside")
        path.rename(aside)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match=re.escape(f"{path} cannot be used")):
                await store.append([append_of(KEY, 2, 2)])
            with pytest.raises(StoreUnavailable, match="cannot be used"):
                await store.load(KEY)
        path.write_bytes(b"")
        with pytest.raises(StoreUnavailable, match=r"replaced while in use: put the original back"):
            await store.append([append_of(KEY, 2, 2)])
        aside.rename(path)
        assert await store.append([append_of(KEY, 2, 2)]) == [2]
        assert (await store.load(KEY)).entries == entries(1, 2)
