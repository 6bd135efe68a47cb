"""The line to the server: dials, redials, carries frames. Decides nothing."""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable, Iterable
from math import inf

import anyio
from anyio.abc import TaskStatus

from crdtchat.client.address import Address
from crdtchat.client.effects import Effect, Hangup, Happened, Send, WakeAt
from crdtchat.client.greeting import HEARTBEAT_S
from crdtchat.client.news import PageEvent
from crdtchat.client.provider import Phase, Provider
from crdtchat.client.websocket import ABNORMAL, Ended, WebSocket
from crdtchat.sync.backoff import delay, pause
from crdtchat.sync.codes import CloseCode

PATIENCE = 1.25
"""In heartbeats: how long the server may be silent before it is asked for a sign of life."""
DIAL_S = 15.0
"""How long one attempt to connect may take."""
_log = logging.getLogger("crdtchat")


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Line:
    """Owns the connection of one provider, and carries out what that wants.

    `on_event` hears what happened on the page, `on_change` is called after every input.
    """

    def __init__(
        self,
        provider: Provider,
        address: Address,
        *,
        token: str,
        name: str,
        context: ssl.SSLContext | None,
        on_event: Callable[[PageEvent], None],
        on_change: Callable[[], None],
    ) -> None:
        self.provider = provider
        self.token = token
        """What this client signs in with: given, or granted to a guest by the first welcome."""
        self._granted = ""
        """That of a guest."""
        self.dialing = False
        self.trouble = ""
        """Why the newest connection ended, or could not be made."""
        self._address = address
        self._name = name
        self._context = context
        self._on_event = on_event
        self._on_change = on_change
        self._socket: WebSocket | None = None
        self._wake_at = inf
        """By the steady clock: the other may be set anew meanwhile."""
        self._alarm = anyio.Event()
        self._pause_s = 0.0

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep connected until cancelled, or until the server ends it for good.

        Reports as started when the page is live, or the first attempt has failed; a warning is
        logged then.
        """
        attempt = 0
        pending: TaskStatus[None] | None = task_status
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._ring)
            while True:
                was_live = await self._visit(pending)
                if pending is not None and not was_live:
                    if self.provider.phase is not Phase.STOPPED:
                        # Silence would look like success to who has named a wrong address.
                        _log.warning(
                            "crdtchat: not connected to %s yet (%s); what is written waits",
                            self._address.url,
                            self.trouble or "no reason given",
                        )
                    pending.started()
                pending = None
                if self.provider.phase is Phase.STOPPED:
                    break
                attempt = 0 if was_live else attempt + 1
                await anyio.sleep(self._pause_s + delay(attempt, random.random()))
            tasks.cancel_scope.cancel()

    def perform(self, effects: Iterable[Effect]) -> None:
        """Carry out effects in order."""
        for effect in effects:
            match effect:
                case Send(frame):
                    if self._socket is not None:
                        self._socket.send_nowait(frame)
                case Happened(event):
                    self._on_event(event)
                case WakeAt(at):
                    self._wake_at = anyio.current_time() + (at - now_ms()) / 1_000
                    self._alarm.set()
                case Hangup(code, reason):
                    if self._socket is not None:
                        self._socket.hang_up(code, reason)
        self._on_change()

    async def _visit(self, pending: TaskStatus[None] | None) -> bool:
        """One connection, from dialing to its end; answers whether it became live."""
        self.dialing = True
        self._on_change()
        live = False
        try:
            socket = await self._dial()
        except Ended as ended:
            end = ended
        else:
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(socket.write)
                    self._socket = socket
                    end, live = await self._talk(socket, pending)
                    tasks.cancel_scope.cancel()
            finally:
                self._socket = None
                await socket.close()
        self.dialing = False
        self.trouble = end.reason
        self._pause_s = pause(end.code)
        code = end.code
        if code == CloseCode.SIGN_IN and self._granted and self.token == self._granted:
            # The server knows this guest no more, as one that has lost its data: they come as
            # another, and what waits under the old id is given up as a draft.
            self.token, code = "", ABNORMAL
        self.provider.receive_closed(code, end.reason)
        self._on_change()
        return live

    async def _talk(
        self, socket: WebSocket, pending: TaskStatus[None] | None
    ) -> tuple[Ended, bool]:
        """Carry frames until the connection ends; answers how it did, and whether it was live."""
        provider = self.provider
        live = False
        self.perform(provider.receive_opened())
        while True:
            try:
                frame = await socket.receive()
            except Ended as ended:
                return ended, live
            self.perform(provider.receive_frame(frame, now_ms()))
            if provider.phase is Phase.LIVE and not live:
                live = True
                self.dialing = False
                if provider.greeting is not None:
                    self._granted = provider.greeting.token or self._granted
                    self.token = provider.greeting.token or self.token
                    socket.silence_s = provider.greeting.heartbeat_s * PATIENCE
                if pending is not None:
                    pending.started()

    async def _dial(self) -> WebSocket:
        with anyio.move_on_after(DIAL_S):
            socket = await WebSocket.dial(
                self._address,
                name=self._name,
                lease=self.provider.lease,
                token=self.token,
                context=self._context,
            )
            socket.silence_s = HEARTBEAT_S
            return socket
        raise Ended(ABNORMAL, f"no answer within {DIAL_S:.0f} s")

    async def _ring(self) -> None:
        """Wake the provider when it asked for it."""
        while True:
            with anyio.move_on_after(max(0.0, self._wake_at - anyio.current_time())):
                await self._alarm.wait()
                self._alarm = anyio.Event()
                continue
            self._wake_at = inf
            self.perform(self.provider.receive_time(now_ms()))
