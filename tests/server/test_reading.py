"""However a stream of frames is cut into reads, and whoever takes them: the same messages, in the
same order, each once."""

from __future__ import annotations

import asyncio
import random
import socket
import weakref
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from crdtchat.server.direct import LONE_BYTES, DirectSocket, lone_message
from crdtchat.server.doors import Doors
from crdtchat.server.front import FrontConfig
from crdtchat.server.turns import Turns


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def encoded(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    """As a client sends it."""
    return Frame(opcode, payload, fin).serialize(mask=True)


SIZES = (0, 1, 2, 3, 4, 5, 125, 126, 127, 1_000, LONE_BYTES - 8)


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_message_is_read_and_nothing_else_is(size: int) -> None:
    payload = random.Random(size).randbytes(size)
    client = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=OPEN)
    client.send_binary(payload)
    (frame,) = client.data_to_send()
    assert lone_message(frame) == payload
    assert lone_message(frame + b"\x00") is None
    assert all(lone_message(frame[:cut]) is None for cut in range(min(len(frame), 300)))
    for first in (0x02, 0x81, 0x80, 0x88, 0x89, 0xC2, 0xA2, 0x92):
        assert lone_message(bytes((first,)) + frame[1:]) is None
    assert lone_message(Frame(Opcode.BINARY, payload).serialize(mask=False)) is None


def test_what_is_long_or_oddly_written_is_for_the_parser() -> None:
    assert lone_message(encoded(Opcode.BINARY, bytes(LONE_BYTES))) is None
    # Length 5 in the form for 126 and more.
    assert lone_message(b"\x82\xfe\x00\x05" + bytes(4) + b"words") is None
    assert lone_message(b"\x82\xff" + (5).to_bytes(8, "big") + bytes(4) + b"words") is None


class Wire(asyncio.Transport):
    """Where a server's answers go."""

    def __init__(self) -> None:
        own = socket.socket()
        weakref.finalize(self, own.close)
        names = {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}
        super().__init__(names | {"socket": own})
        self.closed = False
        self.reading = True

    def write(self, data: Any) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


class Reading:
    """A server's connection, the application behind it, and what both took, in order."""

    def __init__(self, chance: random.Random) -> None:
        self.taken: list[bytes] = []
        self._chance = chance
        self._accepted = asyncio.Event()
        config = FrontConfig(self._app, interface="asgi3", ws_per_message_deflate=False)
        config.doors = Doors()
        config.load()
        self.wire = Wire()
        self.socket = DirectSocket(config=config, server_state=ServerState(), app_state={})
        self.socket.connection_made(self.wire)

    async def open(self) -> None:
        client = ClientProtocol(parse_uri("ws://127.0.0.1/"))
        client.send_request(client.connect())
        self.socket.data_received(b"".join(client.data_to_send()))
        self.socket.belongs_to(None, Turns(asyncio.get_running_loop()), 0)
        await self._accepted.wait()

    async def feed(self, data: bytes) -> None:
        """A read, as soon as the server reads."""
        while not self.wire.reading:  # noqa: ASYNC110 - the server is callbacks
            await asyncio.sleep(0)
        self.socket.data_received(data)
        if self._chance.random() < 0.3:
            await asyncio.sleep(0)

    def _take(self, message: bytes) -> bool:
        """The short way's end: sometimes it is busy."""
        if self._chance.random() < 0.3:
            return False
        self.taken.append(message)
        return True

    async def _app(self, _: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.socket.listen(self._take)
        self._accepted.set()
        while (message := await receive())["type"] == "websocket.receive":
            self.taken.append(message["bytes"])


async def test_every_way_of_cutting_a_stream_gives_the_same_messages() -> None:
    lone = 0
    for seed in range(150):
        chance = random.Random(seed)
        reading = Reading(chance)
        await reading.open()
        sent: list[bytes] = []
        stream, cuts = b"", [0]
        for number in range(chance.randint(3, 25)):
            size = chance.choice((1, 5, 60, 125, 126, 300, 599, 700, 3_000))
            message = b"%d " % number + chance.randbytes(size)
            if chance.random() < 0.2:
                stream += encoded(Opcode.PING, b"ping")
                cuts += [len(stream)] * (chance.random() < 0.5)
            if chance.random() < 0.2:
                stream += encoded(Opcode.BINARY, message[:3], fin=False)
                cuts += [len(stream)] * (chance.random() < 0.5)
                if chance.random() < 0.5:
                    stream += encoded(Opcode.PING, b"in between")
                stream += encoded(Opcode.CONT, message[3:])
            else:
                stream += encoded(Opcode.BINARY, message)
            sent.append(message)
            cuts += [len(stream)] * (chance.random() < 0.7)
        # Anywhere, behind the first bytes of a frame above all.
        cuts += [chance.choice(cuts) + chance.randint(1, 9) for _ in range(chance.randint(0, 9))]
        cuts += [chance.randrange(len(stream)) for _ in range(chance.randint(0, 9))]
        places = sorted({cut for cut in cuts if cut < len(stream)})
        for start, end in zip(places, [*places[1:], len(stream)], strict=True):
            lone += lone_message(stream[start:end]) is not None
            await reading.feed(stream[start:end])
        async with asyncio.timeout(60):
            while len(reading.taken) < len(sent):  # noqa: ASYNC110 - the server is callbacks
                await asyncio.sleep(0)
        assert reading.taken == sent, seed
        assert not reading.wire.closed
        reading.socket.connection_lost(None)
    assert lone > 100


async def test_what_looks_like_a_message_inside_another_is_none() -> None:
    """The parser waits for the rest of a frame, and the rest is a whole frame by itself."""
    inner = encoded(Opcode.BINARY, b"inner")
    outer = Frame(Opcode.BINARY, inner + b"!").serialize(mask=False)
    masked = bytes((0x82, outer[1] | 0x80)) + bytes(4) + outer[2:]
    for cut in (2, 6):
        reading = Reading(random.Random(1))
        await reading.open()
        await reading.feed(masked[:cut])
        await reading.feed(masked[cut:6])
        await reading.feed(inner)
        await reading.feed(b"!")
        async with asyncio.timeout(60):
            while not reading.taken:  # noqa: ASYNC110 - the server is callbacks
                await asyncio.sleep(0)
        assert reading.taken == [inner + b"!"]
        reading.socket.connection_lost(None)


async def test_a_whole_message_between_the_parts_of_another_ends_the_connection() -> None:
    reading = Reading(random.Random(1))
    await reading.open()
    await reading.feed(encoded(Opcode.BINARY, b"part", fin=False))
    await reading.feed(encoded(Opcode.BINARY, b"whole"))
    assert reading.wire.closed
    assert reading.taken == []
    reading.socket.connection_lost(None)
