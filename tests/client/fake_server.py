"""A WebSocket server that says what a test tells it to, over plain streams (asyncio and trio)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from crdtchat.sync import message
from crdtchat.sync.message import SUBPROTOCOL


class Visitor:
    """One connection, shaken hands with."""

    def __init__(self, stream: ByteStream, protocol: ServerProtocol, request: Request) -> None:
        self.stream = stream
        self._frames: list[Frame] = []
        self.protocol = protocol
        self.request = request

    async def send(self, *frames: bytes) -> None:
        """Send whole messages."""
        for frame in frames:
            self.protocol.send_binary(frame)
        await self.flush()

    async def flush(self) -> None:
        """Send what the protocol has to send."""
        await self.stream.send(b"".join(self.protocol.data_to_send()))

    async def next(self) -> message.FromClient | Frame:
        """The next message of the client, or a control frame. Pings are not answered."""
        while not self._frames:
            self.protocol.receive_data(await self.stream.receive())
            events = self.protocol.events_received()
            self._frames += [event for event in events if isinstance(event, Frame)]
        frame = self._frames.pop(0)
        if frame.opcode is Opcode.BINARY:
            return message.decode_from_client(bytes(frame.data), v1=True)
        return frame

    async def silence(self) -> None:
        """Read and say nothing until the client goes."""
        try:
            while True:
                await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return


Script = Callable[[Visitor], Awaitable[None]]


@asynccontextmanager
async def fake_server(
    *scripts: Script,
    status: int = 0,
    subprotocol: bool = True,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serve one script a connection, the last one for ever; gives the URL.

    `status`: answer every handshake with this HTTP status instead.
    """
    waiting = list(scripts)

    async def handle(stream: ByteStream) -> None:
        async with stream:
            protocols = [Subprotocol(SUBPROTOCOL)] if subprotocol else None
            protocol = ServerProtocol(subprotocols=protocols)
            while not (events := protocol.events_received()):
                protocol.receive_data(await stream.receive())
            (request,) = events
            assert isinstance(request, Request)
            if status:
                protocol.send_response(protocol.reject(status, "no"))
                await stream.send(b"".join(protocol.data_to_send()))
                return
            protocol.send_response(protocol.accept(request))
            await stream.send(b"".join(protocol.data_to_send()))
            script = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            try:
                await script(Visitor(stream, protocol, request))
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return

    sockets = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = sockets.extra(SocketAttribute.local_port)
    listener = TLSListener(sockets, context, standard_compatible=False) if context else sockets
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()
