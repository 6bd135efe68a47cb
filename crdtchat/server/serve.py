"""`crdtchat serve`: the application under uvicorn."""

from __future__ import annotations

import logging
import os
import socket
import sys

import anyio
import uvicorn
from starlette.applications import Starlette

from crdtchat.host.collector import calm_collector
from crdtchat.server.app import create_app
from crdtchat.server.direct import DirectSocket
from crdtchat.server.doors import Doors
from crdtchat.server.fellows import Fellows
from crdtchat.server.front import FrontConfig, FrontDoor
from crdtchat.server.logs import set_up_logs
from crdtchat.server.memory import keep_large_apart
from crdtchat.server.obstacle import obstacle
from crdtchat.server.printing import announce, tenant_line
from crdtchat.server.settings import BadSetting, Settings, unknown_variables
from crdtchat.server.socket import MAX_FRAME
from crdtchat.server.storage import has_tenants, is_missing, make_broker, make_store, shown
from crdtchat.server.straight import Straight
from crdtchat.server.upkeep import run_on_store
from crdtchat.server.work import Worker
from crdtchat.server.workers import serve_with_workers
from crdtchat.stores.base import Store
from crdtchat.sync.tuning import Tuning

_log = logging.getLogger(__name__)


class _Announcing(uvicorn.Server):
    """Says where it listens once it does, which with port 0 nobody knows before."""

    def __init__(
        self, config: uvicorn.Config, app: Starlette, settings: Settings, worker: Worker | None
    ) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings
        self._worker = worker
        self.died = False
        """Whether a task of the application failed."""

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        for server in self.servers:
            server.close()  # a balancer that is refused asks another node
        if self.died:
            await super().shutdown(sockets)  # type: ignore[arg-type]
            return
        hub = self._app.state.hub
        await hub.drain(self._settings.drain, self._wait)
        # Our own goodbye to all the rest: streams of events would hold it up until its patience
        # ends.
        hub.stop()
        await super().shutdown(sockets)  # type: ignore[arg-type]

    async def on_tick(self, counter: int) -> bool:
        """Whether to end. An application that has ended by itself would answer for ever that its
        store is closed: whoever started the process is to start it anew."""
        if self._app.state.ended:
            self.died = True
            _log.critical("a task of the server failed, which ends it: start it again")
        return self.died or await super().on_tick(counter)

    async def _wait(self, seconds: float) -> None:
        """Let time pass, unless the signal came a second time (of a terminal: ^C)."""
        if not self.force_exit:
            await anyio.sleep(seconds)

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if not self.started:
            return
        # The parent of several hears it, and says it once for all.
        announce(self._announcement() + ("\0" if self._worker is not None else ""))

    def _announcement(self) -> str:
        port = self.servers[0].sockets[0].getsockname()[1]
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        scheme = "https" if self._settings.tls_cert else "http"
        address = f"{scheme}://{host}:{port}"
        lines = [f"crdtchat listening on {address}"]
        lines += [f"  {tenant_line(tenant)}" for tenant in self._app.state.gate.directory]
        lines.append(f"  pages: {address}/ to begin with, /moderate, /usage")
        lines.append(f"  data: {shown(self._settings)}")
        if self._settings.on_loopback:
            lines.append("  only this machine can connect; Ctrl+C ends it")
        return "\n".join(lines) + "\n"


KEEP_ALIVE = 75
"""Seconds that a connection may rest between two requests: longer than clients (httpx: 5) and
proxies (nginx: 60) keep one, so that they let go first. A request that is sent just when the server
closes its connection has no answer, and nobody knows whether it was read."""


def raise_descriptors() -> int:
    """Let the process open as many files and sockets as the system allows; answers how many."""
    if sys.platform == "win32":
        return 10_000
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        # Some systems say "no bound" and then refuse it.
        wanted = 1_048_576 if hard == resource.RLIM_INFINITY else hard
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return soft
        return wanted
    return soft


def server_config(app: Starlette, settings: Settings, heartbeat: float) -> FrontConfig:
    """How the application is served; `heartbeat`: seconds between WebSocket pings.

    Raises BadSetting.
    """
    tls = settings.tls_context()
    config = FrontConfig(
        Straight(app),
        interface="asgi3",
        host=settings.host,
        port=settings.port,
        http=FrontDoor,
        # uvloop never ends a TLS handshake that a server begins on an open connection.
        loop="asyncio" if tls is not None else "auto",
        ws=DirectSocket,
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=heartbeat,
        ws_ping_timeout=2 * heartbeat,
        timeout_keep_alive=KEEP_ALIVE,
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=10,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
    )
    config.doors = app.state.doors
    config.tls = tls
    return config


async def _nothing(store: Store) -> None:
    """Opening it was all."""


def serve(settings: Settings) -> int:
    """Serve until a signal ends it. Answers the exit status. Raises BadSetting."""
    settings = settings.checked(stored=has_tenants(settings))
    _prepare(settings)
    if settings.workers == 1:
        set_up_logs()
        _warn_of_variables()
        return serve_here(settings)
    set_up_logs(0)
    _warn_of_variables()
    return serve_with_workers(settings, announce)


def _prepare(settings: Settings) -> None:
    """Find what would keep it from serving, here and not under uvicorn, which would tell the
    operator by a traceback. Raises BadSetting."""
    in_the_way = obstacle(settings.host, settings.port)
    if in_the_way is not None:
        raise BadSetting(f"{in_the_way.words}: {in_the_way.remedy}")
    settings.tls_context()
    make_broker(settings)
    if is_missing(settings):
        run_on_store(settings, _nothing, makes=True)


def _warn_of_variables() -> None:
    for sentence in unknown_variables(os.environ):
        _log.warning("%s", sentence)


def serve_here(
    settings: Settings, sockets: list[socket.socket] | None = None, worker: Worker | None = None
) -> int:
    """Serve in this process, whose logs are set up. `sockets`: to listen on, where they are there.

    Raises BadSetting.
    """
    keep_large_apart()
    doors = Doors(settings.door_limits(raise_descriptors()), settings.trusted_proxies)
    app = create_app(
        store=make_store(settings),
        broker=make_broker(settings, worker.news if worker is not None else None),
        tenants=settings.tenants,
        demo=settings.on_loopback and "demo" in settings.tenants,
        doors=doors,
        metrics_token=settings.metrics_token or ("" if settings.is_demo else None),
        webhook_networks=settings.webhook_networks,
        hosts=settings.hosts,
        fellows=Fellows(worker.number, worker.count, worker.figures) if worker else None,
    )
    config = server_config(app, settings, Tuning().heartbeat)
    server = _Announcing(config, app, settings, worker)
    calm_collector()
    server.run(sockets)
    if server.died:
        return 1
    return 0 if server.started else 3
