"""A tenant's limits on a real server: one budget for socket and REST, told with its own code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.encode import encode_write
from tests.raw_client import RawClient, broadcast_id, raw_client
from tests.server.conftest import Api
from tests.server.event_reader import event_reader
from tests.server_process import ServerProcess, running_server

TARGET = ("words", "", "", 0, 5)
CONFIG = """
[tenants.demo.limits]
user_operations_per_minute = 60
[tenants.few.limits]
user_connections = 2
connections = 3
[tenants.small.limits]
annotations_per_page = 2
comment_characters = 20
[tenants.daily.limits]
annotations_per_day = 3
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("limited")
    config = folder / "crdtchat.toml"
    config.write_text(CONFIG)
    with running_server(folder / "data", ["--config", str(config)]) as found:
        yield found


OpenApi = Callable[[str, str, str], Api]


@pytest.fixture
def api_of(server: ServerProcess) -> Iterator[OpenApi]:
    """Opens the API for a page, a tenant and a user."""
    with httpx.Client(verify=False) as http:
        yield lambda page, tenant, user: Api(
            http, server.url, page, server.token(user, tenant=tenant), tenant
        )


def now() -> int:
    return time.time_ns() // 1_000_000


async def annotate(client: RawClient, number: int) -> message.Ack | message.Reject:
    """Annotate, and wait for the answer."""
    update = client.encode("a", f"anno{number}", (client.user, now(), *TARGET))
    await client.operate(broadcast_id(number), update)
    while True:
        answer = await client.next()
        if isinstance(answer, message.Ack | message.Reject):
            return answer


async def test_operations_per_minute(server: ServerProcess, api_of: OpenApi, page: str) -> None:
    api = api_of(page, "demo", "ann")
    async with raw_client(server.socket_url, page, token=api.token) as ann:
        await ann.join()
        done = 0
        while isinstance(answer := await annotate(ann, done), message.Ack):
            done += 1
        assert 60 <= done <= 200
        assert (answer.code, answer.hard) == ("rate-limited", False)
        assert "again in 1 s" in answer.reason
        # The same budget over REST, which is told when to come back.
        body = {"target": {"exact": "x"}, "body": "x"}
        refused = api("POST", json=body)
        if refused.status_code != 201:
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["code"] == "rate-limited"
        with anyio.fail_after(60):
            while api("POST", json=body).status_code != 201:
                await checkpoint()
        # Somebody else has a budget of their own, and reading costs nothing.
        assert api_of(page, "demo", "bob")("POST", json=body).status_code == 201
        for _ in range(100):
            assert api("GET", limit=1).status_code == 200
        # After a resync the connection goes on.
        await ann.join()
        assert ann.replica.get("a", f"anno{done}") is None


async def test_a_stock_connection_is_sent_away(server: ServerProcess, page: str) -> None:
    token = server.token("stan")
    async with raw_client(server.socket_url, page, token=token, v1=False) as stan:
        await stan.until(message.SyncStep1)
        for clock in range(200):
            value = ("stan", now(), *TARGET)
            update = encode_write(
                77_001, clock, root="a", key=f"anno{clock}", value=value, origin=None
            )
            await stan.send(message.encode_sync_update(update))
        assert await stan.closed() == CloseCode.TOO_FAST


async def test_connections(server: ServerProcess, api_of: OpenApi, page: str) -> None:
    ann, bob = (api_of(page, "few", user) for user in ("ann", "bob"))

    async with (
        raw_client(server.socket_url, page, token=ann.token, tenant="few") as first,
        event_reader(ann) as stream,
    ):
        await first.join()
        await stream.opened()
        async with raw_client(server.socket_url, page, token=ann.token, tenant="few") as third:
            assert await third.closed() == CloseCode.TOO_FAST
        refused = ann("GET", "/events")
        assert refused.status_code == 429
        assert refused.headers["retry-after"]
        assert ann("GET").status_code == 200
        async with raw_client(server.socket_url, page, token=bob.token, tenant="few") as other:
            await other.join()
            # The tenant has three now.
            async with raw_client(
                server.socket_url, page, token=server.token("cleo", tenant="few"), tenant="few"
            ) as fourth:
                assert await fourth.closed() == CloseCode.TOO_FAST
    with anyio.fail_after(60):
        while True:
            async with raw_client(server.socket_url, page, token=ann.token, tenant="few") as again:
                if isinstance(await again.next(), message.Welcome):
                    break


