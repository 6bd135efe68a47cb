"""The PostgreSQL store when the database, or the way to it, fails: nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import replace

import anyio
import anyio.to_thread
import psycopg
import pytest

from crdtchat.stores.base import (
    CONVERSATIONS,
    Conflict,
    Lease,
    Loaded,
    StoreCorrupt,
    StoreError,
    StoreTooNew,
    StoreUnavailable,
    Usage,
    usage_day,
)
from crdtchat.stores.postgres import PostgresStore
from crdtchat.stores.postgres_connection import Patience, connect
from crdtchat.stores.postgres_schema import MIGRATIONS, migrate
from crdtchat.testing.store_contract import KEY, OTHER, append_of, entries, opened
from tests.postgres_server import PostgresServer, running_postgres
from tests.relay import Relay


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def relay(postgres: PostgresServer) -> Iterator[Relay]:
    with Relay(postgres.socket) as relay:
        yield relay


@pytest.fixture
def schema(postgres: PostgresServer) -> str:
    return postgres.fresh()


@pytest.fixture
async def direct(postgres: PostgresServer, schema: str) -> AsyncIterator[PostgresStore]:
    """A store with a way of its own to the same data."""
    async with opened(PostgresStore(postgres.url(schema))) as store:
        yield store  # type: ignore[misc]


@pytest.fixture
async def store(
    postgres: PostgresServer, schema: str, relay: Relay
) -> AsyncIterator[PostgresStore]:
    """A store whose connection goes through the relay."""
    async with opened(PostgresStore(postgres.url(schema, relay.port))) as store:
        await store.append([append_of(KEY, 1, 1)])
        yield store  # type: ignore[misc]


class TestLostAnswers:
    async def test_a_commit_whose_answer_was_lost_is_neither_lost_nor_doubled(
        self, store: PostgresStore, relay: Relay
    ) -> None:
        counted = replace(append_of(KEY, 2, 4), conversations=2, leases=(Lease(7, "ann", "n"),))
        relay.lose_next_answer()
        assert await store.append([counted, append_of(OTHER, 1, 2)]) == [4, 2]
        assert relay.acted.is_set()
        expected = Loaded(sequence=4, entries=entries(1, 4), leases=(Lease(7, "ann", "n"),))
        assert await store.load(KEY) == expected
        day = usage_day(counted.entries[-1].at)
        assert await store.usage("demo", day, day) == [Usage("demo", day, {CONVERSATIONS: 2})]

    async def test_a_commit_that_never_arrived_is_made(
        self, store: PostgresStore, relay: Relay
    ) -> None:
        relay.lose_next_request()
        assert await store.append([append_of(KEY, 2, 4)]) == [4]
        assert relay.acted.is_set()
        assert (await store.load(KEY)).entries == entries(1, 4)

    async def test_one_that_arrives_after_its_repetition_writes_nothing(
        self, store: PostgresStore, relay: Relay
    ) -> None:
        relay.hold_next_request()
        assert await store.append([append_of(KEY, 2, 4)]) == [4]
        await anyio.to_thread.run_sync(relay.release)
        assert await store.append([append_of(KEY, 5, 5)]) == [5]
        assert (await store.load(KEY)).entries == entries(1, 5)

    async def test_if_another_was_faster_it_is_a_conflict(
        self, store: PostgresStore, direct: PostgresStore, relay: Relay
    ) -> None:
        outcome: list[int | Conflict] = []
        other = replace(append_of(KEY, 2, 3), entries=entries(8, 9))
        relay.hold_next_request()
        relay.freeze()
        async with anyio.create_task_group() as tasks:

            async def append() -> None:
                outcome.extend(await store.append([append_of(KEY, 2, 4)]))

            tasks.start_soon(append)
            assert await direct.append([other]) == [3]
            relay.thaw()
        assert outcome == [Conflict(1, 3)]
        await anyio.to_thread.run_sync(relay.release)
        assert (await direct.load(KEY)).entries == (*entries(1, 1), *entries(8, 9))

    async def test_a_small_write_that_lost_an_answer_counts_once_or_was_refused(
        self, store: PostgresStore, direct: PostgresStore, relay: Relay
    ) -> None:
        usage = Usage("demo", "2024-03-01", {"operations": 1})
        counted = 0
        succeeded = []
        for answers in range(8):
            await store.usage("demo", "2024-03-01", "2024-03-01")  # there is a connection
            relay.lose_next_answer(behind=answers)
            try:
                await store.add_usage([usage])
            except StoreUnavailable:
                assert relay.acted.is_set()
            else:
                counted += 1
                succeeded.append(relay.acted.is_set())
            relay.lose_nothing()
            (found,) = await direct.usage("demo", "2024-03-01", "2024-03-01") or [Usage("", "")]
            assert found.counts.get("operations", 0) == counted
        assert any(succeeded), "one of them was the answer to the commit"


class TestOutages:
    async def test_while_it_is_down_it_says_so_and_then_goes_on(self) -> None:
        def begin() -> PostgresServer:
            return context.__enter__()

        context = running_postgres()
        server = await anyio.to_thread.run_sync(begin)
        try:
            async with opened(PostgresStore(server.url())) as store:
                await store.append([append_of(KEY, 1, 2)])
                await anyio.to_thread.run_sync(server.stop)
                for refused in (store.load(KEY), store.append([append_of(OTHER, 1, 1)])):
                    with pytest.raises(StoreUnavailable, match="check that PostgreSQL runs"):
                        await refused
                await anyio.to_thread.run_sync(server.start)
                assert await store.append([append_of(KEY, 3, 3)]) == [3]
                assert await store.load(KEY) == Loaded(sequence=3, entries=entries(1, 3))
        finally:
            await anyio.to_thread.run_sync(context.__exit__, None, None, None)

    async def test_connections_that_the_server_ended_are_replaced_unnoticed(
        self, postgres: PostgresServer, direct: PostgresStore
    ) -> None:
        await direct.append([append_of(KEY, 1, 1)])
        with psycopg.connect(postgres.url(), autocommit=True) as operator:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'crdtchat'"
            )
        assert await direct.append([append_of(KEY, 2, 2)]) == [2]
        await direct.add_usage([Usage("demo", "2024-03-01", {"operations": 1})])
        assert (await direct.load(KEY)).entries == entries(1, 2)

    async def test_a_frozen_server_only_delays(
        self, postgres: PostgresServer, direct: PostgresStore
    ) -> None:
        await direct.append([append_of(KEY, 1, 1)])
        with psycopg.connect(postgres.url(), autocommit=True) as operator:
            row = operator.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'crdtchat'"
                " AND query LIKE '%WITH wanted%' LIMIT 1"
            ).fetchone()
        assert row is not None
        outcome: list[int | Conflict] = []

        async def append() -> None:
            outcome.extend(await direct.append([append_of(KEY, 2, 2)]))

        os.kill(row[0], signal.SIGSTOP)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(append)
            await anyio.wait_all_tasks_blocked()
            assert (await direct.load(KEY)).entries == entries(1, 1)
            assert outcome == []
            os.kill(row[0], signal.SIGCONT)
        assert outcome == [2]


async def no_backend_has(operator: psycopg.AsyncConnection, pid: int) -> None:
    """Wait until a server's process has ended."""
    while True:
        found = await operator.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,))
        if await found.fetchone() is None:
            return
        await anyio.sleep(0.01)


