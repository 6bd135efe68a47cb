"""A connection that was open long leaves nothing behind, however it ends.

The server looks for cycles among what is young, and hardly ever among what is old
(`crdtchat.host.collector`, `crdtchat.server.memory`): a cycle that has become old stays for good.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import anyio.lowlevel
import pytest
from starlette.websockets import WebSocket
from websockets.server import ServerProtocol

from crdtchat.bench.client import BenchClient
from crdtchat.bench.door import Door
from crdtchat.server.direct import DirectSocket
from crdtchat.server.front import FrontConfig, FrontDoor
from crdtchat.server.socket import SocketChannel
from crdtchat.sync.tuning import Tuning
from tests.raw_client import raw_client
from tests.server_here import running

PATH = "/sync/demo/page"
HELD = (DirectSocket, FrontDoor, ServerProtocol, SocketChannel, WebSocket)
"""What the server has of a connection."""


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both loops that the server runs on: their transports differ in what they hold."""
    return "asyncio", {"use_uvloop": request.param}


def grow_old() -> None:
    """What survives a full collection is old from now on."""
    gc.collect()


async def hang_up(port: int, *, v1: bool) -> None:
    """Join, and be gone without waiting for an answer."""
    client = await BenchClient.open(Door("127.0.0.1", port, PATH, v1))
    grow_old()
    client.hang_up()


async def die(port: int) -> None:
    """Join, and be gone without a word."""
    async with raw_client(f"ws://127.0.0.1:{port}", "page") as ann:
        await ann.join()
        grow_old()
        ann.die()


async def say_goodbye(port: int) -> None:
    """Join, and close in good order."""
    async with raw_client(f"ws://127.0.0.1:{port}", "page") as ann:
        await ann.join()
        grow_old()


async def offend(port: int) -> None:
    """Send what is no message, and be sent away."""
    async with raw_client(f"ws://127.0.0.1:{port}", "page") as bad:
        await bad.join()
        grow_old()
        await bad.send(b"\x45" + bytes(30))
        await bad.closed()


async def be_kept_out(port: int) -> None:
    """Come with a token that is none."""
    async with raw_client(f"ws://127.0.0.1:{port}", "page", token="nonsense") as stranger:
        grow_old()
        await stranger.closed()


async def break_off(port: int, *, key: str, answered: bool) -> None:
    """End while the handshake is under way, or with its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n".encode())
    await anyio.wait_all_tasks_blocked()
    grow_old()
    writer.write(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
    writer.write(f"{key}\r\n".encode())
    if answered:
        await reader.readline()
    writer.transport.abort()


KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
ENDS: dict[str, Callable[[int], Awaitable[None]]] = {
    "stock, hangs up": lambda port: hang_up(port, v1=False),
    "v1, hangs up": lambda port: hang_up(port, v1=True),
    "dies": die,
    "says goodbye": say_goodbye,
    "offends": offend,
    "is kept out": be_kept_out,
    "breaks off at once": lambda port: break_off(port, key=KEY, answered=False),
    "breaks off while joining": lambda port: break_off(port, key=KEY, answered=True),
    "is no handshake": lambda port: break_off(port, key="", answered=True),
}


async def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    left: dict[str, list[str]] = {}
    async with running(tmp_path, Tuning()) as server:
        doors, state = cast(FrontConfig, server.config).doors, server.server_state
        gc.disable()  # none but ours
        try:
            grow_old()
            for number, (name, end) in enumerate(ENDS.items(), 1):
                await end(server.port)
                while doors.left < number or doors.connections or state.connections or state.tasks:
                    await anyio.lowlevel.checkpoint()
                gc.collect(1)  # as the server does
                left[name] = [type(one).__name__ for one in gc.get_objects() if type(one) in HELD]
                grow_old()
        finally:
            gc.enable()
    assert left == {name: [] for name in ENDS}
