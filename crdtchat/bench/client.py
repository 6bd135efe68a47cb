"""One connection of the load generator: a stock y-websocket client, or a crdtchat.v1 reader.

Hocuspocus puts the document's name before every message; else the same bytes go to all servers.
"""

from __future__ import annotations

import asyncio
import time
from typing import Self, cast

from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.door import Door
from crdtchat.bench.framing import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    FrameReader,
    FramingError,
    encode_frame,
)
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.codes import Malformed
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.wire import read_bytes, read_uint

PATIENCE = 60.0
"""Seconds a connection may take to be in step."""
EMPTY_VECTOR = b"\x00"
_SYNC_REPLY = 4
"""Hocuspocus' type of a sync step 1 that answers one."""


class Lost(Exception):
    """The server refused, closed or never answered."""


class BenchClient(asyncio.Protocol):
    """Joins a page, then counts the updates it gets."""

    def __init__(self, door: Door, deliveries: Deliveries | None, vector: bytes) -> None:
        self.updates = 0
        """Update frames since it was in step."""
        self.received = 0
        """Bytes that came in, with frames' heads."""
        self.last = 0
        """Sequence number of the newest batch; crdtchat.v1 only."""
        self.state = b""
        """The update that brought it in step."""
        self.closed = ""
        """Why the connection ended; empty while it is open."""
        self._door = door
        self._prefix = door.prefix
        self._deliveries = deliveries
        self._vector = vector
        self._seen = bytearray()
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(
        cls, door: Door, deliveries: Deliveries | None = None, vector: bytes = EMPTY_VECTOR
    ) -> Self:
        """Connect and wait until the server has sent what `vector` misses. Raises Lost."""
        client = cls(door, deliveries, vector)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                await loop.create_connection(lambda: client, door.host, door.port)
                await client._joined
        except (OSError, TimeoutError) as error:
            client.hang_up()
            raise Lost(f"no answer from {door.host}:{door.port}: {error!r}") from None
        return client

    def held(self) -> bytes:
        """State vector of what it has, for a server that dropped its queue: it keeps nothing."""
        return EMPTY_VECTOR

    def send_update(self, update: bytes) -> None:
        """Send a change as a stock client does."""
        self._send(message.encode_sync_update(update))

    def send_presence(self, client: int, state: dict[str, object]) -> None:
        """Say who this is, as a stock client does."""
        update = encode_awareness([AwarenessState(client, 1, state)])
        self._send(message.encode_awareness_message(update))

    def stop_reading(self) -> None:
        """Leave everything unread from now on."""
        if self._transport is not None:
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Read again, first what has come meanwhile."""
        if self._transport is not None:
            self._transport.resume_reading()

    def hang_up(self) -> None:
        """End the connection with a close frame."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode_frame(b"\x03\xe8", CLOSE))
            self._transport.close()

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._door.request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that it ended."""
        self._end(f"lost: {exc!r}" if exc else "closed by the server")

    def data_received(self, data: bytes) -> None:
        """Read frames."""
        now = time.perf_counter()
        self.received += len(data)
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
        kind, at = read_uint(frame, len(self._prefix))
        if kind == message.MessageType.BATCH:
            _, at = read_uint(frame, at)
            self.last, at = read_uint(frame, at)
        elif kind == message.MessageType.RESYNC:
            epoch, at = read_uint(frame, at)
            self._send(message.encode_resync(epoch, self.last, self.held()))
            return
        elif kind in (message.MessageType.SYNC, _SYNC_REPLY):
            step, at = read_uint(frame, at)
            if step == 0:
                self._send(message.encode_sync_step2(EMPTY_UPDATE))
                return
            if step == 1:
                self.state, _ = read_bytes(frame, at)
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
        if self._door.greeting:
            self._send(self._door.greeting)
        if self._door.v1:
            self._send(message.encode_resync(0, 0, self._vector))
        else:
            self._send(message.encode_sync_step1(self._vector))

    def _enter(self) -> None:
        if not self._joined.done():
            self._joined.set_result(None)

    def _end(self, reason: str) -> None:
        self.closed = self.closed or reason
        if not self._joined.done():
            self._joined.set_exception(Lost(f"the server ended the connection: {reason}"))

    def _send(self, frame: bytes) -> None:
        self._write(encode_frame(self._prefix + frame))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
