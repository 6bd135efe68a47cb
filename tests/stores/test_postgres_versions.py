"""Nodes of two versions on one database, while an operator upgrades them one after another.

`previous/` holds what the version before left and did: a database, and the statement by which it
appends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from crdtchat.document.schema import SCHEMA_VERSION
from crdtchat.host.hub import Hub
from crdtchat.host.telling import decode_news, encode_news
from crdtchat.stores import postgres_write
from crdtchat.stores.base import Append, Entry, PageTooNew, StoreTooNew
from crdtchat.stores.postgres import PostgresStore
from crdtchat.stores.postgres_connection import connect
from crdtchat.stores.postgres_schema import MIGRATIONS, migrate
from crdtchat.sync.encode import encode_write
from crdtchat.sync.wire import uint
from crdtchat.testing.store_contract import append_of, opened
from tests.host.pipe import KEY, connected
from tests.postgres_server import PostgresServer

PREVIOUS = Path(__file__).parent / "previous"
NOW = 1_700_000_000_000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def schema(postgres: PostgresServer) -> str:
    """With the database of the version before: a page on which Ann and Bob wrote."""
    schema = postgres.fresh()
    with psycopg.connect(postgres.url(schema)) as connection:
        connection.execute((PREVIOUS / "database.sql").read_bytes())
    return schema


@pytest.fixture
async def store(postgres: PostgresServer, schema: str) -> AsyncIterator[PostgresStore]:
    async with opened(PostgresStore(postgres.url(schema))) as store:
        yield store  # type: ignore[misc]


def run_sql(postgres: PostgresServer, schema: str, statement: str) -> None:
    with psycopg.connect(postgres.url(schema)) as connection:
        connection.execute(statement.encode())


async def test_what_the_version_before_left_is_read_and_written_on(store: PostgresStore) -> None:
    async with Hub(store) as hub, connected(hub, "ann") as ann:
        assert ann.replica.get("a", "anno1") == ("ann", NOW, "words", "", "", 0, 5)
        assert ann.replica.get("a", "anno2") == ("bob", NOW, "words", "", "", 0, 5)
        await ann.annotate("anno3", NOW)
        assert (await store.load(KEY)).sequence == 5


async def test_a_node_of_the_version_before_goes_on_beside(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Hub(store) as hub:
        with monkeypatch.context() as older:
            older.setattr(postgres_write, "_APPEND", (PREVIOUS / "append.sql").read_text())
            value = ("eve", NOW, "words", "", "", 0, 5)
            first = encode_write(7, 0, root="a", key="anno3", value=value, origin=None)
            entry = Entry(first, "eve", NOW, bytes(16))
            assert await store.append([Append(KEY, 1, 4, (entry,))]) == [5]
            other = append_of(KEY._replace(page="new"), 1, 2)
            assert await store.append([other]) == [2]
        async with connected(hub, "ann") as ann:
            assert ann.replica.get("a", "anno3")
            await ann.annotate("anno4", NOW)
        assert (await store.load(other.key)).entries == other.entries


async def test_what_a_newer_node_wrote_is_not_misread(
    postgres: PostgresServer, schema: str, store: PostgresStore
) -> None:
    """A room that is open is given up, and cannot be opened again; what is written is whole."""
    async with Hub(store) as hub, connected(hub, "ann") as ann, connected(hub, "bob") as bob:
        newer = Entry(b"what is this", "eve", NOW, bytes(16))
        assert await store.append([Append(KEY, 1, 4, (newer,))]) == [5]
        run_sql(postgres, schema, f"UPDATE document SET format = {SCHEMA_VERSION + 1}")
        await ann.send("a", "anno3", ("ann", NOW, "words", "", "", 0, 5))
        assert await ann.code() == await bob.code() == 4503
        async with connected(hub, "cid", join=False) as cid:
            assert await cid.code() == 4503
        for refused in (store.load(KEY), store.since(KEY, 0)):
            with pytest.raises(PageTooNew, match="upgrade this server too") as caught:
                await refused
            assert caught.value.retry, "another node serves the page"
        run_sql(postgres, schema, f"UPDATE document SET format = {SCHEMA_VERSION}")
        assert (await store.load(KEY)).entries[4:] == (newer,)


async def test_tables_of_a_newer_version_that_say_so_are_worked_on(
    postgres: PostgresServer, schema: str
) -> None:
    newer = [*MIGRATIONS, lambda connection: None]
    with connect(postgres.url(schema)) as connection:
        migrate(connection, "it", newer, oldest=len(MIGRATIONS))
    async with opened(PostgresStore(postgres.url(schema))) as store:
        assert (await store.load(KEY)).sequence == 4
    with connect(postgres.url(schema)) as connection:
        migrate(connection, "it", [*newer, lambda connection: None], oldest=len(newer))
    store = PostgresStore(postgres.url(schema))
    with pytest.raises(StoreTooNew, match="upgrade crdtchat"):
        await store.open()
    await store.close()


def test_news_of_a_newer_node_are_looked_up_in_the_store() -> None:
    told = encode_news(append_of(KEY, 1, 2))
    assert decode_news(told) is not None
    rest = told.removeprefix(uint(SCHEMA_VERSION))
    assert decode_news(uint(SCHEMA_VERSION + 1) + rest + b"and what else they say") is None