class TestSilence:
    """A server that accepts connections and statements, and does not answer."""

    async def test_one_that_stands_still_is_given_up_and_then_goes_on(
        self, postgres: PostgresServer, schema: str, direct: PostgresStore
    ) -> None:
        async def refused(call: Awaitable[object]) -> None:
            with pytest.raises(StoreUnavailable, match="no answer within 3 s") as caught:
                await call
            assert caught.value.retry

        patience = Patience(append=3, other=3, again=0)
        async with opened(PostgresStore(postgres.url(schema), patience)) as store:
            await store.append([append_of(KEY, 1, 1)])
            await store.load(KEY)
            with postgres.paused():
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(refused, store.load(KEY))
                    tasks.start_soon(refused, store.append([append_of(KEY, 2, 3)]))
            # What was refused came true when the server woke: once, and whole.
            while (await direct.heads([KEY]))[0].sequence < 3:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            assert await store.append([append_of(KEY, 2, 3)]) == [Conflict(1, 3)]
            assert await store.append([append_of(KEY, 4, 4)]) == [4]
            assert (await store.load(KEY)).entries == entries(1, 4)

    async def test_one_process_of_it_that_stands_still_costs_a_repetition(
        self, postgres: PostgresServer, schema: str
    ) -> None:
        patience = Patience(append=1.0)
        async with (
            opened(PostgresStore(postgres.url(schema), patience)) as store,
            await psycopg.AsyncConnection.connect(
                postgres.url(schema), autocommit=True
            ) as operator,
        ):
            await store.append([append_of(KEY, 1, 1)])
            found = await operator.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'crdtchat'"
                " AND query LIKE '%WITH wanted%' ORDER BY query_start DESC LIMIT 1"
            )
            (pid,) = await found.fetchone() or (0,)
            os.kill(pid, signal.SIGSTOP)
            try:
                assert await store.append([append_of(KEY, 2, 4)]) == [4]
            finally:
                os.kill(pid, signal.SIGCONT)
            # Now it reads the statement, too late: somebody stands in that place of the log.
            await no_backend_has(operator, pid)
            assert await store.append([append_of(KEY, 5, 5)]) == [5]
            assert (await store.load(KEY)).entries == entries(1, 5)

    async def test_a_lock_that_is_not_given_up_is_said_before(
        self, postgres: PostgresServer, schema: str, direct: PostgresStore
    ) -> None:
        await direct.append([append_of(KEY, 1, 1)])
        async with opened(PostgresStore(postgres.url(schema), Patience(append=1.0))) as store:
            with psycopg.connect(postgres.url(schema)) as other:
                other.execute("LOCK TABLE document IN ACCESS EXCLUSIVE MODE")
                with pytest.raises(StoreUnavailable, match="is locked by another session"):
                    await store.append([append_of(KEY, 2, 2)])
            assert await store.append([append_of(KEY, 2, 2)]) == [2]

    async def test_a_statement_that_it_breaks_off_is_said(
        self, postgres: PostgresServer, schema: str, direct: PostgresStore
    ) -> None:
        await direct.append([append_of(KEY, 1, 1)])

        async def read() -> None:
            with pytest.raises(StoreUnavailable, match="raise its statement_timeout"):
                await direct.load(KEY)

        with (
            psycopg.connect(postgres.url(schema)) as other,
            psycopg.connect(postgres.url(schema), autocommit=True) as operator,
        ):
            other.execute("LOCK TABLE document IN ACCESS EXCLUSIVE MODE")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                # As a statement_timeout does it.
                cancel = (
                    "SELECT pg_cancel_backend(pid) FROM pg_locks"
                    " WHERE NOT granted AND relation = 'document'::regclass"
                )
                while not operator.execute(cancel).fetchall():  # noqa: ASYNC110
                    await anyio.sleep(0.01)


