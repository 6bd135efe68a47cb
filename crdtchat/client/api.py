"""Requests to the server's REST interface, beside the connection."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException

from anyio.to_thread import run_sync

from crdtchat.client.address import Address
from crdtchat.client.proxy import BadProxy, connection_to

REQUEST_S = 15.0
"""How long the server may take for each step of an answer."""
MOST = 4_194_304
"""Bytes of the longest answer read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    """0 if there was no answer: offline, or none in time."""
    body: bytes = b""


class Api:
    """Makes requests about one page, one connection each. Never raises for what a server does."""

    def __init__(
        self, address: Address, token: Callable[[], str], context: ssl.SSLContext | None
    ) -> None:
        """`token()` is what to sign in with at the moment."""
        self._address = address
        self._token = token
        self._context = context

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        kind: str = "",
        patience_s: float = REQUEST_S,
        most: int = MOST,
        **query: str,
    ) -> Answer:
        """Ask for `path` below the tenant; `kind` is the body's media type. `most`: bytes of the
        longest answer read; `patience_s`: how long each step of it may take."""
        headers = {"Authorization": f"Bearer {self._token()}"} if self._token() else {}
        if kind:
            headers["Content-Type"] = kind
        target = self._address.api_target(path, query)

        def ask() -> Answer:
            return self._ask(method, target, body, headers, patience_s, most)

        return await run_sync(ask, abandon_on_cancel=True)

    def _ask(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: dict[str, str],
        patience_s: float,
        most: int,
    ) -> Answer:
        try:
            connection = connection_to(self._address, patience_s, self._context)
        except BadProxy:
            return Answer(0)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            content = answer.read(most + 1)
        except (OSError, HTTPException):
            return Answer(0)
        finally:
            connection.close()
        return Answer(answer.status, content) if len(content) <= most else Answer(0)
