"""The ASGI application: routes onto one hub. Mountable anywhere ASGI goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from crdtchat.access.gate import Gate
from crdtchat.access.tenants import Tenants
from crdtchat.host.hub import Hub
from crdtchat.host.sources import Sources
from crdtchat.server import pages, rest
from crdtchat.server.problem import Problem, problem_response
from crdtchat.server.socket import serve_socket
from crdtchat.stores.base import Store


def create_app(
    *, store: Store, tenants: Tenants, demo: bool, sources: Sources | None = None
) -> Starlette:
    """Make the application. `demo`: show the demo page at `/`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await store.open()
        try:
            async with Hub(store, sources=sources, server=pages.version()) as hub:
                app.state.hub = hub
                app.state.gate = Gate(tenants, store)
                yield
        finally:
            await store.close()

    api = "/api/v1/{tenant}"
    routes = [
        WebSocketRoute("/sync/{tenant}/{page:path}", serve_socket),
        Route("/health", pages.health),
        Route("/metrics", pages.metrics),
        Route("/crdtchat.js", pages.script),
        Route(f"{api}/annotations", rest.list_annotations, methods=["GET"]),
        Route(f"{api}/annotations", rest.create_annotation, methods=["POST"]),
        Route(f"{api}/presence", rest.presence),
        Route(f"{api}/pages", rest.list_pages),
    ]
    if demo:
        routes += [Route("/", pages.demo), Route("/{name}", pages.demo)]
    return Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={Problem: _show_problem, HTTPException: _show_http_error},
    )


async def _show_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


async def _show_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_response(Problem(error.status_code, error.detail))
