"""The socket of a page, in Tornado."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketHandler

from crdtchat.access.page_ids import NO_PAGE_ID, is_page_id
from crdtchat.access.principal import Principal
from crdtchat.server.socket import MAX_FRAME, Joining, parse_lease, serve_admitted
from crdtchat.stores.base import StoreError
from crdtchat.sync.codes import CloseCode, close_reason
from crdtchat.sync.message import SUBPROTOCOL
from crdtchat_jupyter.channel import TornadoChannel
from crdtchat_jupyter.principal import RESOURCE, TENANT, principal_of
from crdtchat_jupyter.running import RunningHub


class PageSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """`crdtchat/sync/jupyter/{page}`: the protocol of docs/PROTOCOL.md behind Jupyter's sign-in."""

    auth_resource = RESOURCE

    def initialize(self, running: RunningHub) -> None:
        """`running`: the hub of this server."""
        self._running = running
        self._channel: TornadoChannel | None = None
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
        # Asked now: a connection that ends at once cannot tell any more.
        v1 = self.selected_subprotocol == SUBPROTOCOL
        self._channel = channel = TornadoChannel(self)
        serving = self._serve(channel, page, v1)
        self._serving = asyncio.create_task(serving, name="crdtchat connection")
        self._serving.add_done_callback(self._served)

    def _served(self, serving: asyncio.Task[None]) -> None:
        assert self._channel is not None
        self._channel.done()
        if not serving.cancelled() and (error := serving.exception()) is not None:
            self.log.error("crdtchat: a connection failed", exc_info=error)
            self.close(CloseCode.INTERNAL, "internal error")

    async def _serve(self, channel: TornadoChannel, page: str, v1: bool) -> None:
        assert self._principal is not None
        if not is_page_id(page):
            self.close(CloseCode.FORBIDDEN, NO_PAGE_ID)
            return
        try:
            hub, gate, guard, _ = await self._running.wait()
            admission = gate.admit_attested(self._principal, page=page)
        except StoreError as error:
            self.close(CloseCode.UNAVAILABLE, close_reason(str(error)))
            return
        joining = Joining(
            admission,
            page,
            v1=v1,
            resume=parse_lease(self.get_query_argument("lease", "")),
            page_versions=gate.tenant(TENANT).page_versions,
        )
        await serve_admitted(hub, gate, guard, channel, joining)

    async def on_message(self, message: bytes | str) -> None:
        """A frame came."""
        if self._channel is not None:
            await self._channel.arrived(message)

    def on_close(self) -> None:
        """The connection has ended."""
        if self._channel is not None:
            self._channel.gone()
        super().on_close()
