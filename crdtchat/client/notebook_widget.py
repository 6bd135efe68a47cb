"""The kernel's half of the notebook widget. Importing it needs anywidget."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from crdtchat.client.address import Address
from crdtchat.client.notebook_module import MODULE
from crdtchat.client.switchboard import Switchboard


class NotebookWidget(anywidget.AnyWidget):
    """Made by `crdtchat.widget`. `text` may be set anew when the page's text changes; `close` ends
    it everywhere it is shown."""

    _esm = MODULE
    server = traitlets.Unicode().tag(sync=True)
    tenant = traitlets.Unicode().tag(sync=True)
    page = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    signed = traitlets.Bool().tag(sync=True)

    def __init__(
        self,
        address: Address,
        *,
        token: str,
        name: str,
        context: ssl.SSLContext | None,
        text: str,
        height: int,
    ) -> None:
        """Use `crdtchat.widget`."""
        self._board = Switchboard(
            address,
            token=token,
            name=name,
            context=context,
            tell=self._tell,
            on_known=self._now_known,
        )
        super().__init__(
            server=address.url,
            tenant=address.tenant,
            page=address.page,
            text=text,
            height=height,
            signed=self._board.known,
        )
        self.on_msg(self._hear)

    def close(self) -> None:
        """Take it out of the notebook, and end its connections."""
        self._board.leave()
        super().close()

    def _hear(self, _: object, content: Mapping[str, Any], buffers: Sequence[memoryview]) -> None:
        self._board.receive(content, bytes(buffers[0]) if buffers else None)

    def _tell(self, content: dict[str, object], buffer: bytes | None) -> None:
        # marimo closes the comm of a cell that runs again or goes, and tells neither this widget
        # nor the server: nobody is there to hear, or to hang up.
        if getattr(self.comm, "_closed", False):
            self._board.leave()
            return
        self.send(content, [] if buffer is None else [buffer])

    def _now_known(self) -> None:
        self.signed = True
