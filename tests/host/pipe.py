"""A channel in memory, and a v1 client at its other end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from crdtchat.access.roles import Role
from crdtchat.document.replica import Replica
from crdtchat.host.channel import ChannelClosed
from crdtchat.host.hub import Hub, Visit
from crdtchat.stores.base import DocumentKey
from crdtchat.sync import message
from crdtchat.sync.encode import encode_write
from crdtchat.sync.session import Peer
from crdtchat.sync.update import Value

T = TypeVar("T")
KEY = DocumentKey("demo", "page")


class Pipe:
    """The server's side. Its buffer to the client holds `room` frames: a slow reader is one."""

    def __init__(self, room: float = float("inf")) -> None:
        self.to_client, self.from_server = anyio.create_memory_object_stream[bytes](room)
        self.to_server, self.from_client = anyio.create_memory_object_stream[bytes](float("inf"))
        self.code: int | None = None

    async def receive(self) -> bytes:
        try:
            return await self.from_client.receive()
        except anyio.EndOfStream:
            raise ChannelClosed from None

    async def send(self, frame: bytes) -> None:
        try:
            await self.to_client.send(frame)
        except anyio.BrokenResourceError:
            raise ChannelClosed from None

    async def close(self, code: int, reason: str) -> None:
        self.code = code
        self.to_client.close()


class PipeClient:
    """Speaks crdtchat.v1 as an honest client does."""

    def __init__(
        self,
        pipe: Pipe,
        outgoing: MemoryObjectSendStream[bytes],
        incoming: MemoryObjectReceiveStream[bytes],
        user: str,
    ) -> None:
        self.pipe = pipe
        self.user = user
        self.replica = Replica()
        self.sequence = 0
        self.connections = 0
        """On the page, as told last."""
        self._outgoing = outgoing
        self._incoming = incoming
        self.lease = (0, "")
        """By which this client may go on in another connection."""
        self.last = b""
        """The operation it sent last."""
        self._client = self._clock = self._number = 0

    async def next(self) -> message.FromServer:
        """The next message; raises EndOfStream when the server closed."""
        decoded = message.decode_from_server(await self._incoming.receive())
        match decoded:
            case message.Welcome(info):
                self._client, self._clock = int(str(info["client"])), int(str(info["clock"]))
                self.lease = (self._client, str(info["lease"]))
            case message.Presence(info):
                self.connections = int(str(info["connections"]))
            case message.Batch(_, last, update):
                self.sequence = last
                self.replica.apply(update)
        return decoded

    async def until(self, kind: type[T], wanted: Callable[[T], bool] = lambda _: True) -> T:
        """Read on until a message fits."""
        while True:
            decoded = await self.next()
            if isinstance(decoded, kind) and wanted(decoded):
                return decoded

    async def code(self) -> int | None:
        """Read until the server closes; answers its code."""
        try:
            while True:
                await self.next()
        except anyio.EndOfStream:
            return self.pipe.code

    async def join(self) -> None:
        await self._outgoing.send(message.encode_resync(0, 0, b"\x00"))
        await self.until(message.Batch)

    async def send(self, root: str, key: str, value: Value) -> None:
        """Write without waiting."""
        update = encode_write(
            self._client, self._clock, root=root, key=key, value=value, origin=None
        )
        self._clock += 1
        self._number += 1
        self.replica.apply(update)
        self.last = message.encode_operation(self._number.to_bytes(16, "big"), update)
        await self.say(self.last)

    async def say(self, frame: bytes) -> None:
        """Send a frame as it is."""
        await self._outgoing.send(frame)

    async def annotate(self, aid: str, created: int) -> None:
        """Write an annotation and wait until it is on disk."""
        await self.send("a", aid, (self.user, created, "words", "", "", 0, 5))
        mine = self._number.to_bytes(16, "big")
        await self.until(message.Ack, lambda ack: mine in ack.broadcast_ids)

    async def hang_up(self) -> None:
        await self._outgoing.aclose()


def peer(user: str, role: Role = Role.COMMENTER) -> Peer:
    """A user in a role."""
    return Peer(user, user.title(), role, role is not Role.VIEWER, role is Role.MODERATOR)


@asynccontextmanager
async def connected(
    hub: Hub,
    user: str = "ann",
    *,
    key: DocumentKey = KEY,
    role: Role = Role.COMMENTER,
    room: float = float("inf"),
    join: bool = True,
    resume: tuple[int, str] | None = None,
) -> AsyncIterator[PipeClient]:
    """A client of a hub for the length of a block."""
    pipe = Pipe(room)
    with pipe.to_client, pipe.from_server, pipe.to_server, pipe.from_client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.serve, pipe, Visit(key, peer(user, role), v1=True, resume=resume))
            client = PipeClient(pipe, pipe.to_server, pipe.from_server, user)
            if join:
                await client.join()
            yield client
            await client.hang_up()
