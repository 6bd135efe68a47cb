"""The short way out: frames leave in order, none twice, and a slow reader is left to its task."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from crdtchat.host.hub import Hub, Visit
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync import message
from tests.host.pipe import KEY, Pipe, PipeClient, peer

NOW = 1_700_000_000_000


class ShortWay:
    """Writes into the pipe at once while `ready`; counts what it carried."""

    def __init__(self, pipe: Pipe) -> None:
        self.ready = True
        self.carried = 0
        self._pipe = pipe

    def write_frames(self, frames: Sequence[bytes]) -> None:
        assert self.ready
        assert frames
        for frame in frames:
            self._pipe.to_client.send_nowait(frame)
            self.carried += 1


async def test_frames_keep_their_order_over_both_ways() -> None:
    store = MemoryStore()
    await store.open()
    pipe = Pipe()
    direct = ShortWay(pipe)
    visit = Visit(KEY, peer("ann"), v1=True)
    async with Hub(store) as hub:
        with pipe.to_client, pipe.from_server, pipe.to_server, pipe.from_client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(hub.serve, pipe, visit, direct)
                client = PipeClient(pipe, pipe.to_server, pipe.from_server, "ann")
                await client.join()
                for number in range(40):
                    direct.ready = number % 3 != 0
                    await client.send("a", f"anno{number}", ("ann", NOW, "words", "", "", 0, 5))
                    ack = await client.until(message.Ack)
                    assert ack.broadcast_ids == ((number + 1).to_bytes(16, "big"),)
                await client.hang_up()
        assert 0 < direct.carried < hub.counters["messages_sent"]
