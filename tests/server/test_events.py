"""The stream of a page's events on a real server."""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import httpx
import pytest

from crdtchat.sync import message
from tests.raw_client import broadcast_id, raw_client
from tests.server.conftest import Api
from tests.server.event_reader import EventReader, Told, event_reader
from tests.server_process import ServerProcess

Apis = dict[str, Api]


@pytest.fixture
def anyio_backend() -> str:
    """The raw client is asyncio's."""
    return "asyncio"


async def take(reader: EventReader, count: int) -> list[Told]:
    return [await reader.next() for _ in range(count)]


def work(api: Apis) -> None:
    """Six operations over REST: new, updated (four ways), deleted."""
    ann, bob = api["ann"], api["bob"]
    made = ann.annotate()
    path = f"/annotations/{made['id']}"
    cid = bob("POST", f"{path}/comments", json={"body": "Mine."}).json()["id"]
    bob("PATCH", f"{path}/comments/{cid}", json={"body": "Mine!"})
    ann("PUT", f"{path}/comments/{cid}/reactions/👍")
    ann("DELETE", f"{path}/comments/{cid}/reactions/👍")
    ann("DELETE", path)


KINDS = ["new-text-chat", *["updated-text-chat"] * 4, "deleted-text-chat"]


async def test_what_events_say(api: Apis) -> None:
    ann, operation = api["ann"], uuid4()
    async with event_reader(api["vic"]) as reader:
        await reader.opened()
        before = reader.last_id
        assert reader.answer.headers["content-type"].startswith("text/event-stream")
        made = ann.annotate(broadcastId=str(operation))
        told = await reader.next()
        at = told.data.pop("at")
        assert abs(at - time.time() * 1000) < 60_000
        expected = {"tenant": "demo", "page": ann.page, "aid": made["id"], "cid": "", "by": "ann"}
        assert told.data == {**expected, "broadcastId": str(operation)}
        assert told.name == "new-text-chat"
        assert told.id != before
        reply = api["bob"]("POST", f"/annotations/{made['id']}/comments", json={"body": "x"})
        told = await reader.next()
        assert (told.name, told.data["cid"]) == ("updated-text-chat", reply.json()["id"])
        assert UUID(told.data["broadcastId"]).version == 4


async def test_writes_of_sockets_are_told_too(
    api: Apis, server: ServerProcess, tokens: dict[str, str]
) -> None:
    ann = api["ann"]
    target = ("words", "", "", 0, 5)
    async with (
        event_reader(ann) as reader,
        raw_client(server.socket_url, ann.page, token=tokens["bob"]) as bob,
    ):
        await reader.opened()
        await bob.join()
        await bob.write(7, "a", "anno", ("bob", 1_700_000_000_000, *target))
        await bob.write(8, "d", "anno", ("bob", 1_700_000_000_000))
        told = await take(reader, 2)
        assert [one.name for one in told] == ["new-text-chat", "deleted-text-chat"]
        assert UUID(told[0].data["broadcastId"]).bytes == broadcast_id(7)
        await bob.send(message.encode_sync_step1(b"\x00"))  # no news
        ann.annotate()
        assert (await reader.next()).data["by"] == "ann"


async def test_who_comes_back_hears_what_others_heard(api: Apis, server: ServerProcess) -> None:
    """From the log, in the same words, also after the server was killed and started again."""
    ann = api["ann"]
    async with event_reader(ann) as away:
        await away.opened()
        start = away.last_id
    async with event_reader(ann) as stays:
        await stays.opened()
        work(api)
        heard = await take(stays, 6)
    assert [told.name for told in heard] == KINDS
    async with event_reader(ann, start) as back:
        assert await take(back, 6) == heard
        ann.annotate()
        assert (await back.next()).name == "new-text-chat"
    async with event_reader(ann, heard[2].id) as back:
        assert await take(back, 3) == heard[3:]
    server.kill()
    server.restart()
    async with event_reader(ann, start) as back:
        assert await take(back, 6) == heard


async def test_where_the_log_is_folded_the_reader_starts_over(
    api: Apis, server: ServerProcess
) -> None:
    ann = api["ann"]
    work(api)
    async with event_reader(ann) as reader:
        await reader.opened()
        newest = reader.last_id
    server.stop()
    server.run("compact", "--tenant", "demo")
    server.restart()
    async with event_reader(ann, "1-1") as back:
        told = await back.next()
        assert (told.name, told.id) == ("resync", newest)
        assert told.data == {"tenant": "demo", "page": ann.page}
        ann.annotate()
        assert (await back.next()).name == "new-text-chat"
    for stranger in ("2-1", "1-999"):
        async with event_reader(ann, stranger) as back:
            assert (await back.next()).name == "resync"
    async with event_reader(ann, newest) as back:
        ann.annotate()
        assert [told.name for told in await take(back, 2)] == ["new-text-chat"] * 2


async def test_a_server_that_stops_ends_its_streams(api: Apis, server: ServerProcess) -> None:
    async with event_reader(api["ann"]) as reader:
        await reader.opened()
        server.stop()
        # In good order: when uvicorn loses its patience it cuts the line, which is an error here.
        assert await reader.ended()
    server.restart()


def test_streams_that_are_refused(api: Apis, server: ServerProcess) -> None:
    ann = api["ann"]
    other = server.token("zoe", page="other-*")
    url = f"{ann.root}/events"
    for query, headers, status in (
        ({"page": ann.page}, {"Last-Event-ID": "x"}, 400),
        ({}, {}, 400),
        ({"page": ann.page, "token": "cct_wrong"}, {}, 401),
        ({"page": ann.page, "token": other}, {}, 403),
        ({"page": ann.page}, {"Origin": "https://evil.example"}, 403),
    ):
        answer = httpx.get(url, params=query, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    head = ann("HEAD", "/events")
    assert head.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")
