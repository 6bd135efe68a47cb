"""uvicorn's WebSocket protocol with a short way out for binary frames.

Reading, handshake, closing and keep-alive stay uvicorn's. Sending past ASGI leaves the kernel's
write as the floor, and lets all frames of a tick leave in one write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

DIRECT = "crdtchat.direct"
"""Name of the ASGI scope extension that holds the protocol."""


class DirectSocket(WebSocketsSansIOProtocol):
    """Is a `host.channel.Direct`, and says so in the scope of its connection."""

    def handle_connect(self, event: Request) -> None:
        """Answer the handshake and start the application; it runs after this returns."""
        super().handle_connect(event)
        if self.response.status_code == 101 and not self.conn.extensions:
            cast(dict[str, Any], self.scope["extensions"])[DIRECT] = self

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
            self.transport.write(encode(frames[0]))
        else:
            self.transport.write(b"".join([encode(frame) for frame in frames]))


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
