"""One connection of the load generator: a stock y-websocket client, or a crdtchat.v1 reader."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.framing import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    FrameReader,
    FramingError,
    encode_frame,
    encode_handshake,
)
from crdtchat.sync import message
from crdtchat.sync.codes import Malformed
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.wire import read_bytes, read_uint

PATIENCE = 20.0
"""Seconds a connection may take to be in step."""
_EMPTY_VECTOR = b"\x00"


class Lost(Exception):
    """The server refused, closed or never answered."""


class BenchClient(asyncio.Protocol):
    """Joins with an empty replica, then counts the updates it gets."""

    def __init__(self, request: bytes, deliveries: Deliveries | None, *, v1: bool) -> None:
        self.updates = 0
        """Update frames since it was in step."""
        self.closed = ""
        """Why the connection ended; empty while it is open."""
        self._request = request
        self._deliveries = deliveries
        self._seen = bytearray()
        self._last = 0
        self._v1 = v1
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(
        cls, host: str, port: int, path: str, deliveries: Deliveries | None, *, v1: bool
    ) -> BenchClient:
        """Connect and wait until the server has sent the page's state. Raises Lost."""
        request = encode_handshake(f"{host}:{port}", path, message.SUBPROTOCOL if v1 else "")
        client = cls(request, deliveries, v1=v1)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                await loop.create_connection(lambda: client, host, port)
                await client._joined
        except (OSError, TimeoutError) as error:
            raise Lost(f"no answer from {host}:{port}: {error!r}") from None
        return client

    def send_update(self, update: bytes) -> None:
        """Send a change as a stock client does."""
        self._send(message.encode_sync_update(update))

    def hang_up(self) -> None:
        """End the connection with a close frame."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode_frame(b"\x03\xe8", CLOSE))
            self._transport.close()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that it ended."""
        self._end(f"lost: {exc!r}" if exc else "closed by the server")

    def data_received(self, data: bytes) -> None:
        """Read frames."""
        now = time.perf_counter()
        reader = self._reader
        was_open = reader.open
        try:
            messages = reader.feed(data)
            if reader.open and not was_open:
                self._ask_for_state()
            for opcode, payload in messages:
                if opcode == BINARY:
                    self._receive(payload, now)
                elif opcode == PING:
                    self._write(encode_frame(payload, PONG))
                elif opcode == CLOSE:
                    code = int.from_bytes(payload[:2], "big")
                    self._end(f"close {code} {payload[2:].decode(errors='replace')}")
        except (FramingError, Malformed, IndexError) as error:
            self._end(f"unreadable: {error}")
            if self._transport is not None:
                self._transport.abort()

    def _receive(self, frame: bytes, now: float) -> None:
        kind, at = read_uint(frame, 0)
        if kind == message.MessageType.BATCH:
            _, at = read_uint(frame, at)
            self._last, at = read_uint(frame, at)
        elif kind == message.MessageType.RESYNC:
            epoch, at = read_uint(frame, at)
            self._send(message.encode_resync(epoch, self._last, _EMPTY_VECTOR))
            return
        elif kind == message.MessageType.SYNC:
            step, at = read_uint(frame, at)
            if step == 0:
                self._send(message.encode_sync_step2(EMPTY_UPDATE))
                return
            if step == 1:
                self._enter()
                return
        else:
            return
        if not self._joined.done():
            self._enter()
            return
        self.updates += 1
        if self._deliveries is not None:
            update, _ = read_bytes(frame, at)
            self._deliveries.arrive(update, now, self._seen)

    def _ask_for_state(self) -> None:
        if self._v1:
            self._send(message.encode_resync(0, 0, _EMPTY_VECTOR))
        else:
            self._send(message.encode_sync_step1(_EMPTY_VECTOR))

    def _enter(self) -> None:
        if not self._joined.done():
            self._joined.set_result(None)

    def _end(self, reason: str) -> None:
        self.closed = self.closed or reason
        if not self._joined.done():
            self._joined.set_exception(Lost(f"the server ended the connection: {reason}"))

    def _send(self, frame: bytes) -> None:
        self._write(encode_frame(frame))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
