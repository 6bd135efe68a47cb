"""A client that keeps no document: it writes new records and waits until each is on disk."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from crdtchat.bench.records import Writer
from crdtchat.sync import message

_REPLIES = 4
"""Replies after each new annotation, as in `crdtchat.bench`."""


class LightClient:
    """One connection under crdtchat.v1."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self.writer = Writer(0, "")
        self.lease = ""
        """By which the same user may go on under the same client id."""
        self.refused = 0

    async def join(self, seed: int) -> None:
        """Take the welcome and the first state."""
        await self._socket.send(message.encode_resync(0, 0, b"\x00"))
        welcome = False
        while True:
            match await self.next():
                case message.Welcome(info):
                    user = str(info["principal"]["id"])  # type: ignore[index]
                    client, clock = int(str(info["client"])), int(str(info["clock"]))
                    self.writer = Writer(client, user, clock, seed)
                    self.lease = f"{info['client']}-{info['lease']}"
                    welcome = True
                case message.Batch() if welcome:
                    return
                case _:
                    continue

    async def next(self) -> message.FromServer:
        """The next message."""
        frame = await self._socket.recv()
        assert isinstance(frame, bytes)
        return message.decode_from_server(frame)

    async def write(self) -> float:
        """One operation of real size; answers the seconds until it is on disk."""
        now = time.time_ns() // 1_000_000
        if self._number % (_REPLIES + 1) == 0:
            update = self.writer.create(now)
        else:
            update = self.writer.reply(self.writer.annotations[-1], now)
        return await self.operate(update)

    async def operate(self, update: bytes) -> float:
        """Send an operation, and wait for what becomes of it; answers the seconds."""
        self._number += 1
        name = self.writer.client.to_bytes(8, "big") + self._number.to_bytes(8, "big")
        started = time.perf_counter()
        await self._socket.send(message.encode_operation(name, update))
        while True:
            match await self.next():
                case message.Ack(broadcast_ids=names) if name in names:
                    return time.perf_counter() - started
                case message.Reject(broadcast_id=refused, clock=clock) if refused == name:
                    self.refused += 1
                    self.writer.clock = clock
                    # Until then the server heeds nothing more of this client id.
                    await self._socket.send(message.encode_resync(0, 0, b"\x00"))
                    return time.perf_counter() - started
                case _:
                    continue


@asynccontextmanager
async def light_client(
    url: str, page: str, seed: int, query: str = ""
) -> AsyncIterator[LightClient]:
    """Connect to a page of a server (`http://...`) and join; `query`: `token=...`, if any."""
    async with connect(
        f"{url.replace('http', 'ws', 1)}/sync/demo/{quote(page, safe='')}?{query}",
        subprotocols=[Subprotocol(message.SUBPROTOCOL)],
        compression=None,
        open_timeout=None,
        max_size=None,
    ) as socket:
        client = LightClient(socket)
        await client.join(seed)
        yield client
