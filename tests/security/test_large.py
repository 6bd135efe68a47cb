"""What is large is held for whoever reads and sends it: so much for one address, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Scope

from crdtchat.document.page_version import version_of
from crdtchat.server.doors import DoorLimits, Doors
from crdtchat.server.front import FrontConfig
from crdtchat.server.large_answers import PART_BYTES, LargeAnswers
from crdtchat.sync.tuning import Tuning
from tests.server_here import running

TEXT = "words " * 300_000


@pytest.fixture
def anyio_backend() -> str:
    """The server's own."""
    return "asyncio"


class Reader:
    """Asks an application once, and reads of the answer what it is told to."""

    def __init__(self, address: str, size: int, method: str = "GET", path: str = "x") -> None:
        self.scope: Scope = {
            "type": "http",
            "method": method,
            "path": f"/{path}/{size}",
            "headers": [],
            "query_string": b"",
            "client": (address, 1),
        }
        self.messages: list[Message] = []
        self.reads = anyio.Event()
        self.heard = anyio.Event()

    async def ask(self, app: Starlette) -> None:
        """Until the answer is read."""
        await app(self.scope, self._receive, self._send)

    async def _receive(self) -> Message:
        await anyio.sleep_forever()
        raise AssertionError("it goes on until it has the answer")

    async def _send(self, message: Message) -> None:
        self.messages.append(message)
        self.heard.set()
        await self.reads.wait()

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])


async def _xs(request: Request) -> Response:
    return Response(b"x" * int(request.path_params["size"]))


async def _ys(request: Request) -> Response:
    return StreamingResponse(iter([b"y", b"y" * int(request.path_params["size"])]))


@pytest.fixture
def app() -> Starlette:
    """Answers as much as it is asked for."""
    routes = [Route("/x/{size}", _xs), Route("/y/{size}", _ys)]
    found = Starlette(routes=routes, middleware=[Middleware(LargeAnswers)])
    found.state.doors = Doors(DoorLimits(large_bytes=1_000_000))
    return found


async def ask(
    app: Starlette, address: str, size: int, method: str = "GET", path: str = "x"
) -> Reader:
    """Ask, and read all of the answer."""
    reader = Reader(address, size, method, path)
    reader.reads.set()
    await reader.ask(app)
    return reader


async def test_who_leaves_much_unread_is_answered_no_more_of_it(app: Starlette) -> None:
    slow = Reader("192.0.2.1", 900_000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(slow.ask, app)
        await slow.heard.wait()
        refused = await ask(app, "192.0.2.1", 200_000)
        assert refused.status == 429
        assert len(refused.body) < 1_000
        assert (await ask(app, "192.0.2.1", PART_BYTES)).body == b"x" * PART_BYTES
        assert (await ask(app, "192.0.2.1", 200_000, "HEAD")).status == 200
        begun = await ask(app, "192.0.2.1", 200_000, path="y")
        assert begun.body == b"y" * 200_001
        assert (await ask(app, "192.0.2.2", 2_000_000)).body == b"x" * 2_000_000
        slow.reads.set()
    assert slow.body == b"x" * 900_000
    assert max(len(message["body"]) for message in slow.messages[1:]) == PART_BYTES
    assert (await ask(app, "192.0.2.1", 200_000)).body == b"x" * 200_000


@pytest.fixture
async def annotated(tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """The root of the API of a server that holds one text for an address, and the token of a guest
    whose annotation names that text."""
    async with running(tmp_path, Tuning()) as server:
        doors = cast(FrontConfig, server.config).doors
        doors.limits = replace(doors.limits, large_bytes=len(TEXT) + 100_000)
        root = f"http://127.0.0.1:{server.port}/api/v1/demo"
        target = {"exact": "words", "version": version_of(TEXT)}
        async with httpx.AsyncClient(params={"page": "p"}) as guest:
            made = await guest.post(
                f"{root}/annotations", json={"target": target, "body": "Whose?"}
            )
        yield root, made.headers["Crdtchat-Token"]


async def test_texts_that_are_long_in_coming(annotated: tuple[str, str]) -> None:
    root, token = annotated
    url = httpx.URL(f"{root}/versions/{version_of(TEXT)}", params={"page": "p"})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = [f"PUT {url.raw_path.decode()} HTTP/1.1", "Host: localhost", "Expect: 100-continue"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    head += [f"Content-Length: {len(TEXT)}", "", ""]
    writer.write("\r\n".join(head).encode())
    assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
    async with httpx.AsyncClient(headers=headers) as guest:
        second = await guest.put(url, content=TEXT)
        assert second.status_code == 429
        writer.write(TEXT.encode())
        assert b" 201 " in await reader.readuntil(b"\r\n\r\n")
        writer.close()
        assert (await guest.put(url, content=TEXT)).status_code == 204
        assert (await guest.get(url)).text == TEXT
