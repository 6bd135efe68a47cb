"""A real server in the test's own process, for what can only be seen from inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import uvicorn

from crdtchat.access.tenants import DEMO
from crdtchat.host.hub import Hub
from crdtchat.server.app import create_app
from crdtchat.server.serve import server_config
from crdtchat.server.settings import Settings
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.tuning import Tuning


class Server(uvicorn.Server):
    """Says when it listens, and on which port."""

    listens: anyio.Event
    hub: Hub

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listens.set()

    @property
    def port(self) -> int:
        return int(self.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def running(
    data: Path, tuning: Tuning, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[Server]:
    """A server with its clockwork, and the demo tenant; it speaks TLS if it has a certificate."""
    app = create_app(store=SqliteStore(data / "db"), tenants=DEMO, demo=False, tuning=tuning)
    settings = Settings(port=0, data=data, tls_cert=certificate, tls_key=key)
    server = Server(server_config(app, settings, tuning.heartbeat))
    server.listens = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        await server.listens.wait()
        server.hub = app.state.hub
        yield server
        server.should_exit = True
