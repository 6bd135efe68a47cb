"""A connection that somebody else speaks on: frames go through here as they are."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import anyio
from anyio.abc import TaskGroup

from crdtchat.client.address import Address
from crdtchat.client.greeting import HEARTBEAT_S
from crdtchat.client.line import DIAL_S, PATIENCE
from crdtchat.client.websocket import ABNORMAL, Ended, WebSocket

SILENCE_S = 150.0
"""How long the other side may say nothing. It beats every 20 s, but browsers slow down the clocks
of pages that nobody looks at to a minute, and a kernel that computes hears nobody."""


class Relay:
    """Dials once, carries frames both ways, and ends. Runs in one event loop.

    The other side is told: `on_open()`, `on_frame(frame)`, and at the end `on_close(code, reason)`.
    """

    def __init__(
        self,
        address: Address,
        *,
        context: ssl.SSLContext | None,
        on_open: Callable[[], None],
        on_frame: Callable[[bytes], None],
        on_close: Callable[[int, str], None],
    ) -> None:
        self._address = address
        self._context = context
        self._on_open = on_open
        self._on_frame = on_frame
        self._on_close = on_close
        self._socket: WebSocket | None = None
        self._patience = anyio.CancelScope()

    def send(self, frame: bytes) -> None:
        """Send a frame to the server; lost if there is no connection."""
        self.beat()
        if self._socket is not None:
            self._socket.send_nowait(frame)

    def beat(self) -> None:
        """The other side is there."""
        self._patience.deadline = anyio.current_time() + SILENCE_S

    def end(self) -> None:
        """Hang up."""
        self._patience.cancel()

    async def run(self, *, token: str, name: str, lease: str) -> None:
        """Connect as somebody, and carry frames until the connection ends."""
        end = Ended(ABNORMAL, "the browser is silent")
        with self._patience:
            self.beat()
            try:
                socket = await self._dial(token, name, lease)
            except Ended as ended:
                end = ended
            else:
                try:
                    async with anyio.create_task_group() as tasks:
                        end = await self._carry(socket, tasks)
                finally:
                    self._socket = None
                    await socket.close()
        self._on_close(end.code, end.reason)

    async def _carry(self, socket: WebSocket, tasks: TaskGroup) -> Ended:
        tasks.start_soon(socket.write)
        self._socket = socket
        self._on_open()
        while True:
            try:
                self._on_frame(await socket.receive())
            except Ended as ended:
                tasks.cancel_scope.cancel()
                return ended

    async def _dial(self, token: str, name: str, lease: str) -> WebSocket:
        with anyio.move_on_after(DIAL_S):
            socket = await WebSocket.dial(
                self._address, name=name, lease=lease, token=token, context=self._context
            )
            socket.silence_s = HEARTBEAT_S * PATIENCE
            return socket
        raise Ended(ABNORMAL, f"no answer within {DIAL_S:.0f} s")
