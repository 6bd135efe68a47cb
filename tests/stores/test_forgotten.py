"""Erasing a user reaches every table: whoever adds one, or a column, says here what becomes of the
people in it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from crdtchat.document import schema
from crdtchat.document.page_version import version_of
from crdtchat.document.rebuild import encode_content
from crdtchat.host.erasing import erase_user
from crdtchat.stores.auditing import Report
from crdtchat.stores.base import Append, DocumentKey, Entry, Grant, Lease, PageVersion, Store, Token
from crdtchat.stores.hooking import Notice, Webhook
from crdtchat.stores.postgres import PostgresStore
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.effects import Deed
from crdtchat.sync.message import Event, EventKind
from crdtchat.sync.rules import server_client
from crdtchat.sync.update import Value
from crdtchat.testing.store_contract import opened
from tests.postgres_server import PostgresServer

USER = "ursula-7Q4K9XW2"
NAME = "Ursula-7Q4K9XW2"
NOW = 1_700_000_000_000
KEY = DocumentKey("demo", "page")
FOLDED = DocumentKey("demo", "folded")
TEXT = b"The text of the page."

COLUMNS = {
    "access_change": "tenant number",
    "audit": "id tenant page who* role action target* at via count",
    "document": "id epoch sequence updated tenant page scope",
    "entry": "id document_id sequence principal* at broadcast_id update* checksum",
    "lease": "document_id client user* nonce checksum",
    "page_version": "id document_id name digest by* at size data",
    "report": "tenant page target by* reason at",
    "revision": "number unscrubbed",
    "role_grant": "tenant user* role",
    "secret": "name value",
    "snapshot": "document_id sequence state* packed checksum",
    "tenant": "name description",
    "token": "id digest tenant role user* name* pages expires created revoked",
    "usage": "tenant day counter count",
    "webhook": "id tenant url secrets events pages active created",
    "webhook_delivery": "number webhook page event_id kind broadcast_id aid cid by* at error aside",
    "webhook_lane": "webhook page due attempts",
}
"""Every table and column; `*` stands at those that can name a user."""
STAYS = {("audit", "who"), ("audit", "target")}
"""Who did what to whom: ids, until the tenant's retention ends (docs/erasure.md)."""
RENAMED = {
    **{"holder": "user", "brought_by": "by", "reporter": "by", "change": "update"},
    **{"caused_by": "by"},
}
"""Columns of PostgreSQL whose names there are words of SQL."""

Rows = Callable[[str], list[dict[str, object]]]


def listed(marked: bool) -> set[tuple[str, str]]:
    """Tables and columns: all, or those that can name a user."""
    return {
        (table, name.rstrip("*"))
        for table, names in COLUMNS.items()
        for name in names.split()
        if not marked or name.endswith("*")
    }


def holders(rows: Rows, tables: set[str]) -> set[tuple[str, str]]:
    """Where the user stands, by id or name."""
    marks = (USER, NAME)
    return {
        (table, name)
        for table in tables
        for row in rows(table)
        for name, value in row.items()
        if any(mark in _text(value) for mark in marks)
    }


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def content() -> dict[str, dict[str, Value]]:
    """The user in every root, beside somebody else."""
    found: dict[str, dict[str, Value]] = {root: {} for root in schema.ROOTS}
    place = ("words", "", "", 0, 5)
    found["a"] = {"mine": (USER, NOW, *place), "hers": ("bob", NOW, *place)}
    found["c"] = {"mine/c001": (USER, NOW, "x"), "hers/c001": ("bob", NOW, "y")}
    found["s"] = {"hers": (1, USER, NOW)}
    found["r"] = {f"hers/c001/{USER}": "👍"}
    found["d"] = {"hers/c002": (USER, NOW)}
    found["t"] = {"hers": (USER, NOW, *place)}
    found["m"] = {"hers": (1, USER, NOW)}
    found["u"] = {USER: (NAME,), "bob": ("Bob",)}
    return found


async def fill(store: Store) -> None:
    """Name the user wherever one can be named."""
    state = encode_content(content(), server_client(1))
    version = PageVersion(version_of(TEXT), b"d" * 32, USER, NOW, len(TEXT), TEXT)
    await store.put_webhook(Webhook("wh1", "demo", "https://example.org/", ("whsec_a",), ()))
    event = Event(EventKind.NEW, b"1" * 16, "mine", "", USER, NOW)
    for key in (KEY, FOLDED):
        deeds = (Deed(USER, "moderator", "hide", "hers", NOW, "socket"),)
        notices = (Notice(f"evt-{key.page}", event, ("wh1",)),)
        await store.append(
            [
                Append(
                    key,
                    1,
                    0,
                    (Entry(state, USER, NOW),),
                    leases=(Lease(77, USER, "nonce"),),
                    deeds=deeds,
                    notices=notices,
                )
            ]
        )
        await store.put_version(key, version, 9)
        await store.add_report("demo", Report(key.page, "hers", USER, "spam", NOW))
    await store.snapshot(FOLDED, 1, 1, state)
    await store.add_deeds(KEY, [Deed("", "", "block", USER, NOW, "rest")])
    await store.add_token(Token("t1", b"d" * 32, "demo", "commenter", USER, NAME))
    await store.put_grant(Grant("demo", USER, "moderator"))


@pytest.fixture
def anyio_backend() -> str:
    """What meets the event loop is not in question here."""
    return "asyncio"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crdtchat.sqlite3"


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[Store]:
    async with opened(SqliteStore(path)) as store:
        yield store


async def test_sqlite(sqlite: Store, path: Path) -> None:
    def rows(table: str) -> list[dict[str, object]]:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]

    tables = {
        str(row["name"])
        for row in rows("sqlite_master")
        if row["type"] == "table" and not str(row["name"]).startswith("sqlite_")
    }
    with closing(sqlite3.connect(path)) as connection:
        columns = {
            (table, name)
            for table in tables
            for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")
        }
    assert columns == listed(marked=False)
    await fill(sqlite)
    assert holders(rows, tables) == listed(marked=True)
    await erase_user(sqlite, "demo", USER, NOW)
    await sqlite.scrub()
    assert holders(rows, tables) == STAYS


async def test_postgres(postgres: PostgresServer) -> None:
    schema_name = postgres.fresh()
    url = postgres.url(schema_name)

    def rows(table: str) -> list[dict[str, object]]:
        with psycopg.connect(url) as connection:
            found = connection.execute(f"SELECT * FROM {table}".encode())
            names = [RENAMED.get(column.name, column.name) for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found]

    async with opened(PostgresStore(url)) as store:
        with psycopg.connect(url) as connection:
            columns = {
                (table, RENAMED.get(name, name))
                for table, name in connection.execute(
                    "SELECT table_name, column_name FROM information_schema.columns"
                    " WHERE table_schema = current_schema()"
                )
            }
        tables = {table for table, _ in columns}
        # Digests find rows by keys of any length; counters and versions stand in for pragmas.
        own = {"counter", "schema_version"}
        digests = {("document", "digest"), ("report", "digest"), ("document", "format")}
        digests |= {(table, "page_digest") for table in ("webhook_delivery", "webhook_lane")}
        assert {one for one in columns if one[0] not in own} - digests <= listed(marked=False)
        assert listed(marked=True) <= columns
        await fill(store)
        assert holders(rows, tables) == listed(marked=True)
        await erase_user(store, "demo", USER, NOW)
        await store.scrub()
        assert holders(rows, tables) == STAYS
