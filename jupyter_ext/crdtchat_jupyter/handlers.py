"""Tornado handlers: the socket of a page, and where a file is discussed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any, cast

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import url_path_join
from tornado import web
from tornado.websocket import WebSocketHandler

from crdtchat.access.principal import Principal
from crdtchat.host.hub import Visit
from crdtchat.server.socket import MAX_FRAME, parse_lease
from crdtchat.stores.base import DocumentKey, StoreError
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.message import SUBPROTOCOL
from crdtchat_jupyter.channel import TornadoChannel
from crdtchat_jupyter.discussions import Discussions
from crdtchat_jupyter.principal import RESOURCE, TENANT, principal_of
from crdtchat_jupyter.running import RunningHub
from crdtchat_jupyter.sharing import Central


class PageSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """`crdtchat/sync/jupyter/{page}`: the protocol of docs/PROTOCOL.md behind Jupyter's sign-in."""

    auth_resource = RESOURCE

    def initialize(self, running: RunningHub) -> None:
        """`running`: the hub of this server."""
        self._running = running
        self._channel = TornadoChannel(self)
        self._principal: Principal | None = None

    @ws_authenticated
    async def get(self, *args: str, **kwargs: str) -> None:
        """Upgrade, unless the user may not read."""
        self._principal = await principal_of(self)
        await super().get(*args, **kwargs)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Ours, where it is offered."""
        return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None

    @property
    def max_message_size(self) -> int:
        """Bytes of the largest frame that is read."""
        return MAX_FRAME

    def open(self, page: str) -> None:
        """Serve in a task of its own: Tornado reads no message before this returns."""
        super().open(page)
        self._serving = asyncio.create_task(self._serve(page), name="crdtchat connection")
        self._serving.add_done_callback(self._served)

    def _served(self, serving: asyncio.Task[None]) -> None:
        self._channel.done()
        if not serving.cancelled() and (error := serving.exception()) is not None:
            self.log.error("crdtchat: a connection failed", exc_info=error)
            self.close(CloseCode.INTERNAL, "internal error")

    async def _serve(self, page: str) -> None:
        assert self._principal is not None
        try:
            hub = await self._running.hub()
        except StoreError as error:
            self.close(CloseCode.UNAVAILABLE, str(error)[:120])
            return
        visit = Visit(
            key=DocumentKey(TENANT, page),
            peer=self._principal.peer(),
            v1=self.selected_subprotocol == SUBPROTOCOL,
            resume=parse_lease(self.get_query_argument("lease", "")),
        )
        await hub.serve(self._channel, visit)

    async def on_message(self, message: bytes | str) -> None:
        """A frame came."""
        await self._channel.arrived(message)

    def on_close(self) -> None:
        """The connection has ended."""
        self._channel.gone()
        super().on_close()


class DiscussionHandler(APIHandler):
    """`crdtchat/api/discussion`: where a file is discussed, and how to get there."""

    auth_resource = RESOURCE

    def initialize(self, discussions: Discussions, central: Central | None) -> None:
        """`central`: the server that is shared with others; None for this one."""
        self._discussions = discussions
        self._central = central

    @web.authenticated
    async def post(self) -> None:
        """Body {"path", "continue"?}; answers {"url", "tenant", "page", "token", "similar"}.

        `similar` names files that this one may be a copy of. While it is not empty the question is
        open: ask again with `continue` set to the page of one of them, or to "new".
        """
        principal = await principal_of(self)
        body: dict[str, Any] = self.get_json_body() or {}
        path, continued = body.get("path"), body.get("continue", "")
        if not isinstance(path, str) or not path or not isinstance(continued, str):
            raise web.HTTPError(400, "the body names a path, and perhaps what it continues")
        try:
            found = await self._discussions.of(path, continued=continued)
        except LookupError as error:
            raise web.HTTPError(409, str(error)) from None
        except sqlite3.Error as error:
            raise web.HTTPError(503, f"the table of files cannot be used: {error}") from None
        answer: dict[str, Any] = {
            "url": url_path_join(self.base_url, "crdtchat"),
            "tenant": TENANT,
            "page": found.page,
            "token": None,
            "user": principal.user,
            "role": principal.role.value,
            "similar": [{"page": one.page, "path": one.path} for one in found.similar],
        }
        if self._central is not None:
            answer["url"], answer["tenant"] = self._central.url, self._central.tenant
            answer["token"] = self._central.token(principal, found.page)
        self.finish(json.dumps(answer))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """JSON, as all of Jupyter's interfaces answer."""
        cast(Any, super()).write_error(status_code, **kwargs)
