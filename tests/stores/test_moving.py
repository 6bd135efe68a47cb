"""Moving everything from SQLite to PostgreSQL and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import psycopg
import pytest

import crdtchat
from crdtchat.server.cli import main
from crdtchat.stores import postgres_contents, sqlite_contents
from crdtchat.stores.base import (
    Append,
    DocumentKey,
    Entry,
    Grant,
    Loaded,
    Page,
    PageVersion,
    Put,
    Store,
    StoreCorrupt,
    StoredTenant,
    StoreError,
    Token,
    Usage,
)
from crdtchat.stores.contents import TABLES, Contents
from crdtchat.stores.moving import move
from crdtchat.stores.postgres import PostgresStore
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.effects import Deed
from crdtchat.testing.store_contract import opened
from tests.postgres_server import PostgresServer
from tests.server_process import running_server
from tests.stores.test_forgotten import KEY, NOW, USER, fill

ODD = DocumentKey("demo", "https://ex.org/zażółć?\t\\N\n😀" + "x" * 3_000, "private")


@pytest.fixture
def anyio_backend() -> str:
    """What meets the event loop is not in question here."""
    return "asyncio"


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database with rows in every table, some of which were deleted again."""
    path = tmp_path / "crdtchat.sqlite3"
    async with opened(SqliteStore(path)) as store:
        await fill(store)
        entries = tuple(Entry(bytes([n]) * n, f"user {n}", NOW + n, b"\0\\N") for n in range(99))
        await store.append([Append(ODD, 1, 0, entries, conversations=3)])
        await store.snapshot(ODD, 1, 40, bytes(range(256)) * 999)
        await store.add_usage([Usage("demo", "2026-01-01", {"b": 2**40, "B": 1, "ą": 7})])
        await store.secret("broker")
        await store.put_tenant(StoredTenant("other", '{"guests": "viewer"}'))
        await store.add_token(Token("t2", b"e" * 32, "demo", "owner", "ą", "Z", created=5))
        await store.revoke_token("demo", "t2")
        await store.put_grant(Grant("other", "ąę", "owner"))
        await store.add_deeds(KEY, [Deed("", "", "last", "", 1, "rest")])
        await store.trim_deeds("demo", 2)
        await store.put_version(ODD, PageVersion("gone", b"g" * 32, USER, 1, 1, b"x"), 9)
        await store.keep_versions(ODD, [], 2)
    return path


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.url(postgres.fresh())


def migrate(source: Path | str, target: Path | str) -> int:
    """Run the command."""
    urls = [f"sqlite:///{one}" if isinstance(one, Path) else one for one in (source, target)]
    return main(["migrate", "--from", urls[0], "--to", urls[1]])


def everything(contents: Contents) -> dict[str, object]:
    """All rows, and the numbers."""
    return {table.name: list(contents.rows(table)) for table in TABLES} | {
        "numbers": contents.numbers()
    }


def of(opening: AbstractContextManager[Contents]) -> dict[str, object]:
    with opening as contents:
        return everything(contents)


async def seen(store: Store) -> list[object]:
    """What the program sees of a store."""
    pages: list[Page] = await store.pages("demo")
    loaded: list[Loaded] = [await store.load(page.key) for page in pages]
    versions = [
        await store.version(page.key, name)
        for page in pages
        for name in await store.versions(page.key)
    ]
    span = {"first": 0, "last": 2 * NOW, "after": 0, "most": 99}
    return [
        *(pages, loaded, versions),
        await store.deeds("demo", page=None, **span),
        await store.tokens("demo"),
        await store.token(b"e" * 32),
        await store.usage("demo", "2000-01-01", "2100-01-01"),
        await store.tenants(),
        await store.grants(),
        await store.reports("demo"),
        await store.webhooks(),
        await store.secret("broker"),
        await store.access_changes(-1),
        await store.revision(),
        await store.unscrubbed(),
    ]


