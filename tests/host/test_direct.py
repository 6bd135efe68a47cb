"""The short way in and out: messages keep their order, none passes twice, and what cannot be taken
or sent at once is left to the connection's tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from crdtchat.host.hub import Hub, Visit
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from tests.host.pipe import KEY, Pipe, PipeClient, peer

NOW = 1_700_000_000_000
WORDS = ("ann", NOW, "words", "", "", 0, 5)


class ShortWay:
    """Reads and writes past the tasks while `ready`, as a server's protocol does."""

    def __init__(self, pipe: Pipe) -> None:
        self.ready = True
        self.carried = 0
        """Frames that left this way."""
        self.taken = 0
        """Frames that came in this way."""
        self.take: Callable[[bytes], bool] | None = None
        self._pipe = pipe

    def listen(self, take: Callable[[bytes], bool] | None) -> None:
        self.take = take

    def write_frames(self, frames: Sequence[bytes]) -> None:
        assert self.ready
        assert frames
        for frame in frames:
            self._pipe.to_client.send_nowait(frame)
            self.carried += 1

    async def send(self, frame: bytes) -> None:
        """From the client: at once if `ready`, nothing waits before it, and the host agrees."""
        queued = self._pipe.from_client.statistics().current_buffer_used
        if self.ready and not queued and self.take is not None and self.take(frame):
            self.taken += 1
        else:
            await self._pipe.to_server.send(frame)

    async def aclose(self) -> None:
        await self._pipe.to_server.aclose()


@asynccontextmanager
async def connected(hub: Hub) -> AsyncIterator[tuple[PipeClient, ShortWay]]:
    """A joined client whose frames go the short way where they can."""
    pipe = Pipe()
    direct = ShortWay(pipe)
    visit = Visit(KEY, peer("ann"), v1=True)
    with pipe.to_client, pipe.from_server, pipe.to_server, pipe.from_client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.serve, pipe, visit, direct)
            outgoing = cast(MemoryObjectSendStream[bytes], direct)
            client = PipeClient(pipe, outgoing, pipe.from_server, "ann")
            await client.join()
            yield client, direct
            await client.hang_up()
    assert direct.take is None


async def test_frames_keep_their_order_over_both_ways() -> None:
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub, connected(hub) as (client, direct):
        for number in range(40):
            direct.ready = number % 3 != 0
            await client.send("a", f"anno{number}", WORDS)
            ack = await client.until(message.Ack)
            assert ack.broadcast_ids == ((number + 1).to_bytes(16, "big"),)
        assert 0 < direct.taken < 40
        meter = hub.counters.meter("demo")
        assert 0 < direct.carried < meter.messages_sent
        assert meter.messages_received == 41


async def test_operations_in_one_breath_arrive_in_order_by_whichever_way() -> None:
    """Each is at the next clock of its client: one out of order would end the session."""
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub, connected(hub) as (client, direct):
        for number in range(100):
            direct.ready = number % 10 < 7
            await client.send("a", f"anno{number}", WORDS)
        acknowledged = 0
        with anyio.fail_after(60):
            while acknowledged < 100:
                acknowledged += len((await client.until(message.Ack)).broadcast_ids)
        assert acknowledged == 100


async def test_a_dropped_room_takes_nothing_more() -> None:
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub, connected(hub) as (client, direct):
        (room,) = hub.rooms()
        take = direct.take
        assert take is not None
        room.drop(CloseCode.INTERNAL, "gone")
        assert not take(b"anything")
        assert await client.code() == CloseCode.INTERNAL
