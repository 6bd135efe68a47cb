"""WebSockets of pages, straight to their route."""

from __future__ import annotations

import re
from collections.abc import Awaitable

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from crdtchat.server.socket import serve_socket

_PAGE = re.compile("/sync/[^/]+/")
"""The path of the route in `create_app`."""


class Straight:
    """The application, for a server of our own.

    Every layer that a request passes on its way (errors, middleware, routing) keeps its frame for
    as long as the connection is open; for a WebSocket that nobody writes on they were a fifth of
    its memory, and none of them has anything to do with it.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection."""
        if scope["type"] == "websocket" and _PAGE.match(scope["path"]):
            scope["app"] = self._app
            return serve_socket(WebSocket(scope, receive, send))
        return self._app(scope, receive, send)
