"""uvicorn's WebSocket protocol with a short way in and out for binary frames.

Parsing, handshake, closing and keep-alive stay uvicorn's. Sending past ASGI leaves the kernel's
write as the floor, and lets all frames of a tick leave in one write; reading past it spares every
message a queue, two tasks and a pause of the socket.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import State

DIRECT = "crdtchat.direct"
"""Name of the ASGI scope extension that holds the protocol."""


AT_ONCE = 16
"""Messages of one read that are taken at once; the rest queue, so that nobody holds up the loop."""


class DirectSocket(WebSocketsSansIOProtocol):
    """Is a `host.channel.Direct`, and says so in the scope of its connection."""

    def handle_connect(self, event: Request) -> None:
        """Answer the handshake and start the application; it runs after this returns."""
        super().handle_connect(event)
        if self.response.status_code == 101 and not self.conn.extensions:
            cast(dict[str, Any], self.scope["extensions"])[DIRECT] = self
            self._descriptor = _plain_socket(self.transport)

    _descriptor = -1
    """The socket, where bytes may be written to it as they are."""
    _take: Callable[[bytes], bool] | None = None
    _left = AT_ONCE

    def listen(self, take: Callable[[bytes], bool] | None) -> None:
        """See `Direct`."""
        self._take = take

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._left = AT_ONCE
        super().data_received(data)

    def handle_bytes(self, event: Frame) -> None:
        """A binary frame came: take it at once, if it is whole and nothing waits before it."""
        if (
            self._take is not None
            and self._left
            and event.fin
            and self.queue.empty()
            and not self.close_sent
        ):
            self._left -= 1
            if self._take(bytes(event.data)):
                return
        super().handle_bytes(event)

    async def send(self, message: Any) -> None:
        """Send, or say that the connection is closing: uvicorn would drop the message silently."""
        await self.writable.wait()
        if self.transport.is_closing():
            raise ClientDisconnected
        await super().send(message)

    @property
    def ready(self) -> bool:
        """See `Direct`."""
        return (
            self.writable.is_set()
            and self.handshake_complete
            and not self.close_sent
            and not self.disconnected
            and self.conn.state is State.OPEN
            and not self.transport.is_closing()
        )

    def write_frames(self, frames: Sequence[bytes]) -> None:
        """See `Direct`."""
        encode = _encoder.encode
        if len(frames) == 1:
            data = encode(frames[0])
        else:
            data = b"".join([encode(frame) for frame in frames])
        if self._descriptor >= 0 and not self.transport.get_write_buffer_size():
            try:
                written = os.write(self._descriptor, data)
            except OSError:
                written = 0  # Full, or broken: the transport finds out which.
            if written == len(data):
                return
            data = data[written:]
        self.transport.write(data)


def _plain_socket(transport: asyncio.BaseTransport) -> int:
    """Descriptor of a transport that adds nothing to what is written; -1 for others.

    uvloop's transports write at the end of a turn of the loop. Past them the first of many readers
    has a change before the last one's frame is made.
    """
    socket = transport.get_extra_info("socket")
    if os.name != "posix" or socket is None or transport.get_extra_info("sslcontext") is not None:
        return -1
    return int(socket.fileno())


class _Encoder:
    """Frames a message; remembers the last, which hundreds of connections get in a row."""

    def __init__(self) -> None:
        self._payload = b""
        self._frame = b"\x82\x00"

    def encode(self, payload: bytes) -> bytes:
        """One unmasked, unfragmented binary frame (RFC 6455)."""
        if payload is self._payload:
            return self._frame
        size = len(payload)
        if size < 126:
            head = bytes((0x82, size))
        elif size < 65_536:
            head = b"\x82\x7e" + size.to_bytes(2, "big")
        else:
            head = b"\x82\x7f" + size.to_bytes(8, "big")
        self._payload, self._frame = payload, head + payload
        return self._frame


_encoder = _Encoder()
