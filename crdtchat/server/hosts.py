"""Requests by a name that the server does not have are not answered."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from crdtchat.access.hosts import Hosts
from crdtchat.server.problem import Problem, problem_response


class KnownHosts:
    """ASGI middleware: refuses them. (WebSockets are refused where they come in, with a code.)"""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            refusal = self._hosts.refusal(Headers(scope=scope).get("host", ""))
            if refusal:
                await problem_response(Problem(403, refusal))(scope, receive, send)
                return
        await self._app(scope, receive, send)
