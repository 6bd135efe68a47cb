"""A guest who writes over REST is told who they are now, to come back as the same one.

Over a socket the welcome says it. Here the answer to a write that came without a token carries
`Crdtchat-Token`: whoever sends it as a bearer token from then on may edit and delete what was
written. Reading makes nobody anybody.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "Crdtchat-Token"
_KEY = "crdtchat.guest_token"


def tell(scope: Scope, token: str) -> None:
    """Let the answer to a request carry a new guest's token, unless it is an error."""
    scope[_KEY] = token


class GuestTokens:
    """ASGI middleware: adds the header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                token = scope.get(_KEY)
                if token is not None:
                    MutableHeaders(scope=message)[HEADER] = token
            await send(message)

        await self._app(scope, receive, send_told)
