"""The least of RFC 6455 that a load generator needs, so that every server gets the same bytes.

Frames to the server are masked with the key 0: legal, and the mask costs the generator nothing
while the server unmasks as ever.
"""

from __future__ import annotations

from collections.abc import Sequence

BINARY, CLOSE, PING, PONG = 0x2, 0x8, 0x9, 0xA
_CONTINUATION = 0x0
LARGEST = 64 * 1024 * 1024
"""Bytes of the largest message that is read."""


class FramingError(Exception):
    """The server broke the protocol, or refused the handshake."""


def encode_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One masked, unfragmented frame."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65_536:
        head = bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0xFF)) + size.to_bytes(8, "big")
    return head + b"\x00\x00\x00\x00" + payload


def encode_handshake(host: str, path: str, subprotocol: str = "") -> bytes:
    """The upgrade request. `path` is percent-encoded and may hold a query."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    if subprotocol:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


class FrameReader:
    """Reads the handshake's answer, then messages, from bytes as they come."""

    def __init__(self) -> None:
        self.open = False
        """Whether the server has agreed to the upgrade; nothing may be sent before."""
        self._buffer = b""
        self._parts: list[bytes] = []
        self._opcode = 0

    def feed(self, data: bytes) -> Sequence[tuple[int, bytes]]:
        """Take bytes; answer the complete messages as (opcode, payload). Raises FramingError."""
        buffer = self._buffer + data if self._buffer else data
        at = 0
        if not self.open:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(buffer) > 65_536:
                    raise FramingError("a handshake without an end")
                self._buffer = buffer
                return ()
            status = buffer.split(b"\r\n", 1)[0]
            if b" 101 " not in status + b" ":
                raise FramingError(f"refused: {status[:80].decode('latin-1')}")
            self.open = True
            at = end + 4
        found: list[tuple[int, bytes]] = []
        size = len(buffer)
        while size - at >= 2:
            length = buffer[at + 1]
            body = at + 2
            if length == 126:
                body = at + 4
                if size < body:
                    break
                length = int.from_bytes(buffer[at + 2 : body], "big")
            elif length == 127:
                body = at + 10
                if size < body:
                    break
                length = int.from_bytes(buffer[at + 2 : body], "big")
            elif length > 127:
                raise FramingError("a masked frame from a server")
            if length > LARGEST:
                raise FramingError("a frame too large")
            if size < body + length:
                break
            first = buffer[at]
            at = body + length
            self._take(first, buffer[body:at], found)
        self._buffer = buffer[at:]
        return found

    def _take(self, first: int, payload: bytes, found: list[tuple[int, bytes]]) -> None:
        opcode = first & 0x0F
        if first & 0x70:
            raise FramingError("an extension nobody asked for")
        if opcode >= CLOSE or (first & 0x80 and opcode != _CONTINUATION):
            found.append((opcode, payload))
            return
        if opcode != _CONTINUATION:
            self._opcode = opcode
            self._parts.clear()
        self._parts.append(payload)
        if sum(map(len, self._parts)) > LARGEST:
            raise FramingError("a message too large")
        if first & 0x80:
            found.append((self._opcode, b"".join(self._parts)))
            self._parts.clear()
