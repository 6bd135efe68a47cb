"""Appends without a task: what `append` promises, told by a callback in the event loop."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import anyio

from crdtchat.stores.base import Append, Conflict, PromptStore, Store, StoreError, StoreUnavailable
from crdtchat.stores.loops import soon_in_this_loop
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.testing.store_contract import KEY, OTHER, append_of, entries, opened

Told = list[int | Conflict] | BaseException


class Ear:
    """Waits for what a store tells, and remembers in which thread it was told."""

    def __init__(self) -> None:
        self._told = anyio.Event()
        self._outcome: Told = []
        self.thread = 0

    def settle(self, outcome: Told) -> None:
        self._outcome = outcome
        self.thread = threading.get_ident()
        self._told.set()

    async def hear(self) -> Told:
        await self._told.wait()
        return self._outcome


async def told(store: Store, appends: Sequence[Append]) -> Told:
    """Append; nothing is told before the call has returned, and then in this thread."""
    assert isinstance(store, PromptStore)
    ear = Ear()
    store.append_soon(appends, ear.settle, soon_in_this_loop())
    assert not ear.thread
    outcome = await ear.hear()
    assert ear.thread == threading.get_ident()
    return outcome


async def test_it_answers_as_append_does(tmp_path: Path) -> None:
    async with opened(SqliteStore(tmp_path / "db")) as store:
        assert await told(store, [append_of(KEY, 1, 2), append_of(OTHER, 1, 1)]) == [2, 1]
        assert await told(store, [append_of(KEY, 1, 1)]) == [Conflict(1, 2)]
        assert (await store.load(KEY)).entries == entries(1, 2)


async def test_a_failure_is_told_and_the_next_append_works(tmp_path: Path) -> None:
    path = tmp_path / "db"
    async with opened(SqliteStore(path, busy_ms=0)) as store:
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        assert isinstance(await told(store, [append_of(KEY, 1, 1)]), StoreUnavailable)
        lock.execute("ROLLBACK")
        lock.close()
        assert await told(store, [append_of(KEY, 1, 1)]) == [1]


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with opened(SqliteStore(tmp_path / "db")) as store:
        pass
    outcome = await told(store, [append_of(KEY, 1, 1)])
    assert isinstance(outcome, StoreError)
    assert not outcome.retry
