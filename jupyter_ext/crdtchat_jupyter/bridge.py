"""The REST interface behind Jupyter's sign-in: an ASGI app inside Tornado."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web
from tornado.iostream import StreamClosedError

from crdtchat.document.page_version import VERSION_BYTES
from crdtchat.server.problem import Problem, problem_response
from crdtchat.server.rest.asking import ATTESTED
from crdtchat.stores.base import StoreError
from crdtchat_jupyter.principal import RESOURCE, principal_of
from crdtchat_jupyter.running import RunningHub
from crdtchat_jupyter.wording import words_of

_Message = MutableMapping[str, Any]

_KEPT_BACK = frozenset({"authorization", "cookie", "origin", "x-xsrftoken"})
"""Headers that were Jupyter's to judge."""


@web.stream_request_body
class RestHandler(APIHandler):
    """`crdtchat/api/v1/jupyter/…`: docs/rest.md, for who Jupyter says it is."""

    auth_resource = RESOURCE

    def initialize(self, running: RunningHub) -> None:
        """`running`: the hub of this server."""
        self._running = running
        self._body = bytearray()
        self._is_handed_on = False
        self._refusal: web.HTTPError | None = None
        self._left = asyncio.Event()

    async def prepare(self) -> None:  # type: ignore[override]
        """Decide who asks before the first byte of the body is kept.

        Who is refused is told behind the body: a connection that is closed with bytes unread may
        lose the answer.
        """
        try:
            await self._admit()
        except web.HTTPError as refusal:
            self._refusal = refusal

    async def _admit(self) -> None:
        try:
            await JupyterHandler.prepare(self)
        finally:
            # Jupyter itself would call it 404, or not look at what changes nothing.
            if not self.check_origin():
                raise web.HTTPError(403, "pages of other sites may not use a visitor's cookie")
        if self.request.method != "OPTIONS":
            self._principal = await principal_of(self)

    def data_received(self, chunk: bytes) -> None:
        """A part of the body; none of it is kept for who is refused."""
        if self._refusal is None and len(self._body) + len(chunk) > VERSION_BYTES:
            self._refusal = web.HTTPError(413, f"at most {VERSION_BYTES} bytes")
            self._body.clear()
        if self._refusal is None:
            self._body += chunk

    def on_connection_close(self) -> None:
        """Who asked is gone."""
        self._left.set()

    @web.authenticated
    async def get(self, path: str) -> None:
        """Any method: hand the request to the app."""
        if self._refusal is not None:
            raise self._refusal
        try:
            running = await self._running.wait()
        except StoreError as error:
            raise web.HTTPError(503, str(error)) from None
        await running.app(self._scope(), self._receive, self._send)

    head = post = put = patch = delete = get

    def compute_etag(self) -> None:
        """The app has its own."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Problem bodies, as the app answers."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        answer = problem_response(Problem(status_code, words_of(error) or self._reason))
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self._end(bytes(answer.body))

    def _scope(self) -> dict[str, Any]:
        request = self.request
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers.get_all()
            if name.lower() not in _KEPT_BACK
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.protocol,
            "path": unquote(request.path),
            "raw_path": request.path.encode("latin-1"),
            "root_path": unquote(self.base_url).rstrip("/") + "/crdtchat",
            "query_string": request.query.encode("latin-1"),
            "headers": headers,
            "client": (request.remote_ip, 0),
            "extensions": {ATTESTED: self._principal},
        }

    async def _receive(self) -> _Message:
        if not self._is_handed_on:
            self._is_handed_on = True
            return {"type": "http.request", "body": bytes(self._body), "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: _Message) -> None:
        if self._left.is_set():
            return
        if message["type"] == "http.response.start":
            self.set_status(message["status"])
            named = [(name.decode("latin-1"), value) for name, value in message["headers"]]
            for name in {"Content-Type", *(name for name, _ in named)}:
                self.clear_header(name)
            for name, value in named:
                self.add_header(name, value)
        elif message.get("more_body"):
            self.write(message["body"])
            try:
                await self.flush()
            except StreamClosedError:
                self._left.set()
        else:
            self._end(message.get("body", b""))

    def _end(self, body: bytes) -> None:
        # Past APIHandler's, which would call everything JSON.
        self.update_api_activity()
        JupyterHandler.finish(self, body or None)
