"""A WebSocket client that says exactly what a test tells it to, true or not."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import quote, urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from crdtchat.document.replica import Replica
from crdtchat.sync import message
from crdtchat.sync.encode import encode_write
from crdtchat.sync.update import Id, Value

T = TypeVar("T")


class RawClient:
    """One connection. Keeps a replica of what the server sent, and counts bytes."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.replica = Replica()
        self.client = 0
        self.clock = 0
        self.lease = ""
        self.user = ""
        self.sent = 0
        self.received: list[bytes] = []

    async def send(self, frame: bytes) -> None:
        """Send a frame as it is."""
        self.sent += len(frame)
        await self._socket.send(frame)

    async def next(self) -> message.FromServer:
        """Wait for the next frame, and take its update in."""
        frame = await self._socket.recv()
        assert isinstance(frame, bytes)
        self.received.append(frame)
        decoded = message.decode_from_server(frame)
        match decoded:
            case (
                message.Batch(update=update)
                | message.SyncStep2(update)
                | message.SyncUpdate(update)
            ):
                self.replica.apply(update)
            case message.Welcome(info):
                self.client = int(str(info["client"]))
                self.clock = int(str(info["clock"]))
                self.lease = f"{info['client']}-{info['lease']}"
                self.user = str(info["principal"]["id"])  # type: ignore[index]
            case message.Reject(clock=clock):
                self.clock = clock
        return decoded

    async def until(self, kind: type[T], wanted: Callable[[T], bool] = lambda _: True) -> T:
        """Read on until a message of a kind that fits."""
        while True:
            decoded = await self.next()
            if isinstance(decoded, kind) and wanted(decoded):
                return decoded

    async def join(self) -> None:
        """Take the welcome and the first state."""
        await self.send(message.encode_resync(0, 0, b"\x00"))
        await self.until(message.Batch)

    async def closed(self) -> int:
        """Read on until the server closes; answers the code (1006: broken without one)."""
        while True:
            try:
                await self.next()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd is not None else 1006

    def die(self) -> None:
        """Be gone without a goodbye; what was sent still arrives."""
        self._socket.transport.close()

    async def operate(self, broadcast_id: bytes, update: bytes) -> None:
        """Send an operation."""
        await self.send(message.encode_operation(broadcast_id, update))

    def encode(self, root: str, key: str, value: Value, origin: Id | None = None) -> bytes:
        """Encode a write at the next clock, and count it."""
        self.clock += 1
        return encode_write(
            self.client, self.clock - 1, root=root, key=key, value=value, origin=origin
        )

    async def write(self, number: int, root: str, key: str, value: Value) -> None:
        """Write as an honest client does: keep it, send it, wait until it is on disk."""
        update = self.encode(root, key, value)
        self.replica.apply(update)
        await self.operate(broadcast_id(number), update)
        await self.until(message.Ack, lambda ack: broadcast_id(number) in ack.broadcast_ids)

    async def server_state(self) -> bytes:
        """The whole document as the server holds it."""
        await self.send(message.encode_sync_step1(b"\x00"))
        return (await self.until(message.SyncStep2)).update


@asynccontextmanager
async def raw_client(
    socket_url: str,
    page: str,
    *,
    token: str | None = None,
    tenant: str = "demo",
    v1: bool = True,
    origin: str | None = None,
    lease: str = "",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[RawClient]:
    """Connect to a page."""
    query = {name: value for name, value in (("token", token), ("lease", lease)) if value}
    url = f"{socket_url}/sync/{tenant}/{quote(page, safe='')}?{urlencode(query)}"
    async with connect(
        url,
        subprotocols=[Subprotocol(message.SUBPROTOCOL)] if v1 else None,
        origin=Origin(origin) if origin else None,
        additional_headers=headers,
        ssl=tls,
        compression=None,
        open_timeout=None,  # tests have timeouts of their own
        max_size=None,
    ) as socket:
        yield RawClient(socket)


def broadcast_id(number: int) -> bytes:
    """An id that a test can name."""
    return number.to_bytes(16, "big")
