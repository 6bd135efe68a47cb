"""A real server in the test's own process, for what can only be seen from inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import uvicorn

from crdtchat.access.tenants import DEMO
from crdtchat.server.app import create_app
from crdtchat.server.serve import server_config
from crdtchat.server.settings import Settings
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.tuning import Tuning


class Server(uvicorn.Server):
    """Says when it listens, and on which port."""

    listens: anyio.Event

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listens.set()

    @property
    def port(self) -> int:
        return int(self.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def running(data: Path, tuning: Tuning) -> AsyncIterator[Server]:
    """A server with its clockwork, and the demo tenant."""
    app = create_app(store=SqliteStore(data / "db"), tenants=DEMO, demo=False, tuning=tuning)
    server = Server(server_config(app, Settings(port=0, data=data), tuning.heartbeat))
    server.listens = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        await server.listens.wait()
        yield server
        server.should_exit = True
