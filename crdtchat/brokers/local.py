"""Between the server processes of one machine: sockets to their parent, which passes on."""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from crdtchat.brokers.base import Receive

logger = logging.getLogger("crdtchat.brokers")

GONE = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError)
"""What reading and writing raise when the other side ended."""
_WAITING_BYTES = 8 * 1024 * 1024
"""What may wait for a reader; the oldest is lost first."""


class Kind(IntEnum):
    """What a frame is."""

    SUBSCRIBE = 1
    UNSUBSCRIBE = 2
    MESSAGE = 3


class Frame(NamedTuple):
    """One message on a socket: length of what follows (4 bytes), kind (1), length of the topic (2),
    topic, message."""

    kind: Kind
    topic: str
    message: bytes = b""

    def encode(self) -> bytes:
        """As it is on the socket."""
        topic = self.topic.encode()
        size = 3 + len(topic) + len(self.message)
        head = size.to_bytes(4, "big") + bytes((self.kind,)) + len(topic).to_bytes(2, "big")
        return head + topic + self.message


async def read_frame(stream: BufferedByteReceiveStream) -> Frame:
    """The next one. Raises `GONE`."""
    size = int.from_bytes(await stream.receive_exactly(4), "big")
    body = await stream.receive_exactly(size)
    end = 3 + int.from_bytes(body[1:3], "big")
    return Frame(Kind(body[0]), body[3:end].decode(), body[end:])


class Outgoing:
    """Frames for one reader, which may stand still: those that wait are bounded."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._wanted = anyio.Event()

    def put(self, frame: bytes) -> None:
        """Send it soon. Returns at once."""
        self._frames.append(frame)
        self._bytes += len(frame)
        while self._bytes > _WAITING_BYTES and len(self._frames) > 1:
            self._bytes -= len(self._frames.popleft())
        self._wanted.set()

    async def write(self, stream: SocketStream) -> None:
        """Send until cancelled. Raises `GONE`."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            while self._frames:
                frames, self._frames = self._frames, deque()
                self._bytes = 0
                await stream.send(b"".join(frames))


class LocalBroker:
    """See `Broker`. `connection` leads to a `Switch`; when that is gone it has nobody to talk to,
    and never will again."""

    place = "the parent process"

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._topics: set[str] = set()
        self._outgoing = Outgoing()
        self.connected = False

    async def run(self, receive: Receive, connected: Callable[[], None]) -> None:
        """See `Broker`."""
        stream = await SocketStream.from_socket(self._connection)
        try:
            async with stream, anyio.create_task_group() as tasks:
                tasks.start_soon(self._outgoing.write, stream)
                self.connected = True
                connected()
                incoming = BufferedByteReceiveStream(stream)
                while True:
                    frame = await read_frame(incoming)
                    if frame.topic in self._topics:
                        receive(frame.topic, frame.message)
        except* GONE:
            logger.warning("the broker at %s is away", self.place)
        finally:
            self.connected = False
        await anyio.sleep_forever()

    def subscribe(self, topic: str) -> None:
        """See `Broker`."""
        self._topics.add(topic)
        self._outgoing.put(Frame(Kind.SUBSCRIBE, topic).encode())

    def unsubscribe(self, topic: str) -> None:
        """See `Broker`."""
        self._topics.discard(topic)
        self._outgoing.put(Frame(Kind.UNSUBSCRIBE, topic).encode())

    def publish(self, topic: str, message: bytes) -> None:
        """See `Broker`."""
        self._outgoing.put(Frame(Kind.MESSAGE, topic, message).encode())
