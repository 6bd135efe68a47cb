"""uvicorn's HTTP protocol behind our doors: bounds before anybody is known, and TLS.

Requests, responses and the change to WebSocket stay uvicorn's.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from crdtchat.server.direct import LINGER, UNSENT_BYTES, DirectSocket
from crdtchat.server.doors import HEAD_BYTES, Arrival, Doors
from crdtchat.server.problem import Problem, problem_response
from crdtchat.server.turns import Turns

_PIPELINED = 16
"""Requests that wait for the answer to the one before."""


def _too_large() -> bytes:
    """The answer to a head that is too large, of a WebSocket's handshake, too."""
    words = f"address and headers of a request are at most {HEAD_BYTES} bytes together"
    answer = problem_response(Problem(431, words, headers={"Connection": "close"}))
    lines = [b"HTTP/1.1 431 Request Header Fields Too Large"]
    lines += [b"%b: %b" % header for header in answer.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(answer.body)])


_TOO_LARGE = _too_large()


class FrontConfig(uvicorn.Config):
    """uvicorn's settings, and ours beside them."""

    doors: Doors
    turns: Turns | None = None
    """Made with the first WebSocket: it belongs to the event loop."""
    tls: ssl.SSLContext | None = None
    """Where it is set, connections begin with a TLS handshake. (uvicorn's own setting would make
    it before we could count the connection.)"""


class FrontDoor(HttpToolsProtocol):
    """One connection until it ends or becomes a WebSocket."""

    _arrival: Arrival | None = None
    _deadline: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _handshake: asyncio.Task[None] | None = None
    _early = b""
    """What came between the end of the TLS handshake and our hearing of it."""
    _head = 0
    """Bytes of the request's head so far; -1 behind its end."""
    _is_offered = False
    """Whether it offers another protocol than WebSocket."""
    _is_too_large = False
    """Whether it is longer than a head may be."""
    _body = 0
    """Bytes of its body since it was last given time."""

    @property
    def _doors(self) -> Doors:
        return cast(FrontConfig, self.config).doors

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection came: let it in, or cut it off."""
        peer = transport.get_extra_info("peername")
        self._arrival = self._doors.arrive(peer[0] if isinstance(peer, tuple) else None)
        if self._arrival is None:
            transport.abort()
            return
        tls = cast(FrontConfig, self.config).tls
        if tls is None:
            self._begin(transport)
        else:
            transport.pause_reading()
            transport.set_write_buffer_limits(high=UNSENT_BYTES)  # beside those of TLS
            self._handshake = self.loop.create_task(self._shake_hands(transport, tls))

    async def _shake_hands(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        seconds = self._doors.limits.head_seconds
        try:
            secure = await self.loop.start_tls(
                transport, self, tls, server_side=True, ssl_handshake_timeout=seconds
            )
        except OSError:  # of any kind: not TLS, too late, gone
            secure = None
        if secure is None:
            self._doors.cut_off += 1
            transport.abort()
            self._leave()
        else:
            self._begin(secure)
            if self._early:
                self.data_received(self._early)

    def _begin(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._expect(self._doors.limits.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self.transport is None:
            self._early += data
            return
        if self._head >= 0:
            self._head += len(data)
        self._is_offered = False
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._is_offered:
                self._decline(data[upgrade.args[0] :])
                return
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if self._head > self._doors.limits.head_bytes and not self.transport.is_closing():
            self._is_too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.pipeline) >= _PIPELINED:
            raise ValueError("too many requests in a row")  # the parser makes it a 400
        super().on_message_begin()
        if self._deadline is None:
            self._expect(self._doors.limits.head_seconds)

    def on_headers_complete(self) -> None:
        """Its head is here."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self._doors.limits.head_bytes:
            self._is_too_large = True
            raise ValueError("the head is too large")  # which ends in `send_400_response`
        self._head, self._body = -1, 0
        self._expect(self._doors.limits.body_seconds)
        if self.parser.should_upgrade() and not self._should_upgrade():
            self._is_offered = self.parser.get_method() != b"CONNECT"
        if not self._is_offered:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of its body is here. One that was answered already gets no more time."""
        self._body += len(body)
        if self._body >= self._doors.limits.body_bytes and not self.cycle.response_complete:
            self._body = 0
            self._expect(self._doors.limits.body_seconds)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is here."""
        if self._head < 0 and not self._is_offered:
            self._head = 0
            self._expect(0)
            super().on_message_complete()

    def _decline(self, rest: bytes) -> None:
        """Pass over another protocol that a request offers, as Java's client does HTTP/2 with each
        (RFC 9110 section 7.8). The parser takes the `rest` for what comes in that protocol, so it
        is told the request anew, without the offer."""
        head = [b"%b %b HTTP/1.1" % (self.parser.get_method(), self.url)]
        head += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._head = 0
        self.data_received(b"\r\n".join([*head, b"", rest]))

    def send_400_response(self, msg: str) -> None:
        """It was no HTTP, or too much of it."""
        self._doors.cut_off += 1
        if self.transport.is_closing():
            return
        if self._is_too_large:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            super().send_400_response(msg)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection on; our deadline ends, the heartbeat of the socket begins."""
        self._expect(0)
        arrival, self._arrival = self._arrival, None
        super().handle_websocket_upgrade()
        self.parser = cast(Any, None)  # It holds us, and we are done.
        protocol = cast(Any, self.transport).get_protocol()
        assert isinstance(protocol, DirectSocket)
        config = cast(FrontConfig, self.config)
        config.turns = config.turns or Turns(self.loop)
        protocol.belongs_to(arrival, config.turns, self._doors.limits.stuck_seconds)

    def pause_writing(self) -> None:
        """The peer does not read."""
        super().pause_writing()
        self._stuck = self.loop.call_later(self._doors.limits.stuck_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came: close, also if the last answer was not read to its end."""
        super().timeout_keep_alive_handler()
        self._stuck = self._stuck or self.loop.call_later(LINGER, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._expect(0)
        if self._stuck is not None:
            self._stuck.cancel()
        self._leave()
        if self.transport is not None:
            super().connection_lost(exc)

    def _expect(self, seconds: float) -> None:
        """From now so long, or without end."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds:
            self._deadline = self.loop.call_later(seconds, self._cut_off)

    def _cut_off(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self._doors.cut_off += 1
            self.transport.abort()

    def _leave(self) -> None:
        if self._arrival is not None:
            self._arrival.leave()
