"""A Tornado WebSocket as the host's channel."""

from __future__ import annotations

from contextlib import suppress

import anyio
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from crdtchat.host.channel import ChannelClosed
from crdtchat.sync.codes import CloseCode

_WAITING = 16
"""Messages that were read and not yet taken: Tornado then reads no more, and TCP holds the peer."""


class TornadoChannel:
    """Is a `host.channel.Channel`."""

    def __init__(self, socket: WebSocketHandler) -> None:
        self._socket = socket
        self._put, self._take = anyio.create_memory_object_stream[bytes](_WAITING)

    async def receive(self) -> bytes:
        try:
            return await self._take.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            raise ChannelClosed from None

    async def send(self, frame: bytes) -> None:
        try:
            await self._socket.write_message(frame, binary=True)
        except WebSocketClosedError:
            raise ChannelClosed from None

    async def close(self, code: int, reason: str) -> None:
        self._socket.close(code, reason)

    async def arrived(self, frame: bytes | str) -> None:
        """A message came; returns when the next may be read."""
        if isinstance(frame, str):
            self._socket.close(CloseCode.MALFORMED, "binary frames only")
            return
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._put.send(frame)

    def gone(self) -> None:
        """The connection has ended: what came before is still judged."""
        self._put.close()

    def done(self) -> None:
        """Nobody takes messages any more."""
        self._take.close()