async def test_annotations_of_a_page_and_the_length_of_comments(
    server: ServerProcess, api_of: OpenApi, page: str
) -> None:
    api = api_of(page, "small", "ann")
    async with raw_client(server.socket_url, page, token=api.token, tenant="small") as ann:
        welcome = await ann.until(message.Welcome)
        assert welcome.info["limits"]["comment_cp"] == 20  # type: ignore[index]
        await ann.join()
        assert isinstance(await annotate(ann, 1), message.Ack)
        first = api.annotate("short enough")
        answer = await annotate(ann, 3)
        assert isinstance(answer, message.Reject)
        assert (answer.code, answer.hard) == ("too-many", False)
        full = api("POST", json={"target": {"exact": "x"}, "body": "x"})
        assert (full.status_code, full.json()["code"]) == (422, "too-many")
        path = f"/annotations/{first['id']}"
        long = api("POST", f"{path}/comments", json={"body": "x" * 21})
        assert (long.status_code, long.json()["code"]) == (422, "too-long")
        assert api("POST", f"{path}/comments", json={"body": "x" * 20}).status_code == 201
        assert api("DELETE", path).status_code == 204
        await ann.join()
        assert isinstance(await annotate(ann, 4), message.Ack)
        other = api_of(f"{page}2", "small", "ann")
        other.annotate("another page")


async def test_annotations_of_a_day(server: ServerProcess, api_of: OpenApi, page: str) -> None:
    """One quota for all ways, users and pages; it knows what was made before a restart."""
    ann, bob = api_of(page, "daily", "ann"), api_of(f"{page}2", "daily", "bob")
    body = {"target": {"exact": "x"}, "body": "x"}

    def is_refused(api: Api) -> None:
        refused = api("POST", json=body)
        assert (refused.status_code, refused.json()["code"]) == (429, "quota-spent")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400

    first = ann.annotate("first")
    bob.annotate("second")
    async with raw_client(server.socket_url, page, token=ann.token, tenant="daily") as client:
        await client.join()
        assert isinstance(await annotate(client, 3), message.Ack)
        answer = await annotate(client, 4)
        assert isinstance(answer, message.Reject)
        assert (answer.code, answer.hard) == ("quota-spent", False)
        await client.join()
        assert client.replica.get("a", "anno4") is None
    is_refused(bob)
    replied = ann("POST", f"/annotations/{first['id']}/comments", json={"body": "x"})
    assert replied.status_code == 201
    async with raw_client(
        server.socket_url, page, token=bob.token, tenant="daily", v1=False
    ) as stock:
        await stock.until(message.SyncStep1)
        value = ("bob", now(), *TARGET)
        update = encode_write(77_002, 0, root="a", key="anno5", value=value, origin=None)
        await stock.send(message.encode_sync_update(update))
        assert await stock.closed() == CloseCode.TOO_FAST
    server.stop()
    server.restart()
    is_refused(ann)


async def test_a_limit_that_is_set_binds_who_is_here(
    server: ServerProcess, api_of: OpenApi, page: str
) -> None:
    """They come in again, and are told of it; they went by what was when they came."""
    server.run("tenant", "add", "late", "--guests", "commenter")
    api = api_of(page, "late", "ann")
    while api("GET").status_code == 404:
        await checkpoint()  # the server is about to hear of the tenant
    async with raw_client(server.socket_url, page, token=api.token, tenant="late") as ann:
        await ann.join()
        assert isinstance(await annotate(ann, 1), message.Ack)
        server.run("tenant", "change", "late", "--limit", "annotations_per_day=1")
        assert await ann.closed() == CloseCode.CHANGED
    async with raw_client(server.socket_url, page, token=api.token, tenant="late") as again:
        await again.join()
        answer = await annotate(again, 2)
        assert isinstance(answer, message.Reject)
        assert answer.code == "quota-spent"
