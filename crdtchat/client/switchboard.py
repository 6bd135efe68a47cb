"""The relays of one notebook widget: each browser that shows it has a connection of its own."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import Any

from crdtchat.client.address import Address
from crdtchat.client.api import Api
from crdtchat.client.blocking_loop import current_loop
from crdtchat.client.greeting import read_greeting
from crdtchat.client.relay import Relay
from crdtchat.document.foreign import text_of
from crdtchat.sync import message
from crdtchat.sync.codes import Malformed

SIGN_IN = 4401

Tell = Callable[[dict[str, object], bytes | None], None]


class Switchboard:
    """Takes what browsers say over the comm, from any thread, and tells them what the server says.

    It signs in: with a token that it was given, else as a guest, under a name that it was given or
    that is chosen in the browser. What signs a guest in stays here.
    """

    def __init__(
        self,
        address: Address,
        *,
        token: str,
        name: str,
        context: ssl.SSLContext | None,
        tell: Tell,
        on_known: Callable[[], None],
    ) -> None:
        """`tell(content, buffer)` sends to all browsers; `on_known()` hears that a guest has a
        name now."""
        self._address = address
        self._context = context
        self._given = token
        self._granted = ""
        self._name = name
        self._tell = tell
        self._on_known = on_known
        self._api = Api(address, lambda: self._token, context)
        self._loop = current_loop()
        self._loop.lodgers.add(self)
        self._relays: dict[str, Relay] = {}
        self._tasks: set[Future[None]] = set()

    @property
    def known(self) -> bool:
        """Whether it is known here who writes."""
        return bool(self._given or self._name)

    def receive(self, content: Mapping[str, Any], buffer: bytes | None) -> None:
        """What a browser says. Raises KeyError for what no browser of ours says."""
        line = str(content["line"])
        match content["what"]:
            case "connect":
                if not self.known:
                    self._name = text_of(content["name"])
                    if self._name:
                        self._granted = ""
                        self._on_known()
                self._start(partial(self._connect, line, str(content["lease"])))
            case "frame":
                self._loop.portal.call(self._send, line, buffer or b"")
            case "beat":
                self._loop.portal.call(self._beat, line)
            case "close":
                self._loop.portal.call(self._hang_up, line)
            case "ask":
                number, kind = str(content["number"]), str(content["kind"])
                method, path = str(content["method"]), str(content["path"])
                self._start(partial(self._ask, number, method, path, buffer, kind))

    def leave(self) -> None:
        """End all connections, without waiting."""
        for task in list(self._tasks):
            task.cancel()

    def wait_left(self) -> None:
        """Wait until all have ended."""
        for task in list(self._tasks):
            try:
                task.result()
            except CancelledError:
                continue

    @property
    def _token(self) -> str:
        return self._given or self._granted

    def _start(self, act: Callable[[], Any]) -> None:
        task = self._loop.portal.start_task_soon(act)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- in the loop's thread

    async def _connect(self, line: str, lease: str) -> None:
        relay = Relay(
            self._address,
            context=self._context,
            on_open=lambda: self._tell({"to": line, "what": "open"}, None),
            on_frame=partial(self._frame, line),
            on_close=partial(self._closed, line),
        )
        self._relays[line] = relay
        await relay.run(token=self._token, name=self._name, lease=lease)

    def _frame(self, line: str, frame: bytes) -> None:
        if frame[:1] == bytes([message.MessageType.WELCOME]):
            self._learn(frame)
        self._tell({"to": line, "what": "frame"}, frame)

    def _learn(self, frame: bytes) -> None:
        try:
            welcome = message.decode_from_server(frame)
            if isinstance(welcome, message.Welcome):
                self._granted = read_greeting(welcome.info).token or self._granted
        except Malformed:
            return  # The browser reads it as well, and knows what to do.

    def _closed(self, line: str, code: int, reason: str) -> None:
        self._relays.pop(line, None)
        if code == SIGN_IN:
            self._granted = ""  # A guest whom the server does not know any more is a new one.
        self._tell({"to": line, "what": "close", "code": code, "reason": reason}, None)

    def _send(self, line: str, frame: bytes) -> None:
        if line in self._relays:
            self._relays[line].send(frame)

    def _beat(self, line: str) -> None:
        if line in self._relays:
            self._relays[line].beat()

    def _hang_up(self, line: str) -> None:
        relay = self._relays.pop(line, None)
        if relay is not None:
            relay.end()

    async def _ask(
        self, number: str, method: str, path: str, body: bytes | None, kind: str
    ) -> None:
        answer = await self._api.request(method, path, body, kind=kind)
        content: dict[str, object] = {"to": number, "what": "answer", "code": answer.status}
        self._tell(content, answer.body)
