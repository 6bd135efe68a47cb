"""The ASGI application: routes onto one hub. Mountable anywhere ASGI goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from crdtchat.access.directory import Directory
from crdtchat.access.gate import Gate
from crdtchat.access.guard import Guard
from crdtchat.access.hosts import Hosts
from crdtchat.access.tenants import Tenants
from crdtchat.brokers.base import Broker
from crdtchat.host.hook_address import Network
from crdtchat.host.hook_delivery import Deliverer
from crdtchat.host.hook_request import Sender
from crdtchat.host.hub import Hub
from crdtchat.host.moderated import ModeratedPages
from crdtchat.host.sources import Sources
from crdtchat.server import pages
from crdtchat.server.cors import Cors
from crdtchat.server.doors import Doors
from crdtchat.server.fellows import Fellows
from crdtchat.server.guest_tokens import GuestTokens
from crdtchat.server.headers import SafeHeaders
from crdtchat.server.hosts import KnownHosts
from crdtchat.server.large_answers import LargeAnswers
from crdtchat.server.memory import give_memory_back
from crdtchat.server.metrics import metrics, own_figures
from crdtchat.server.openapi.document import openapi
from crdtchat.server.problem import HANDLERS
from crdtchat.server.rest.line import FairLine
from crdtchat.server.rest.routes import rest_routes
from crdtchat.server.retention import keep_retention
from crdtchat.server.socket import serve_socket
from crdtchat.stores.base import Store
from crdtchat.sync.tuning import Tuning


def create_app(  # noqa: PLR0913 - all by name, each a thing of its own
    *,
    store: Store,
    tenants: Tenants,
    demo: bool,
    metrics_token: str | None = None,
    doors: Doors | None = None,
    broker: Broker | None = None,
    sources: Sources | None = None,
    tuning: Tuning | None = None,
    webhook_networks: Sequence[Network] = (),
    fellows: Fellows | None = None,
    hosts: Hosts | None = None,
) -> Starlette:
    """Make the application.

    `demo`: show the demo page at `/`, else what this is. `metrics_token`: who has it may read
    `/metrics`; empty: everybody may; None: nobody. `doors`: counts connections, where the server
    has any. `broker`: other processes serve the same store. `webhook_networks`: of the operator's
    own, that webhooks may lead into. `fellows`: other processes that serve the same port. `hosts`:
    names that it answers to; None: any.
    """
    hosts = hosts or Hosts()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await store.open()
        try:
            async with Hub(
                store, sources=sources, tuning=tuning, broker=broker, server=pages.version()
            ) as hub:
                app.state.hub = hub
                app.state.gate = Gate(Directory(tenants, store), store)
                app.state.guard = Guard(app.state.gate, lambda: hub.sources.now().wall)
                if hub.neighbours is not None:
                    gate, guard = app.state.gate, app.state.guard
                    hub.neighbours.share(gate, guard, lambda: hub.sources.now().steady)
                app.state.deliverer = Deliverer(hub, Sender(webhook_networks))
                await app.state.gate.directory.refresh()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(app.state.guard.run)
                    tasks.start_soon(give_memory_back, app.state.doors)
                    tasks.start_soon(app.state.gate.quotas.run, lambda: hub.sources.now().wall)
                    tasks.start_soon(app.state.deliverer.run)
                    tasks.start_soon(keep_retention, store, app.state.gate.directory, hub.sources)
                    if fellows is not None:
                        tasks.start_soon(fellows.run, partial(own_figures, app.state))
                    try:
                        yield
                    finally:
                        app.state.ended = True
                    tasks.cancel_scope.cancel()
        finally:
            await store.close()

    routes = [
        WebSocketRoute("/sync/{tenant}/{page:path}", serve_socket),
        Route("/health", pages.health),
        Route("/metrics", metrics),
        Route("/crdtchat.js", pages.script),
        Route("/openapi.json", openapi),
        *pages.own_pages(),
        *rest_routes(),
    ]
    if demo:
        routes += [Route("/", pages.demo), Route("/{name}", pages.demo)]
    else:
        routes.append(Route("/", pages.welcome))
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[
            Middleware(SafeHeaders),
            Middleware(KnownHosts, hosts=hosts),
            Middleware(Cors),
            Middleware(GuestTokens),
            Middleware(LargeAnswers),
        ],
        exception_handlers=HANDLERS,
    )
    app.state.ended = False
    app.state.metrics_token = metrics_token
    app.state.doors = doors or Doors()
    app.state.fellows = fellows
    app.state.hosts = hosts
    _share(app)
    return app


def _share(app: Starlette) -> None:
    """What requests of the REST interface share."""
    app.state.importing = set()
    app.state.moderated = ModeratedPages()
    app.state.listing = FairLine()
    app.state.retelling = FairLine()


def create_rest_app(hub: Hub, gate: Gate, guard: Guard) -> Starlette:
    """The REST interface alone, for a program that runs the hub and signs its users in itself.

    It names who asks in the scope's extension `rest.asking.ATTESTED`, and looks after origins.
    """
    app = Starlette(routes=rest_routes(), exception_handlers=HANDLERS)
    app.state.hub = hub
    app.state.gate = gate
    app.state.guard = guard
    app.state.doors = None  # the program counts connections itself
    _share(app)
    return app
