"""Which foreign pages may read the API: those whose origin the tenant allows.

Credentials that a browser adds by itself (cookies) are never shared with them: there is no
`Access-Control-Allow-Credentials`. A page signs its requests with a token.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crdtchat.access.gate import Gate, NoTenant
from crdtchat.server.guest_tokens import HEADER
from crdtchat.server.problem import Problem, problem_response
from crdtchat.server.rest.routes import API

_ANSWER = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID"
    ),
    "Access-Control-Max-Age": "600",
}
_SHOWN = f"ETag, Location, Retry-After, {HEADER}"


class Cors:
    """ASGI middleware: answers preflights under `/api/v1/`, and marks answers (Fetch, 3.3)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        allowed = origin is not None and _allows(scope, origin, headers.get("host", ""))
        if scope["method"] == "OPTIONS" and origin and "access-control-request-method" in headers:
            if allowed:
                answer = Response(status_code=204, headers=_ANSWER)
            else:
                answer = problem_response(Problem(403, "this origin may not use this tenant"))
            _mark(answer.headers, origin if allowed else None)
            await answer(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _mark(MutableHeaders(scope=message), origin if allowed else None)
            await send(message)

        await self._app(scope, receive, send_marked)


def _mark(headers: MutableHeaders, origin: str | None) -> None:
    headers.add_vary_header("Origin")
    headers["X-Content-Type-Options"] = "nosniff"
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _SHOWN


def _allows(scope: Scope, origin: str, host: str) -> bool:
    gate: Gate = scope["app"].state.gate
    name = scope["path"].removeprefix(API).partition("/")[0]
    try:
        return gate.tenant(name).allows_origin(origin, host)
    except NoTenant:
        return False
