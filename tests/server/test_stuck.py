"""A reader that leaves its socket unread: what it costs, how long it may stay, and what it gets
when it reads on."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from crdtchat.host.counters import Counters
from crdtchat.server.direct import DirectSocket
from crdtchat.sync import message
from crdtchat.sync.outbox import Outbox
from crdtchat.sync.tuning import Tuning
from tests.raw_client import RawClient, raw_client
from tests.server_here import Server, running

TLS = Path(__file__).parents[1] / "client" / "tls"
NOW = 1_700_000_000_000
NARROW = 16_384
"""Bytes of the reader's own buffer; Linux takes twice as many."""
WORDS = "w" * 4_000
"""About what ten people write in one tick."""


@pytest.fixture(params=["asyncio", "uvloop", "TLS"])
def way(request: pytest.FixtureRequest) -> str:
    """How the server's bytes leave: TLS is spoken on asyncio's loop only."""
    return str(request.param)


@pytest.fixture
def anyio_backend(way: str) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": way == "uvloop"}


@dataclass
class Scene:
    """Ann writes, Bob does not read."""

    ann: RawClient
    bob: RawClient
    end: DirectSocket
    """The server's, of Bob's connection."""
    outbox: Outbox
    counters: Counters
    comments: list[str] = field(default_factory=list)

    async def write(self) -> None:
        """Ann comments."""
        cid = f"comm{len(self.comments):04}"
        await self.ann.write(
            2 + len(self.comments), "c", f"anno/{cid}", (self.ann.user, NOW, WORDS)
        )
        self.comments.append(cid)

    async def fall_behind(self) -> int:
        """Until Bob's queue overflows; answers the most bytes that waited for him."""
        most = 0
        while not self.outbox.behind:
            await self.write()
            most = max(most, self.outbox.droppable_bytes + unsent(self.end.transport))
        return most


def unsent(transport: Any) -> int:
    """Bytes that a transport, and the one that it writes to, have not yet handed to the system."""
    size: int = transport.get_write_buffer_size()
    inner = getattr(getattr(transport, "_ssl_protocol", None), "_transport", None)
    return size if inner is None else size + unsent(inner)


@asynccontextmanager
async def scene(folder: Path, way: str) -> AsyncIterator[Scene]:
    """A server, Ann, and Bob, who has joined."""
    tls, keys = None, tuple[Path, ...]()
    if way == "TLS":
        keys = (TLS / "certificate.pem", TLS / "key.pem")
        tls = ssl.create_default_context(cafile=keys[0])
    async with running(folder, Tuning(), *keys) as server:
        scheme = "wss" if tls else "ws"
        url = f"{scheme}://127.0.0.1:{server.port}"
        async with raw_client(url, "page", tls=tls) as ann:
            await ann.join()
            before = set(server.server_state.connections)
            async with reader(server, f"{url}/sync/demo/page", tls) as bob:
                await bob.join()
                (mine,) = server.server_state.connections - before
                assert isinstance(mine, DirectSocket)
                (room,) = server.hub.rooms()
                target = (ann.user, NOW, "words", "", "", 0, 5)
                await ann.write(1, "a", "anno", target)
                yield Scene(ann, bob, mine, room.room.outbox(2), server.hub.counters)


@asynccontextmanager
async def reader(server: Server, url: str, tls: ssl.SSLContext | None) -> AsyncIterator[RawClient]:
    """A client that takes nothing from its socket but what it is asked for."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
    narrow.connect(("127.0.0.1", server.port))
    narrow.setblocking(False)
    async with connect(
        url,
        sock=narrow,
        ssl=tls,
        subprotocols=[Subprotocol(message.SUBPROTOCOL)],
        compression=None,
        max_size=None,
        max_queue=1,
        ping_interval=None,
    ) as stream:
        yield RawClient(stream)


async def test_it_costs_little_and_gets_one_difference(tmp_path: Path, way: str) -> None:
    """Who does not read does not come to the server's ping either: how long they may is bounded
    otherwise."""
    async with scene(tmp_path, way) as stuck:
        meter = stuck.counters.meter("demo")
        before = meter.bytes_sent
        assert await stuck.fall_behind() <= 65_536
        # Ann gets acknowledgements only: all this is Bob's, and lies in buffers of the system.
        assert meter.bytes_sent - before <= 524_288
        await stuck.write()
        stuck.end.keepalive_timeout()
        last = f"anno/{stuck.comments[-1]}"
        while stuck.bob.replica.get("c", last) is None:
            said = await stuck.bob.next()
            if isinstance(said, message.ResyncRequest):
                vector = stuck.bob.replica.state_vector()
                await stuck.bob.send(message.encode_resync(said.epoch, 0, vector))
        assert stuck.bob.replica.values("c") == stuck.ann.replica.values("c")
        assert stuck.counters["sessions_behind"] == 1
        stuck.end.ping_sent_at = anyio.current_time()
        stuck.end.keepalive_timeout()
        assert stuck.end.ready, "its system took all that since it was asked: it only reads slowly"
        stuck.end.keepalive_timeout()
        assert await stuck.bob.closed() == 1011


async def test_what_stands_still_is_waited_for_no_longer_than_a_stuck_reader(
    tmp_path: Path, way: str
) -> None:
    """Its system goes on taking bytes: on a quiet page for hours."""
    async with scene(tmp_path, way) as still:
        for _ in range(3):
            await still.write()
        last = f"anno/{still.comments[-1]}"
        while still.bob.replica.get("c", last) is None:
            await still.bob.next()
        still.end.ping_sent_at = anyio.current_time() - 76
        still.end.keepalive_timeout()
        assert await still.bob.closed() == 1011


async def test_the_whole_page_unread_costs_no_copy_of_it(tmp_path: Path, way: str) -> None:
    async with scene(tmp_path, way) as stuck:
        for _ in range(150):
            await stuck.write()
        await stuck.bob.send(message.encode_resync(0, 0, b"\x00"))
        while stuck.end.ready or stuck.outbox:
            await anyio.lowlevel.checkpoint()
        assert 0 < unsent(stuck.end.transport) <= 65_536
        stuck.bob.die()  # a goodbye would wait behind all that
