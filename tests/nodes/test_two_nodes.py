"""Two real servers on one PostgreSQL and one Redis."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import anyio
import anyio.to_thread
import httpx
import pytest

import crdtchat
from crdtchat.document.page_version import name_of_digest
from tests.nodes.two_nodes import running_nodes
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer, running_redis
from tests.server_process import ServerProcess


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that only the network brings; the test's own bound ends it."""
    while not condition():  # noqa: ASYNC110
        await anyio.sleep(0.02)


async def broker_is(url: str, state: str) -> None:
    """Wait until a node's health says so."""
    async with httpx.AsyncClient(verify=False, base_url=url) as http:
        while (await http.get("/health")).json().get("broker") != state:  # noqa: ASYNC110
            await anyio.sleep(0.02)


async def test_a_page_is_one_page_on_two_nodes(
    postgres: PostgresServer, redis: RedisServer, tmp_path: Path
) -> None:
    store = postgres.url(postgres.fresh())
    with running_nodes(tmp_path, 2, store, redis.url) as (one, two):
        async with (
            crdtchat.connect(one.url, tenant="demo", page="p", name="Ann") as ann,
            crdtchat.connect(two.url, tenant="demo", page="p", name="Bob") as bob,
        ):
            aid = await ann.annotate("some words", "a comment")
            await until(lambda: any(one.aid == aid for one in bob.annotations))
            await bob.reply(aid, "an answer")
            await bob.wait_saved()
            await until(lambda: len(ann.annotations[0].comments) == 2)
            await broker_is(two.url, "connected")
        async with httpx.AsyncClient(verify=False, base_url=one.url) as http:
            metrics = await http.get("/metrics")
        assert "crdtchat_broker_connected 1.0" in metrics.text


async def test_over_rest_what_one_node_made_is_there_at_the_other(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    """Though it hears of nothing: a load balancer sends each request to either."""
    store = postgres.url(postgres.fresh())
    with running_redis() as own, running_nodes(tmp_path, 2, store, own.url) as (one, two):
        for node in (one, two):
            await broker_is(node.url, "connected")
        await anyio.to_thread.run_sync(own.stop)
        for node in (one, two):
            await broker_is(node.url, "away")
        who = ["--tenant", "demo", "--role", "moderator", "--user", "ann", "--store", store]
        token = one.run("token", "create", *who).strip()

        def client(node: ServerProcess) -> httpx.AsyncClient:
            return httpx.AsyncClient(
                verify=False,
                base_url=f"{node.url}/api/v1/demo",
                headers={"Authorization": f"Bearer {token}"},
                params={"page": "p"},
            )

        async with client(one) as here, client(two) as there:
            # Both have the page open, and neither knows what the other makes.
            for http in (here, there):
                listed = await http.get("/annotations")
                assert listed.status_code == 200, listed.text
                assert listed.json()["items"] == []
            target = {"exact": "words"}
            for made_at, asked_at in [(here, there), (there, here)] * 2:
                made = await made_at.post("/annotations", json={"target": target, "body": "x"})
                where = f"/annotations/{made.json()['id']}"
                assert (await asked_at.get(where)).json() == made.json()
                reply = await asked_at.post(f"{where}/comments", json={"body": "y"})
                comment = f"{where}/comments/{reply.json()['id']}"
                assert (await made_at.get(comment)).json() == reply.json()
                made = await made_at.post("/annotations", json={"target": target, "body": "x"})
                gone = await asked_at.delete(f"/annotations/{made.json()['id']}")
                assert gone.status_code == 204
                for decided in ("hidden", "locked"):
                    made = await made_at.post("/annotations", json={"target": target, "body": "x"})
                    where = f"/annotations/{made.json()['id']}"
                    assert (await asked_at.put(f"{where}/{decided}")).status_code == 204
                made = await made_at.post("/annotations", json={"target": target, "body": "x"})
                opening = made.json()["comments"][0]["id"]
                where = f"/annotations/{made.json()['id']}/comments/{opening}"
                told = await asked_at.post(f"{where}/reports", json={"reason": "spam"})
                assert told.status_code == 204
                text = f"the page's words, {made.json()['id']}".encode()
                named = {**target, "version": name_of_digest(sha256(text).digest())}
                await made_at.post("/annotations", json={"target": named, "body": "x"})
                kept = await asked_at.put(
                    f"/versions/{named['version']}",
                    content=text,
                    headers={"Content-Type": "text/plain; charset=utf-8"},
                )
                assert kept.status_code == 201, kept.text
                await _is_read_at_both(made_at, asked_at)
            assert (await here.get("/annotations/none-such")).status_code == 404


async def _is_read_at_both(here: httpx.AsyncClient, there: httpx.AsyncClient) -> None:
    """What was said at one node is what the other knows, lists, and compares conditions with."""
    once = {"target": {"exact": "words"}, "body": "first", "broadcastId": str(uuid4())}
    made = (await here.post("/annotations", json=once)).json()
    where = f"/annotations/{made['id']}"
    listed = (await there.get("/annotations")).json()
    assert listed["items"][-1] == made
    again = await there.post("/annotations", json=once)
    assert (again.status_code, again.json()) == (201, made)
    # Both know it. Neither hears of what comes.
    changed = await there.patch(where, json={"body": "second"})
    assert (await here.get(where)).content == changed.content
    condition = {"If-Match": changed.headers["ETag"]}
    resolved = await here.patch(where, json={"resolved": True}, headers=condition)
    assert resolved.status_code == 200, resolved.text
    late = await there.delete(where, headers=condition)
    assert late.status_code == 412, late.text
    listed = (await there.get("/annotations", params={"state": "resolved"})).json()
    assert listed["items"][-1] == resolved.json()


async def test_without_redis_writes_commit_and_others_are_a_second_late(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    store = postgres.url(postgres.fresh())
    with running_redis() as own, running_nodes(tmp_path, 2, store, own.url) as (one, two):
        async with (
            crdtchat.connect(one.url, tenant="demo", page="p", name="Ann") as ann,
            crdtchat.connect(two.url, tenant="demo", page="p", name="Bob") as bob,
        ):
            await broker_is(one.url, "connected")
            await anyio.to_thread.run_sync(own.stop)
            await broker_is(one.url, "away")
            aid = await ann.annotate("some words", "a comment")
            await ann.wait_saved()
            await until(lambda: any(one.aid == aid for one in bob.annotations))
            await anyio.to_thread.run_sync(own.start)
            await broker_is(one.url, "connected")
            await broker_is(two.url, "connected")
            await ann.reply(aid, "Redis is back")
            await until(lambda: len(bob.annotations[0].comments) == 2)