class TestRefusals:
    async def test_what_is_no_url(self) -> None:
        with pytest.raises(StoreError, match="write postgresql://user:password@host") as caught:
            PostgresStore("postgresql://host:port:port/x?y")
        assert not caught.value.retry

    async def test_a_password_is_never_told(self) -> None:
        store = PostgresStore("postgresql://ann:s3cret@127.0.0.1:1/annotations")
        with pytest.raises(StoreUnavailable, match="'annotations' at 127") as caught:
            await store.open()
        assert "s3cret" not in str(caught.value)
        # Nor need whoever asked know where it is, and what it is called.
        assert caught.value.told == "the server's database cannot be reached"
        await store.close()

    async def test_a_database_that_does_not_exist(self, postgres: PostgresServer) -> None:
        store = PostgresStore(postgres.url().replace("/postgres?", "/nothing?"))
        with pytest.raises(StoreUnavailable, match="does not exist"):
            await store.open()
        await store.close()

    async def test_another_programs_tables(self, postgres: PostgresServer, schema: str) -> None:
        with psycopg.connect(postgres.url(schema), autocommit=True) as other:
            other.execute("CREATE TABLE document (id integer)")
        store = PostgresStore(postgres.url(schema))
        with pytest.raises(StoreCorrupt, match="give crdtchat a database of its own"):
            await store.open()
        await store.close()

    async def test_a_newer_schema(self, postgres: PostgresServer, schema: str) -> None:
        with connect(postgres.url(schema)) as connection:
            newer = [*MIGRATIONS, lambda connection: None]
            migrate(connection, "it", newer, oldest=len(newer))
        store = PostgresStore(postgres.url(schema))
        with pytest.raises(StoreTooNew, match="upgrade crdtchat"):
            await store.open()
        await store.close()

    @pytest.mark.parametrize(
        "damage",
        [
            "UPDATE entry SET principal = 'mallory' WHERE sequence = 2",
            "DELETE FROM entry WHERE sequence = 2",
            "DELETE FROM entry WHERE sequence = 3",
            "UPDATE snapshot SET state = 'x'",
            "UPDATE lease SET holder = 'mallory'",
        ],
    )
    async def test_damage_is_noticed(
        self, postgres: PostgresServer, schema: str, direct: PostgresStore, damage: str
    ) -> None:
        await direct.append([replace(append_of(KEY, 1, 3), leases=(Lease(1, "ann", "n"),))])
        await direct.snapshot(KEY, 1, 1, b"state")
        with psycopg.connect(postgres.url(schema), autocommit=True) as other:
            assert other.execute(damage.encode()).rowcount == 1
        with pytest.raises(StoreCorrupt, match="is damaged"):
            await direct.load(KEY)
