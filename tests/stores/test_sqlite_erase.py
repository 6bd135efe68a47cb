"""What was erased is in no file, and a kill in the middle leaves the old or the new, never half."""

import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from crdtchat.stores.base import Append, Entry, Erasure, StoreUnavailable
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.testing.store_contract import KEY, OTHER, append_of, entries, opened
from tests.fork_server import forked
from tests.places import places

SECRET = b"what somebody wanted gone"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "crdtchat.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    async with opened(store):
        yield store


async def test_erased_bytes_are_in_no_file_while_the_store_is_open(
    store: SqliteStore, path: Path
) -> None:
    """In the log, a snapshot, pages that were moved, the write-ahead log: all gone."""
    secret = Entry(SECRET * 300, "ann", 1)
    for sequence in range(40):
        await store.append(
            [Append(KEY, 1, sequence, (secret,)), append_of(OTHER, *[sequence + 1] * 2)]
        )
    await store.snapshot(KEY, 1, 20, SECRET * 500)
    assert places(path.parent, SECRET)
    assert await store.erase(Erasure(KEY, 1, 40, b"new")) == 2
    assert await store.unscrubbed()
    await store.scrub()
    assert not await store.unscrubbed()
    assert places(path.parent, SECRET) == []
    assert (await store.load(OTHER)).entries == entries(1, 40)


async def test_a_reader_elsewhere_holds_a_scrub_up_and_is_named(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtchat.stores.sqlite_erase._READERS_S", 0.1)
    async with opened(SqliteStore(path, busy_ms=50)) as eraser:
        await eraser.append([Append(KEY, 1, 0, (Entry(SECRET, "ann", 1),))])
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM entry").fetchall()
            await eraser.erase(Erasure(KEY, 1, 1, b"new"))
            with pytest.raises(StoreUnavailable, match="keeps reading"):
                await eraser.scrub()
            assert await eraser.unscrubbed()
        await eraser.scrub()
    assert places(path.parent, SECRET) == []


async def test_a_writer_in_another_process_learns_of_the_new_epoch(
    store: SqliteStore, path: Path
) -> None:
    await store.append([append_of(KEY, 1, 3)])
    before = await store.revision()
    async with opened(SqliteStore(path)) as eraser:
        await eraser.erase(Erasure(KEY, 1, 3, b"new"))
        await eraser.scrub()
    assert await store.revision() > before
    (conflict,) = await store.append([append_of(KEY, 4, 4)])
    assert repr(conflict) == "Conflict(epoch=2, sequence=4)"
    assert await store.append([Append(KEY, 2, 4, entries(5, 5))]) == [5]


def test_kill_9_in_the_middle_of_an_erasure(tmp_path: Path) -> None:
    """Whole before or whole after; what an interrupted one left on the disk, the next takes off."""
    path = tmp_path / "data" / "crdtchat.db"
    # Not to wait for anything: to meet the child in the midst of its work, wherever that is on this
    # machine. Too early, and the next one may work for longer.
    moment = 0.01
    seen = set()
    for kill in range(16):
        child = forked("tests.stores.child_erases", [str(path)])
        assert child.stdout is not None
        with child.stdout:
            assert child.stdout.readline() == "ready\n"
            time.sleep(moment)
            child.send_signal(signal.SIGKILL)
        child.wait()
        outcome = anyio.run(_outcome, path, kill)
        moment *= 1.6 if outcome == "before" else 0.5
        seen.add(outcome)
        assert places(path.parent, SECRET) == []
    assert seen == {"before", "after"}


async def _outcome(path: Path, kill: int) -> str:
    async with opened(SqliteStore(path)) as store:
        loaded = await store.load(KEY)
        erased = not loaded.entries
        if erased:
            assert loaded.snapshot == b"new"
            assert loaded.snapshot_sequence == loaded.sequence
        else:
            assert SECRET in loaded.entries[0].update
            await store.erase(Erasure(KEY, loaded.epoch, loaded.sequence, b"new"))
        if not erased or await store.unscrubbed():
            await store.scrub()
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return "after" if erased else "before"
