"""Group commit with a prompt store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest

from crdtchat.host.committer import Committer, Outcome
from crdtchat.stores.base import Append, Conflict, DocumentKey, Entry, StoreError
from crdtchat.stores.sqlite import SqliteStore

NOW = 1_700_000_000_000


def append(page: str, after: int, text: str = "ann") -> Append:
    return Append(DocumentKey("demo", page), 1, after, (Entry(b"\x00\x00", text, NOW),))


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[tuple[Committer, SqliteStore]]:
    """A committer at work."""
    store = SqliteStore(path)
    await store.open()
    committer = Committer(store)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(committer.run)
        await anyio.wait_all_tasks_blocked()
        yield committer, store
        tasks.cancel_scope.cancel()
    await store.close()


def count_transactions(store: SqliteStore) -> list[int]:
    """How many appends each transaction holds that begins from now on."""
    transactions: list[int] = []
    original = store.append_soon

    def counted(appends, settle, soon) -> None:  # type: ignore[no-untyped-def]
        transactions.append(len(appends))
        original(appends, settle, soon)

    store.append_soon = counted  # type: ignore[method-assign]
    return transactions


async def test_what_comes_while_a_transaction_runs_is_the_next_one(tmp_path: Path) -> None:
    async with running(tmp_path / "db") as (committer, store):
        outcomes: list[Outcome] = []
        transactions = count_transactions(store)
        for number in range(5):
            committer.submit(append(f"page {number}", 0), outcomes.append)
        await committer.flush()
        assert outcomes == [1] * 5
        assert transactions == [1, 4]


async def test_settling_may_submit_again(tmp_path: Path) -> None:
    async with running(tmp_path / "db") as (committer, _):
        outcomes: list[Outcome] = []

        def settle(outcome: Outcome) -> None:
            outcomes.append(outcome)
            if len(outcomes) < 10:
                committer.submit(append("page", len(outcomes)), settle)

        committer.submit(append("page", 0), settle)
        await committer.flush()
        assert outcomes == list(range(1, 11))


class Settled:
    """Waits for so many outcomes."""

    def __init__(self, expected: int) -> None:
        self.outcomes: list[Outcome] = []
        self._expected = expected
        self._all = anyio.Event()

    def __call__(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if len(self.outcomes) == self._expected:
            self._all.set()

    async def wait(self) -> None:
        await self._all.wait()


async def share_a_transaction(committer: Committer) -> None:
    """Two rooms whose appends are of one transaction, which has ended."""
    settled = Settled(3)
    for number in range(3):
        committer.submit(append(f"shared {number}", 0), settled)
    await settled.wait()


async def test_after_a_shared_transaction_rooms_wait_for_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtchat.host.committer.PAUSE_S", 3_600.0)
    async with running(tmp_path / "db") as (committer, store):
        await share_a_transaction(committer)
        transactions = count_transactions(store)
        settled = Settled(2)
        for number in range(2):
            committer.submit(append(f"page {number}", 0), settled)
        assert transactions == []
        await committer.flush()
        assert settled.outcomes == [1, 1], "who flushes does not wait for the pause"


async def test_the_pause_ends(tmp_path: Path) -> None:
    async with running(tmp_path / "db") as (committer, store):
        await share_a_transaction(committer)
        transactions = count_transactions(store)
        settled = Settled(2)
        for number in range(2):
            committer.submit(append(f"page {number}", 0), settled)
        await settled.wait()
        assert transactions == [2]
        settled = Settled(1)
        committer.submit(append("page 0", 1), settled)
        await settled.wait()


async def test_a_room_that_is_alone_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtchat.host.committer.PAUSE_S", 3_600.0)
    async with running(tmp_path / "db") as (committer, _):
        for after in range(5):
            settled = Settled(1)
            committer.submit(append("page", after), settled)
            await settled.wait()


async def test_one_that_can_never_be_stored_fails_alone(tmp_path: Path) -> None:
    async with running(tmp_path / "db") as (committer, _):
        outcomes: dict[str, Outcome] = {}
        for one in (append("first", 0), append("good", 0), append("bad", 0, "a\x00b")):
            committer.submit(one, partial(outcomes.__setitem__, one.key.page))
        committer.submit(append("late", 7), partial(outcomes.__setitem__, "late"))
        await committer.flush()
        assert outcomes["first"] == outcomes["good"] == 1
        assert isinstance(outcomes["bad"], StoreError)
        assert outcomes["late"] == Conflict(1, 0)


@pytest.mark.parametrize("alone", [True, False])
async def test_a_store_that_cannot_save_is_told_of_once(
    tmp_path: Path, alone: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Where it lies is for the log alone, so that has to say it, and when it is over.

    alone: without the task that commits, as when the last is flushed.
    """
    caplog.set_level("INFO", "crdtchat.host")
    path, aside = tmp_path / "db", tmp_path / "aside"
    async with running(path) as (busy, store):
        committer = Committer(store) if alone else busy

        async def commit(after: int) -> Outcome:
            outcomes: list[Outcome] = []
            committer.submit(append("page", after), outcomes.append)
            await committer.flush()
            return outcomes[0]

        assert await commit(0) == 1
        assert caplog.messages == []
        path.rename(aside)
        path.touch()
        for _ in range(2):
            refused = await commit(1)
            assert isinstance(refused, StoreError) and str(path) not in refused.told
        (told,) = caplog.messages
        assert told.startswith(f"what people write cannot be saved: {path} was replaced")
        aside.rename(path)
        assert await commit(1) == 2
        assert caplog.messages[1:] == ["this is over: what people write cannot be saved"]


async def test_an_error_in_settling_ends_whoever_runs_the_committer(tmp_path: Path) -> None:
    """It is a fault of the program: nobody goes on as if nothing had been."""

    def fail(outcome: Outcome) -> None:
        raise AssertionError("a fault")

    with pytest.RaisesGroup(pytest.RaisesExc(AssertionError, match="a fault")):
        async with running(tmp_path / "db") as (committer, _):
            committer.submit(append("page", 0), fail)
            await anyio.sleep_forever()
