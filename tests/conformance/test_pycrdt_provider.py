"""A stock pycrdt document, synchronised by pycrdt's Provider over the client channel that
pycrdt-websocket ships (`HttpxWebsocket`), against a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from anyio import Event, create_task_group
from pycrdt import Awareness, Doc, Map, Provider, create_awareness_message
from pycrdt.websocket.websocket import HttpxWebsocket
from websockets.asyncio.client import ClientConnection, connect

import crdtchat
from crdtchat.client.page import Page
from crdtchat.document.replica import plain
from crdtchat.document.schema import ROOTS
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.update import Value
from tests.conformance.node_peer import annotation
from tests.server_process import ServerProcess

T = 1_700_000_000_000


@pytest.fixture
def anyio_backend() -> str:
    """The `websockets` client under the channel is asyncio's."""
    return "asyncio"


class HttpxStyle:
    """What HttpxWebsocket expects of a connection, over the `websockets` library."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send_bytes(self, data: bytes) -> None:
        await self.socket.send(data)

    async def receive_bytes(self) -> bytes:
        data = await self.socket.recv()
        assert isinstance(data, bytes)
        return data


class Stock:
    """A pycrdt document as anybody would use it."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.roots = {root: self.doc.get(root, type=Map) for root in ROOTS}
        self.changed = Event()
        for root in self.roots.values():
            root.observe(self._note)

    def _note(self, _: object) -> None:
        self.changed.set()
        self.changed = Event()

    def write(self, *entries: tuple[str, str, Value | None]) -> None:
        with self.doc.transaction():
            for root, key, value in entries:
                if value is None:
                    del self.roots[root][key]
                else:
                    self.roots[root][key] = value if isinstance(value, str) else list(value)

    def values(self, root: str) -> dict[str, Value]:
        return {key: plain(value) for key, value in (self.roots[root].to_py() or {}).items()}

    async def wait_for(self, root: str, key: str) -> None:
        while key not in self.roots[root]:
            await self.changed.wait()

    @asynccontextmanager
    async def connected(
        self, server: ServerProcess, page: str, token: str
    ) -> AsyncIterator[ClientConnection]:
        url = f"{server.socket_url}/sync/demo/{page}?token={token}"
        async with connect(url) as socket:
            channel = HttpxWebsocket(HttpxStyle(socket), page)
            async with Provider(self.doc, channel) as provider:
                await provider.synced.wait()
                yield socket


def same(stock: Stock, page: Page) -> bool:
    """Whether both hold the same records; ours without what is unsaved."""
    other = Stock()
    other.doc.apply_update(page.export())
    return all(stock.values(root) == other.values(root) for root in ROOTS)


async def test_both_ways_and_offline(
    server: ServerProcess, tokens: dict[str, str], page_id: str
) -> None:
    stock = Stock()
    stock.write(*annotation("ann", "early", "before the first connection", T))
    async with crdtchat.connect(server.url, page=page_id, name="Ours") as ours:
        async with stock.connected(server, page_id, tokens["ann"]):
            await ours.wait_for(lambda page: page.annotation("early") is not None)
            mine = await ours.annotate("words", "ours")
            await stock.wait_for("a", mine)
            stock.write(("c", "early/open", ("ann", T, "edited", T + 1)))
            await ours.wait_for(lambda page: page.annotations[0].text == "edited")
        stock.write(*annotation("ann", "away", "while away", T + 2))
        meanwhile = await ours.annotate("words", "ours, meanwhile")
        await ours.wait_saved()
        async with stock.connected(server, page_id, tokens["ann"]):
            await ours.wait_for(lambda page: page.annotation("away") is not None)
            await stock.wait_for("a", meanwhile)
            await ours.wait_saved()
            assert set(stock.values("a")) == {"early", "away", mine, meanwhile}
            await ours.wait_for(lambda page: same(stock, page))


async def test_two_documents_of_one_person(
    server: ServerProcess, tokens: dict[str, str], page_id: str
) -> None:
    one, two = Stock(), Stock()
    one.write(*annotation("ann", "doc1", "one", T))
    two.write(*annotation("ann", "doc2", "two", T))
    async with (
        one.connected(server, page_id, tokens["ann"]),
        two.connected(server, page_id, tokens["ann"]),
    ):
        await one.wait_for("c", "doc2/open")
        await two.wait_for("c", "doc1/open")
        two.write(("s", "doc1", (1, "ann", T + 1)))
        await one.wait_for("s", "doc1")
        assert all(one.values(root) == two.values(root) for root in ROOTS)


async def test_awareness_is_stamped_by_the_server(
    server: ServerProcess, tokens: dict[str, str], page_id: str
) -> None:
    stock = Stock()
    awareness = Awareness(stock.doc)
    async with (
        crdtchat.connect(server.url, page=page_id, name="Ours") as ours,
        stock.connected(server, page_id, tokens["ann"]) as socket,
    ):
        awareness.set_local_state({"user": {"name": "Somebody else"}, "typing": "some-thread"})
        update = awareness.encode_awareness_update([awareness.client_id])
        await socket.send(create_awareness_message(update))
        await ours.wait_for(
            lambda page: any(person.typing == "some-thread" for person in page.people)
        )
        assert {person.user for person in ours.people} > {"ann"}
        assert "Somebody else" not in {person.name for person in ours.people}


async def test_a_forged_author_ends_its_connection_and_nobody_elses(
    server: ServerProcess, tokens: dict[str, str], page_id: str
) -> None:
    forger = Stock()
    async with crdtchat.connect(server.url, page=page_id, name="Ours") as ours:
        url = f"{server.socket_url}/sync/demo/{page_id}?token={tokens['ann']}"
        async with connect(url) as socket, create_task_group() as tasks:
            provider = Provider(forger.doc, HttpxWebsocket(HttpxStyle(socket), page_id))
            await tasks.start(provider.start)
            await provider.synced.wait()
            forger.write(*annotation("bob", "forge", "not bob's words", T))
            await socket.wait_closed()
            assert socket.close_code == CloseCode.FORBIDDEN
            tasks.cancel_scope.cancel()
        await ours.annotate("words", "undisturbed")
        await ours.wait_saved()
        assert [found.text for found in ours.annotations] == ["undisturbed"]
