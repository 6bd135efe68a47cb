"""Listens in on a connection: a relay that writes down every WebSocket frame that crosses it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import urlsplit

from crdtchat.sync.message import MessageType


@dataclass(frozen=True)
class Frame:
    """One frame, as it was on the wire."""

    to_server: bool
    kind: str
    """The message in it, such as `operation`."""
    size: int
    """Bytes, with the head that WebSocket puts before each message."""


class WireTap:
    """Stands between one reader and the server: connect to `url` instead of the server's."""

    def __init__(self, server_url: str) -> None:
        self.frames: list[Frame] = []
        self._port = urlsplit(server_url).port
        self._cut = False
        self._lines: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        ready: Future[int] = Future()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        self.url = f"http://127.0.0.1:{ready.result()}"

    def cut(self) -> None:
        """Break the connection, and let no new one through."""
        self._cut = True
        self._loop.call_soon_threadsafe(self._hang_up)

    def mend(self) -> None:
        """Let connections through again."""
        self._cut = False

    def since(self, count: int) -> list[Frame]:
        """The frames after the first `count`."""
        return self.frames[count:]

    def _run(self, ready: Future[int]) -> None:
        async def serve() -> None:
            listener = await asyncio.start_server(self._relay, "127.0.0.1", 0)
            ready.set_result(listener.sockets[0].getsockname()[1])
            await listener.serve_forever()

        self._loop.run_until_complete(serve())

    def _hang_up(self) -> None:
        for line in self._lines:
            line.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        both = {writer, to_server}
        self._lines |= both
        await asyncio.gather(
            self._copy(reader, to_server, _Follower(True, self.frames.append)),
            self._copy(from_server, writer, _Follower(False, self.frames.append)),
        )
        self._lines -= both

    async def _copy(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, follower: _Follower
    ) -> None:
        try:
            while data := await source.read(65_536):
                follower.feed(data)
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass  # the other side is gone, or the line was cut
        target.close()


class _Follower:
    """Finds the frames in one direction of a connection (RFC 6455, section 5.2)."""

    def __init__(self, to_server: bool, told: Callable[[Frame], None]) -> None:
        self._to_server = to_server
        self._told = told
        self._buffer = bytearray()
        self._in_head = True  # of HTTP, before WebSocket begins

    def feed(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if self._in_head:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del buffer[: end + 4]
            self._in_head = False
        while len(buffer) >= 2:
            length, at = buffer[1] & 0x7F, 2
            if length > 125:
                at = 4 if length == 126 else 10
                length = int.from_bytes(buffer[2:at], "big")
            mask = buffer[at : at + 4] if buffer[1] & 0x80 else bytes(4)
            at += 4 if buffer[1] & 0x80 else 0
            if len(buffer) < at + length:
                return
            if buffer[0] & 0x0F == 2 and length:  # a binary message: all of ours are
                kind = MessageType(buffer[at] ^ mask[0]).name.lower()
                self._told(Frame(self._to_server, kind, at + length))
            del buffer[: at + length]
