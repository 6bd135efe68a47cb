"""A TCP proxy that counts WebSocket messages as they cross it, by RFC 6455 and nothing of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

_DATA = (1, 2)
_CONTINUATION = 0


@dataclass(slots=True)
class Crossed:
    """Whole data messages of one direction, and the bytes of their payloads."""

    messages: int = 0
    payload: int = 0


class FrameReader:
    """Follows one direction of a connection: an HTTP head, then frames."""

    def __init__(self, crossed: Crossed) -> None:
        self._crossed = crossed
        self._buffer = bytearray()
        self._in_head = True
        self._open = 0
        """Payload of a message whose last frame has not come."""

    def feed(self, data: bytes) -> None:
        """These bytes crossed."""
        buffer = self._buffer
        buffer += data
        if self._in_head:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del buffer[: end + 4]
            self._in_head = False
        while len(buffer) >= 2:
            size, at = buffer[1] & 0x7F, 2
            if size == 126:
                size, at = int.from_bytes(buffer[2:4], "big"), 4
            elif size == 127:
                size, at = int.from_bytes(buffer[2:10], "big"), 10
            at += 4 if buffer[1] & 0x80 else 0
            if len(buffer) < at + size:
                return
            self._frame(buffer[0], size)
            del buffer[: at + size]

    def _frame(self, head: int, size: int) -> None:
        if head & 0x0F not in (*_DATA, _CONTINUATION):
            return
        self._open += size
        if head & 0x80:
            self._crossed.messages += 1
            self._crossed.payload += self._open
            self._open = 0


class CountingProxy:
    """Forwards to a port of this machine. The server's side is read to its end whatever became of
    the client, so what the server wrote is counted also when nobody reads it."""

    def __init__(self, port: int) -> None:
        self.to_server = Crossed()
        self.to_client = Crossed()
        self.port = 0
        self._target = port
        self._connections: set[asyncio.Task[None]] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._copy(reader, to_server, self.to_server))
                tasks.create_task(self._copy(from_server, writer, self.to_client))
            for one in (to_server, writer):
                one.close()
                with suppress(ConnectionError):
                    await one.wait_closed()
        finally:
            self._connections.discard(task)

    async def _copy(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, crossed: Crossed
    ) -> None:
        """Forward until the source ends; then say so to the target."""
        reader = FrameReader(crossed)
        while True:
            try:
                data = await source.read(65_536)
            except ConnectionError:
                data = b""
            if not data:
                break
            reader.feed(data)
            if not target.is_closing():
                target.write(data)
        if crossed is self.to_client:
            target.close()
        elif not target.is_closing():
            target.write_eof()

    async def ended(self) -> None:
        """Wait until every connection has ended on the server's side."""
        while self._connections:
            await asyncio.wait(self._connections)


@asynccontextmanager
async def counting_proxy(port: int) -> AsyncIterator[CountingProxy]:
    """A proxy on a free port for the length of a block."""
    proxy = CountingProxy(port)
    listener = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield proxy