async def test_everything_arrives_and_comes_back(
    path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(SqliteStore(path)) as store:
        before = await seen(store)
    rows = of(sqlite_contents.reading(path))
    assert all(rows.values())
    assert migrate(path, url) == 0
    printed = capsys.readouterr()
    assert "3 pages" in printed.out and "nothing differs" in printed.out
    assert "3 of 3 pages compared" in printed.err
    assert of(postgres_contents.reading(url)) == rows
    async with opened(PostgresStore(url)) as store:
        assert await seen(store) == before
    back = path.with_name("back.sqlite3")
    assert migrate(url, back) == 0
    assert of(sqlite_contents.reading(back)) == rows
    async with opened(SqliteStore(back)) as store:
        assert await seen(store) == before
    assert not list(path.parent.glob("*.part*"))


@pytest.mark.parametrize("there_and_back", [False, True])
async def test_numbers_go_on(path: Path, url: str, there_and_back: bool) -> None:
    """Whoever has read up to a number sees what comes later, though the highest row is gone."""
    async with opened(SqliteStore(path)) as store:
        await store.add_deeds(KEY, [Deed("", "", "twin", "", NOW, "rest")])
        span = {"first": 0, "last": 2 * NOW, "after": 0, "most": 99}
        newest = max(one.number for one in await store.deeds("demo", page=None, **span))
        await store.trim_deeds("demo", 2 * NOW)
        access, _ = await store.access_changes(-1)
    assert migrate(path, url) == 0
    moved: Store = PostgresStore(url)
    if there_and_back:
        back = path.with_name("back.sqlite3")
        assert migrate(url, back) == 0
        moved = SqliteStore(back)
    async with opened(moved) as store:
        await store.add_deeds(KEY, [Deed("", "", "new", "", NOW, "rest")])
        (found,) = await store.deeds("demo", page=None, **(span | {"after": newest}))
        assert found.deed.action == "new"
        await store.revoke_token("demo", "t1")
        assert await store.access_changes(access) == (access + 1, frozenset({"demo"}))
        key = DocumentKey("demo", "new page")
        assert await store.append([Append(key, 1, 0, (Entry(b"x", "u", NOW),))]) == [1]
        version = PageVersion("v", b"v" * 32, "u", NOW, 1, b"x")
        assert await store.put_version(key, version, 9) is Put.STORED
        head = await store.load(KEY)
        more = Append(KEY, head.epoch, head.sequence, (Entry(b"y", "u", NOW),))
        assert await store.append([more]) == [head.sequence + 1]


async def test_no_table_and_no_column_is_forgotten(path: Path, url: str) -> None:
    listed = {(table.name, column) for table in TABLES for column in table.columns}
    listed |= {(table.name, "packed") for table in TABLES if table.packed}
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        found = {
            (name, column)
            for (name,) in tables.fetchall()
            for _, column, *_ in connection.execute(f"PRAGMA table_info({name})")
        }
    numbers = {("revision", "number"), ("revision", "unscrubbed")}
    numbers |= {("sqlite_sequence", "name"), ("sqlite_sequence", "seq")}
    assert found - {("entry", "id")} == listed | numbers
    async with opened(PostgresStore(url)):
        pass
    with psycopg.connect(url) as database:
        columns = set(
            database.execute(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = current_schema()"
            )
        )
    there = {(table.name, table.postgres(column)) for table in TABLES for column in table.columns}
    there |= {(table.name, digest) for table in TABLES for digest in table.digests}
    numbers = {("counter", "name"), ("counter", "number"), ("schema_version", "number")}
    # Which programs may read the log and the tables: this one's, which moves them.
    numbers |= {("schema_version", "oldest"), ("document", "format")}
    assert columns == there - {("webhook_lane", "page")} | numbers


async def test_a_damaged_row_moves_nothing(path: Path, url: str) -> None:
    def change(letters: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE lease SET nonce = ?", (letters,))

    change("nonsense")
    with (
        pytest.raises(StoreCorrupt, match="lease 77 of page 'page'"),
        sqlite_contents.reading(path) as old,
        postgres_contents.filling(url) as new,
    ):
        move(old, new)
    change("nonce")
    assert migrate(path, url) == 0


class Interrupted(Exception):
    """What a test ends a move by."""


@pytest.mark.parametrize("word", ["entry: ", "webhook_lane: ", "3 of 3 pages"])
async def test_interrupted_nothing_has_happened(path: Path, url: str, word: str) -> None:
    def tell(line: str) -> None:
        if line.startswith(word):
            raise Interrupted

    def attempt(
        source: AbstractContextManager[Contents], target: AbstractContextManager[Contents]
    ) -> None:
        with pytest.raises(Interrupted), source as old, target as new:
            move(old, new, tell)

    attempt(sqlite_contents.reading(path), postgres_contents.filling(url))
    assert migrate(path, url) == 0
    back = path.with_name("back.sqlite3")
    attempt(postgres_contents.reading(url), sqlite_contents.filling(back))
    assert not back.exists()
    assert migrate(url, back) == 0


@pytest.fixture
def meddler(url: str) -> Iterator[None]:
    """A database that keeps something else than it is told."""
    with postgres_contents.filling(url):
        pass
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN NEW.count = NEW.count + 1; RETURN NEW; END'"
        )
        connection.execute(
            "CREATE TRIGGER meddle BEFORE INSERT ON usage FOR EACH ROW EXECUTE FUNCTION meddle()"
        )
    yield
    with psycopg.connect(url) as connection:
        connection.execute("DROP TRIGGER meddle ON usage")


@pytest.mark.usefixtures("meddler")
async def test_what_arrives_changed_is_noticed(path: Path, url: str) -> None:
    with (
        pytest.raises(StoreError, match="table usage is not the same"),
        sqlite_contents.reading(path) as old,
        postgres_contents.filling(url) as new,
    ):
        move(old, new)
    with postgres_contents.reading(url) as contents:
        assert not any(list(contents.rows(table)) for table in TABLES)


async def test_what_is_refused(
    path: Path, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(source: Path | str, target: Path | str, why: str) -> None:
        assert migrate(source, target) == 2
        assert why in capsys.readouterr().err

    async with opened(SqliteStore(path)) as store:
        await store.tenants()
        refused(path, url, "is locked by another process")
    async with opened(PostgresStore(url)) as store:
        await store.put_tenant(StoredTenant("other", "{}"))
    refused(path, url, "is not empty (table tenant)")
    refused(url, path, "is there already")
    refused(path, tmp_path / "new", "one of --from and --to is SQLite")
    refused(tmp_path / "nothing", url, "there is no database")
    refused("mysql://ann:s3cret@host/base", url, "no store is called 'mysql'")
    refused("sqlite://x", url, "no store is called 'sqlite'")
    refused(path, "postgresql://ann:s3cret@/base?host=/nowhere", "cannot be reached")


async def test_a_server_goes_on_where_the_other_ended(url: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        token = server.token("ann", "owner")
        async with crdtchat.connect(server.url, tenant="demo", page="p", token=token) as page:
            aid = await page.annotate("some words", "a comment")
            await page.wait_saved()
        assert migrate(data, url) == 2  # a server works on it
        server.stop()
    assert migrate(data, url) == 0
    with running_server(tmp_path / "none", ["--store", url]) as moved:
        async with crdtchat.connect(moved.url, tenant="demo", page="p", token=token) as page:
            await page.reply(aid, "another")
            await page.wait_saved()
            said = [one.text for one in page.annotations[0].comments]
    assert said == ["a comment", "another"]
