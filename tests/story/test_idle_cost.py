"""What an idle page costs, measured at the socket: every byte of whole heartbeats, both ways.

The server's own parts run, only their clockwork a hundred times as fast as in life: pings,
renewals and ticks keep their proportions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from crdtchat.bench.client import BenchClient
from crdtchat.bench.door import Door
from crdtchat.bench.framing import PONG
from crdtchat.sync.tuning import Tuning
from tests.server_here import running

FASTER = 100
HEARTBEATS = 12
MOST = 20
"""Bytes per second and client."""


@pytest.fixture
def anyio_backend() -> str:
    """uvicorn runs on asyncio."""
    return "asyncio"


class Counting(BenchClient):
    """A client that does nothing but answer pings, and counts every byte of both directions."""

    count = pongs = begun = 0
    done: anyio.Event | None = None

    def data_received(self, data: bytes) -> None:
        self.count += len(data)
        super().data_received(data)

    def _write(self, data: bytes) -> None:
        self.count += len(data)
        super()._write(data)
        if data[0] & 0x0F == PONG and self.done is not None:
            self.pongs += 1
            if self.pongs == 1:
                self.begun = self.count
            elif self.pongs > HEARTBEATS:
                self.done.set()


@pytest.mark.parametrize("v1", [True, False], ids=["crdtchat.v1", "stock"])
async def test_an_idle_page_is_nearly_silent(tmp_path: Path, v1: bool) -> None:
    life = Tuning()
    tuning = replace(
        life,
        heartbeat=life.heartbeat / FASTER,
        renewal=life.renewal / FASTER,
        presence_tick=life.presence_tick / FASTER,
        presence_pause_per_session=life.presence_pause_per_session / FASTER,
        longest_presence_pause=life.longest_presence_pause / FASTER,
    )
    async with running(tmp_path, tuning) as server:
        path = "/sync/demo/page?name=Ann"
        door = Door("127.0.0.1", server.port, path, v1)
        clients = [await Counting.open(door) for _ in range(2)]
        counted = [client for client in clients if isinstance(client, Counting)]
        for client in counted:
            client.done = anyio.Event()
        for client in counted:
            assert client.done is not None
            await client.done.wait()
            assert not client.closed
            seconds = HEARTBEATS * life.heartbeat
            rate = (client.count - client.begun) / seconds
            assert 0 < rate < MOST
            client.hang_up()
