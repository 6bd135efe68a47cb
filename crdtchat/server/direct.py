"""uvicorn's WebSocket protocol with a short way in and out for binary frames.

Parsing, handshake, closing and keep-alive stay uvicorn's. Sending past ASGI leaves the kernel's
write as the floor, and lets all frames of a tick leave in one write; reading past it spares every
message a queue, two tasks and a pause of the socket.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from socket import IPPROTO_TCP
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets import http11
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Request
from websockets.protocol import State
from websockets.utils import apply_mask

from crdtchat.server.doors import HEAD_BYTES, Arrival
from crdtchat.server.turns import AT_ONCE_BYTES, SLICE_BYTES, Turns
from crdtchat.server.waiting import Inbox, Signal

if sys.platform == "linux":
    from socket import TCP_INFO, TCP_NOTSENT_LOWAT

DIRECT = "crdtchat.direct"
"""Name of the ASGI scope extension that holds the protocol."""


UNSENT_BYTES = 4_096
"""What may wait in a transport before the peer counts as one that does not read. The session's
outbox keeps the rest, and knows how to let go of it."""
SYSTEM_BYTES = 131_072
"""What the system may hold back of one connection, beside what is on its way (Linux: up to 4 MB
else). Whoever reads slowly reads what is that old."""
PART_BYTES = 57_344
"""Of a message; larger ones are sent in fragments, between which a ping or a close finds a place.
One that is not read leaves less than 64 KiB in the transport."""
LINGER = 15.0
"""Seconds after which a connection that was closed is cut off: its last bytes were not read."""
AT_ONCE = 16
"""Messages of one read that are taken at once; the rest queue, so that nobody holds up the loop."""


# Who comes here has passed the doors, which bound the head of the handshake; with bounds of its own
# that are narrower the parser would end the connection without an answer.
http11.MAX_LINE_LENGTH = 2 * HEAD_BYTES
http11.MAX_NUM_HEADERS = HEAD_BYTES

_OPEN = State.OPEN
"""Asked for each frame that is sent: a member of an enumeration is slow to look up."""
LONE_BYTES = 16_384
"""The largest message that may be taken past the parser: one a read keeps nobody waiting."""


def lone_message(data: bytes) -> bytes | None:
    """The payload, if `data` is one whole binary frame of a client and nothing else."""
    if not 6 <= len(data) <= LONE_BYTES or data[0] != 0x82:
        return None
    length, start = data[1] - 0x80, 6
    if length == 126:
        length, start = int.from_bytes(data[2:4], "big"), 8
    if length < (126 if start == 8 else 0) or len(data) != start + length:
        return None
    return apply_mask(data[start:], data[start - 4 : start])


class DirectSocket(WebSocketsSansIOProtocol):
    """Is a `host.channel.Direct`, and says so in the scope of its connection."""

    def handle_connect(self, event: Request) -> None:
        """Answer the handshake and start the application; it runs after this returns."""
        super().handle_connect(event)
        if self.response.status_code == 101 and not self.conn.extensions:
            cast(dict[str, Any], self.scope["extensions"])[DIRECT] = self
            self._descriptor = _plain_socket(self.transport)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.queue = cast(Any, Inbox())
        self.writable = cast(Any, Signal(is_set=True))

    _descriptor = -1
    """The socket, where bytes may be written to it as they are."""
    _take: Callable[[bytes], bool] | None = None
    _left = AT_ONCE

    _arrival: Arrival | None = None
    _stuck_seconds = 0.0
    _stuck: asyncio.TimerHandle | None = None
    _paused = False
    """Whether the peer does not read: `writable` without a call."""

    def belongs_to(self, arrival: Arrival | None, turns: Turns, stuck_seconds: float) -> None:
        """`arrival` leaves with this connection, which ends when the peer leaves a full buffer
        unread for so long: closing would wait for it to be read."""
        self._arrival = arrival
        self._turns = turns
        self._stuck_seconds = stuck_seconds
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES)
        if sys.platform == "linux" and not self.transport.is_closing():
            socket = self.transport.get_extra_info("socket")
            socket.setsockopt(IPPROTO_TCP, TCP_NOTSENT_LOWAT, SYSTEM_BYTES)
        if self.disconnected and arrival is not None:
            arrival.leave()

    def pause_writing(self) -> None:
        """The peer does not read."""
        self._paused = True
        super().pause_writing()
        if self._stuck_seconds:
            self._stuck = self.loop.call_later(self._stuck_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        self._paused = False
        super().resume_writing()

    _acknowledged = 0
    """Bytes that the peer's system had taken when it was last asked, or waited for."""

    def send_keepalive_ping(self) -> None:
        """Ask whether the peer is there."""
        self._acknowledged = _acknowledged(self.transport)
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        """The peer does not answer. One that leaves a full buffer unread has not come to the
        question: it has the time that it may be stuck. Nor has one that reads slowly, but reads:
        what its system takes tells. For so long only: what stands still lets its system take more
        until that is full, which on a quiet page takes hours."""
        before, self._acknowledged = self._acknowledged, _acknowledged(self.transport)
        asked_lately = self.loop.time() < self.ping_sent_at + self._stuck_seconds
        is_behind = self._stuck is not None or (asked_lately and self._acknowledged > before)
        if is_behind and not self.close_sent and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self._stuck = self._stuck or self.loop.call_later(LINGER, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        if self._stuck is not None:
            self._stuck.cancel()
        if self._arrival is not None:
            self._arrival.leave()
        super().connection_lost(exc)
        # Each holds on to itself, and Python looks for that too seldom here to find it
        # (`crdtchat.host.collector`): the parser, which waits for more in a frame of its own, and
        # the scope, by which the application was shown the short way. (A handshake that was
        # refused has no scope.)
        self.conn.parser.close()
        scope = cast(dict[str, Any], getattr(self, "scope", {}))
        scope.get("extensions", {}).pop(DIRECT, None)

    def listen(self, take: Callable[[bytes], bool] | None) -> None:
        """See `Direct`."""
        self._take = take

    _unread: bytes = b""
    _read = 0
    """Bytes of `_unread` that are parsed."""
    _turns: Turns | None = None
    _in_turn = False
    """Whether `_turns` has us."""

    _fed = _parsed = 0
    """Bytes since the handshake: those that uvicorn was given, and those of the frames it made of
    them at their shortest. It is inside no frame if they are equal."""
    _in_fragments = False
    """Whether it is between the frames of one message."""

    def data_received(self, data: bytes) -> None:
        """Bytes came: one whole message is taken past the parser, which is half of what reading
        costs. Others are parsed at once if they are few, else by turns."""
        if (
            self._take is not None
            and self._fed == self._parsed
            and not self._in_fragments
            and not self._unread
            and self.queue.empty()
            and not self.close_sent
            and self.conn.state is _OPEN
            and (message := lone_message(data)) is not None
            and self._take(message)
        ):
            return
        if not self.handshake_initiated:
            super().data_received(data)
            return
        if not (self._unread or (len(data) > AT_ONCE_BYTES and self._turns)):
            self._left = AT_ONCE
            self._parse(data)
            return
        self._unread, self._read = self._unread[self._read :] + data, 0
        self.transport.pause_reading()
        self._take_turns()

    def _parse(self, data: bytes) -> None:
        self._fed += len(data)
        super().data_received(data)

    def handle_events(self) -> None:
        """Frames were made of what came."""
        for event in self.conn.events:
            if isinstance(event, Frame):
                size = len(event.data)
                self._parsed += size + (6 if size < 126 else 8 if size < 65_536 else 14)
                if event.opcode in DATA_OPCODES:
                    self._in_fragments = not event.fin
        super().handle_events()

    def _take_turns(self) -> None:
        if not self._in_turn and self._turns is not None:
            self._in_turn = True
            self._turns.wait(self)

    def read_on(self) -> bool:
        """See `Talker`."""
        if not self.read_paused and not self.disconnected:
            start, self._read = self._read, self._read + SLICE_BYTES
            part = self._unread[start : self._read]
            if self._read >= len(self._unread):
                self._unread, self._read = b"", 0
            self._left = SLICE_BYTES  # all of them: in the queue they would cost others' time
            self._parse(part)
        self._in_turn = bool(self._unread) and not self.read_paused and not self.disconnected
        if not self._unread and not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()
        return self._in_turn

    async def receive(self) -> Any:
        """The next message for the application; reading goes on once it has all."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._unread:
                self._take_turns()
            else:
                self.transport.resume_reading()
        return message

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
        data = message.get("bytes")
        if data is not None and len(data) > PART_BYTES and not self.conn.extensions:
            await self._send_in_parts(data)
            return
        await super().send(message)
        if message["type"] == "websocket.accept":
            # Nobody looks at the handshake any more; its parser holds on to the request.
            self.request.headers.clear()
            del self.request, self.response
        elif message["type"] == "websocket.close":
            self._stuck = self._stuck or self.loop.call_later(LINGER, self.transport.abort)

    async def _send_in_parts(self, data: bytes) -> None:
        """A large message goes to many, who share it: nobody needs a copy of any of it."""
        for frame in in_parts(data):
            await self.writable.wait()
            if self.transport.is_closing() or self.conn.state is not _OPEN:
                raise ClientDisconnected
            self.transport.writelines(frame)

    @property
    def ready(self) -> bool:
        """See `Direct`."""
        return (
            not self._paused
            and self.handshake_complete
            and not self.close_sent
            and not self.disconnected
            and self.conn.state is _OPEN
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


def _acknowledged(transport: asyncio.BaseTransport) -> int:
    """Bytes of the connection that the peer's system has acknowledged; 0 where that is not told.

    `tcpi_bytes_acked` of `struct tcp_info` (linux/tcp.h), 64 bits behind 120 bytes.
    """
    socket = transport.get_extra_info("socket")
    if sys.platform != "linux" or socket is None or transport.is_closing():
        return 0
    info: bytes = socket.getsockopt(IPPROTO_TCP, TCP_INFO, 128)
    return int.from_bytes(info[120:128], sys.byteorder)


def in_parts(message: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The frames of one binary message (RFC 6455, 5.4): each one's head, and its part."""
    whole, size = memoryview(message), len(message)
    for start in range(0, size, PART_BYTES):
        part = whole[start : start + PART_BYTES]
        is_last = start + PART_BYTES >= size
        yield _head((0 if start else 2) | (0x80 if is_last else 0), len(part)), part


def _head(first: int, size: int) -> bytes:
    """What stands before `size` unmasked bytes of a frame (RFC 6455, 5.2)."""
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")


class _Encoder:
    """Frames a message; remembers the last, which hundreds of connections get in a row."""

    def __init__(self) -> None:
        self._payload = b""
        self._frame = b"\x82\x00"

    def encode(self, payload: bytes) -> bytes:
        """One unfragmented binary frame."""
        if payload is not self._payload:
            self._payload, self._frame = payload, _head(0x82, len(payload)) + payload
        return self._frame


_encoder = _Encoder()
