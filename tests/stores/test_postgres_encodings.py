"""The PostgreSQL store on databases, and from environments, whose encoding is not UTF-8."""

from __future__ import annotations

import psycopg
import pytest

from crdtchat.stores.base import StoreCorrupt, StoreError
from crdtchat.stores.postgres import PostgresStore
from crdtchat.stores.postgres_connection import connect
from crdtchat.stores.postgres_schema import MIGRATIONS
from crdtchat.testing.store_contract import KEY, OTHER, append_of, entries, opened
from tests.postgres_server import PostgresServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def database(postgres: PostgresServer, encoding: str) -> str:
    """Make a database; answers its URL."""
    name = f"in_{encoding.lower()}_{postgres.fresh()}"
    with psycopg.connect(postgres.url(), autocommit=True) as operator:
        operator.execute(
            f"CREATE DATABASE {name} ENCODING {encoding!r} TEMPLATE template0"
            " LC_COLLATE 'C' LC_CTYPE 'C'".encode()
        )
    return postgres.url().replace("/postgres?", f"/{name}?")


async def test_one_without_an_encoding_keeps_everything(postgres: PostgresServer) -> None:
    """As a server has them that was set up under the locale C."""
    async with opened(PostgresStore(database(postgres, "SQL_ASCII"))) as store:
        assert await store.append([append_of(KEY, 1, 2)]) == [2]
        assert (await store.load(KEY)).entries == entries(1, 2)


async def test_a_text_that_is_none_is_damage(postgres: PostgresServer) -> None:
    url = database(postgres, "SQL_ASCII")
    async with opened(PostgresStore(url)) as store:
        await store.append([append_of(KEY, 1, 2)])
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute(rb"UPDATE entry SET principal = E'\xff' WHERE sequence = 2")
        # What it takes for UTF-8 a server does not look at again.
        operator.execute(
            b"UPDATE pg_database SET encoding = pg_char_to_encoding('UTF8')"
            b" WHERE datname = current_database()"
        )
    async with opened(PostgresStore(url)) as store:
        with pytest.raises(StoreCorrupt, match="is damaged"):
            await store.load(KEY)


async def test_one_that_lacks_most_signs_is_refused(postgres: PostgresServer) -> None:
    store = PostgresStore(database(postgres, "LATIN2"))
    with pytest.raises(StoreError, match="has the encoding LATIN2, which") as caught:
        await store.open()
    assert not caught.value.retry
    await store.close()


async def test_in_one_that_is_used_already_what_it_lacks_is_refused(
    postgres: PostgresServer,
) -> None:
    url = database(postgres, "LATIN2")
    with connect(url) as connection:
        connection.execute("CREATE TABLE schema_version (number integer NOT NULL)")
        connection.execute("INSERT INTO schema_version VALUES (1)")
        MIGRATIONS[0](connection)
    async with opened(PostgresStore(url)) as store:
        with pytest.raises(StoreError, match="cannot be kept") as caught:
            await store.append([append_of(KEY, 1, 1)])
        assert not caught.value.retry
        assert await store.append([append_of(OTHER, 1, 1)]) == [1]


async def test_what_the_environment_or_the_url_says_of_encodings_is_passed_over(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    for more in ("", "&client_encoding=LATIN2"):
        async with opened(PostgresStore(postgres.url(postgres.fresh()) + more)) as store:
            assert await store.append([append_of(KEY, 1, 1)]) == [1]
            assert (await store.load(KEY)).entries == entries(1, 1)
