"""`crdtchat serve --store postgresql://...`, the real command on a real database."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

import crdtchat
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.storage import make_broker, make_store, shown
from tests.postgres_server import PostgresServer
from tests.server_process import running_server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_is_saved_survives_kill_9(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.url(postgres.fresh())
    with running_server(tmp_path / "data", ["--store", url]) as server:
        async with crdtchat.connect(server.url, tenant="demo", page="p", name="Ann") as page:
            aid = await page.annotate("some words", "a comment")
            await page.wait_saved()
            server.kill()
            server.restart()
            await page.reply(aid, "another")
            await page.wait_saved()
        async with httpx.AsyncClient(verify=False, base_url=server.url) as http:
            listed = await http.get("/api/v1/demo/annotations", params={"page": "p"})
        assert "another" in listed.text
        assert not (tmp_path / "data").exists()


def test_what_cannot_be_a_store() -> None:
    with pytest.raises(BadSetting, match="no store is called 'mysql'") as caught:
        make_store(Settings(store="mysql://ann:s3cret@host/database"))
    assert "s3cret" not in str(caught.value)
    with pytest.raises(BadSetting, match="cannot be read"):
        make_store(Settings(store="postgresql://host:port:port/x?y"))


def test_what_cannot_be_a_broker() -> None:
    for broker, why in (
        ("amqp://ann:s3cret@host", "no broker is called 'amqp'"),
        ("redis://host:port", "cannot be read"),
    ):
        with pytest.raises(BadSetting, match=why) as caught:
            make_broker(Settings(broker=broker))
        assert "s3cret" not in str(caught.value)
    with pytest.raises(BadSetting, match="nobody to talk to"):
        make_broker(Settings(store="memory:", broker="redis://host"))
    assert make_broker(Settings()) is None


def test_where_the_data_lies_is_told_without_a_password() -> None:
    assert shown(Settings(store="postgresql://ann:s3cret@host/base?x=y")) == (
        "PostgreSQL, host/base"
    )
    assert shown(Settings(store="memory:")) == "memory:"
    assert shown(Settings(data=Path("/here"))) == "/here/crdtchat.sqlite3"
