"""One WebSocket connection over an anyio stream: runs on asyncio and on trio.

The protocol is that of the `websockets` library, sans I/O; here is only what moves the bytes.
"""

from __future__ import annotations

import ssl
from collections import deque
from http.client import HTTPException
from math import inf
from typing import Self

import anyio
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI, parse_uri

from crdtchat.client.address import Address
from crdtchat.client.proxy import Proxy, proxy_to
from crdtchat.sync.codes import close_reason
from crdtchat.sync.message import SUBPROTOCOL

ABNORMAL = 1006
"""Close code of a connection that ended without one."""
LARGEST_MESSAGE = 2**28
"""Bytes. The largest is a page's whole state."""
TUNNEL_S = 15.0
"""How long a proxy may take for each step."""
_LINGER_S = 1.0
"""How long a polite end may take."""
_REFUSALS = {401: 4401, 403: 4403, 404: 4404, 431: 4403}
"""HTTP statuses that refuse for good, as close codes (a proxy in front may answer by HTTP)."""


class Ended(Exception):
    """The connection is over, or was never made: close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason or 'connection ended'} ({code})")
        self.code = code
        self.reason = reason


async def _connect(
    uri: WebSocketURI, context: ssl.SSLContext | None, proxy: Proxy | None
) -> ByteStream:
    """Raises OSError, HTTPException, and what anyio raises for what breaks in a handshake."""
    if proxy is None:
        stream: ByteStream = await anyio.connect_tcp(uri.host, uri.port)
    else:
        stream = await proxy.connect(uri.host, uri.port, TUNNEL_S)
    if not uri.secure:
        return stream
    try:
        return await TLSStream.wrap(
            stream,
            hostname=uri.host,
            ssl_context=context or ssl.create_default_context(),
            standard_compatible=False,
        )
    except BaseException:
        await anyio.aclose_forcefully(stream)
        raise


class WebSocket:
    """An open connection. One task calls `receive`, another runs `write`; anybody may send."""

    def __init__(self, stream: ByteStream, protocol: ClientProtocol) -> None:
        """Use `dial`."""
        self._stream = stream
        self._protocol = protocol
        self._frames: deque[Frame] = deque()
        self._parts: list[bytes] = []
        self._wanted = anyio.Event()
        self._why = ""
        """Why this side ended it."""
        self.silence_s = inf
        """Seconds without a byte after which the server is asked for one; as many again, and it
        counts as dead."""

    @classmethod
    async def dial(
        cls,
        address: Address,
        *,
        name: str,
        lease: str,
        token: str,
        context: ssl.SSLContext | None,
    ) -> Self:
        """Connect and shake hands; `name` is that of a guest without a token, `lease` continues
        one. Raises Ended. Cancel it to give up earlier."""
        uri = parse_uri(address.socket_url(name="" if token else name, lease=lease))
        where = f"{uri.host}:{uri.port}"
        try:
            proxy = proxy_to(address)
            where += f" by the proxy {proxy.host}:{proxy.port}" if proxy is not None else ""
            stream = await _connect(uri, context, proxy)
        except (OSError, HTTPException) as error:
            raise Ended(ABNORMAL, f"cannot reach {where}: {error}") from error
        except (anyio.EndOfStream, anyio.BrokenResourceError) as error:
            raise Ended(ABNORMAL, "the connection broke during the TLS handshake") from error
        protocol = ClientProtocol(
            uri, subprotocols=[Subprotocol(SUBPROTOCOL)], max_size=LARGEST_MESSAGE
        )
        socket = cls(stream, protocol)
        try:
            await socket._shake_hands(token)
        except BaseException:
            await anyio.aclose_forcefully(stream)
            raise
        return socket

    @property
    def _open(self) -> bool:
        return self._protocol.state is State.OPEN

    def send_nowait(self, message: bytes) -> None:
        """Queue a binary message; nothing happens if the connection is ending."""
        if self._open:
            self._protocol.send_binary(message)
            self._wanted.set()

    def hang_up(self, code: int, reason: str) -> None:
        """End the connection because of what the server sent; `receive` raises soon."""
        self._why = reason
        self._protocol.fail(code, close_reason(reason))
        self._wanted.set()

    async def receive(self) -> bytes:
        """Wait for the next message. Raises Ended."""
        while True:
            while self._frames:
                message = self._take(self._frames.popleft())
                if message is not None:
                    return message
            if not self._open:
                raise self._ended("")
            await self._read()

    async def write(self) -> None:
        """Send what is queued, until the connection ends or the task is cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            try:
                await self._flush()
                if not self._open:
                    await self._stream.aclose()
                    return
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                return  # `receive` notices as well, and tells.

    async def close(self) -> None:
        """Say goodbye, briefly, and let go."""
        with anyio.move_on_after(_LINGER_S, shield=True):
            try:
                polite = self._open
                if polite:
                    self._protocol.send_close(1000)
                await self._flush()
                while polite and self._protocol.close_rcvd is None:
                    await self._read()
            except (Ended, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                pass  # It was over already.
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)

    async def _shake_hands(self, token: str) -> None:
        request = self._protocol.connect()
        if token:
            request.headers["Authorization"] = f"Bearer {token}"
        self._protocol.send_request(request)
        try:
            await self._flush()
            while self._protocol.state is State.CONNECTING and not self._protocol.handshake_exc:
                self._protocol.receive_data(await self._stream.receive())
                self._note_events()
        except (anyio.EndOfStream, anyio.BrokenResourceError, OSError) as error:
            raise Ended(ABNORMAL, "the connection broke during the handshake") from error
        failure = self._protocol.handshake_exc
        if isinstance(failure, InvalidStatus):
            status = failure.response.status_code
            raise Ended(_REFUSALS.get(status, ABNORMAL), f"the server answered HTTP {status}")
        if failure is not None:
            reason = str(failure) if isinstance(failure, InvalidHandshake) else "no WebSocket there"
            raise Ended(ABNORMAL, reason) from failure
        if self._protocol.subprotocol != SUBPROTOCOL:
            raise Ended(ABNORMAL, f"the server does not speak {SUBPROTOCOL}")

    async def _read(self) -> None:
        data = b""
        for final in (False, True):
            with anyio.move_on_after(self.silence_s):
                try:
                    data = await self._stream.receive()
                except anyio.EndOfStream:
                    self._protocol.receive_eof()
                    raise self._ended("the server went away") from None
                except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as error:
                    raise self._ended("the connection broke") from error
                break
            if final or not self._open:
                raise Ended(ABNORMAL, "the server does not answer")
            self._protocol.send_ping(b"")
            self._wanted.set()
        self._protocol.receive_data(data)
        self._note_events()
        self._wanted.set()  # Pongs, and the echo of a close.

    def _note_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._frames.append(event)

    def _take(self, frame: Frame) -> bytes | None:
        if frame.opcode is Opcode.CLOSE:
            raise self._ended("")
        if frame.opcode in (Opcode.BINARY, Opcode.TEXT, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                message = b"".join(self._parts)
                self._parts.clear()
                return message
        return None

    def _ended(self, reason: str) -> Ended:
        close = self._protocol.close_rcvd
        if close is not None:
            return Ended(close.code, close.reason)
        broken = self._protocol.parser_exc
        return Ended(
            ABNORMAL, self._why or reason or (f"not WebSocket: {broken}" if broken else "")
        )

    async def _flush(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data:
            await self._stream.send(data)
