"""The WebSocket route: admits, then hands the connection to the hub."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from crdtchat.access.gate import Admission, Gate, NoTenant
from crdtchat.access.guard import Guard, TooManyConnections
from crdtchat.access.origins import PROGRAM, From
from crdtchat.access.page_ids import NO_PAGE_ID, is_page_id
from crdtchat.access.principal import Denied
from crdtchat.host.channel import Channel, ChannelClosed, Direct
from crdtchat.host.hub import Hub, Visit
from crdtchat.server.credentials import credentials
from crdtchat.server.direct import DIRECT
from crdtchat.server.doors import Crowded, Doors
from crdtchat.stores.base import DocumentKey, StoreError
from crdtchat.sync.codes import CloseCode, close_reason
from crdtchat.sync.message import SUBPROTOCOL

MAX_FRAME = 1_100_000
"""Bytes of the largest frame the server reads: what a stock client may offer when it returns."""


class SocketChannel:
    """A Starlette WebSocket as the host's channel."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self.direct: Direct | None = socket.scope.get("extensions", {}).get(DIRECT)
        """Where the server has one: ours does, others that the app is mounted in do not."""

    async def receive(self) -> bytes:
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            raise ChannelClosed
        data: bytes | None = message.get("bytes")
        if data is None:
            await self.close(CloseCode.MALFORMED, "binary frames only")
            raise ChannelClosed
        return data

    async def send(self, frame: bytes) -> None:
        try:
            await self._socket.send({"type": "websocket.send", "bytes": frame})
        except (WebSocketDisconnect, RuntimeError, OSError):
            raise ChannelClosed from None

    async def close(self, code: int, reason: str) -> None:
        if self._socket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            await self._socket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return


async def serve_socket(socket: WebSocket) -> None:
    """`/sync/{tenant}/{page}`.

    The handshake is accepted before the gate decides, and then closed with a code: browsers do not
    tell a page why a handshake failed.
    """
    doors: Doors = socket.app.state.doors
    v1 = SUBPROTOCOL in socket.scope.get("subprotocols", [])
    await socket.accept(SUBPROTOCOL if v1 else None)
    channel = SocketChannel(socket)
    try:
        with doors.socket_of(socket.client.host if socket.client else ""):
            joining = await _admit(socket, channel, v1)
            if joining is None:
                return
            # Cookies and tokens have done their work, and need not lie in memory for hours.
            socket.scope["headers"].clear()
            state = socket.app.state
            await serve_admitted(
                state.hub, state.gate, state.guard, channel, joining, channel.direct
            )
    except Crowded:
        await channel.close(CloseCode.TOO_FAST, "too many connections from your address")


async def _admit(socket: WebSocket, channel: SocketChannel, v1: bool) -> Joining | None:
    """Look at who comes. None: they were sent away."""
    hub: Hub = socket.app.state.hub
    gate: Gate = socket.app.state.gate
    tenant_name, page = split_path(socket)
    # Remembers what it has parsed, and is forgotten with it.
    asked = HTTPConnection(socket.scope)
    query, host = asked.query_params, asked.headers.get("host", "")
    refusal = socket.app.state.hosts.refusal(host)
    if refusal:
        hub.counters.add("denied")
        await channel.close(CloseCode.FORBIDDEN, close_reason(refusal))
        return None
    try:
        tenant = gate.tenant(tenant_name)
        if not is_page_id(page):
            raise Denied(NO_PAGE_ID, forbidden=True)
        origin = asked.headers.get("origin")
        if not tenant.allows_origin(origin, host):
            words = f"pages of {origin} may not embed this tenant: its origins do not name them"
            raise Denied(words, forbidden=True)
        admission = await gate.admit(
            tenant,
            token=credentials(asked, tenant),
            name=query.get("name", ""),
            now=hub.sources.now().wall,
            page=page,
        )
    except NoTenant:
        await channel.close(CloseCode.NO_TENANT, "there is no such tenant")
        return None
    except Denied as denied:
        hub.counters.add("denied")
        key, now = DocumentKey(tenant_name, page), hub.sources.now().wall
        hub.counters.refusals.note_denied(key, denied, now, "socket")
        code = CloseCode.FORBIDDEN if denied.forbidden else CloseCode.SIGN_IN
        await channel.close(code, close_reason(denied.reason))
        return None
    except StoreError as error:
        await channel.close(CloseCode.UNAVAILABLE, close_reason(error.told))
        return None
    return Joining(
        *(admission, page, v1, parse_lease(query.get("lease", ""))),
        page_versions=tenant.page_versions,
        sender=From(origin, host),
    )


@dataclass(frozen=True, slots=True)
class Joining:
    """Who comes to a page, and how."""

    admission: Admission
    page: str
    v1: bool
    resume: tuple[int, str] | None
    page_versions: bool
    sender: From = PROGRAM


async def serve_admitted(
    hub: Hub,
    gate: Gate,
    guard: Guard,
    channel: Channel,
    joining: Joining,
    direct: Direct | None = None,
) -> None:
    """Serve a connection of somebody who was let in, until it ends or they may not stay.

    `direct`: the channel's short way, where it has one.
    """
    admission, page = joining.admission, joining.page
    try:
        with guard.guarding(admission, page, joining.sender) as guarded:
            visit = Visit(
                key=DocumentKey(admission.principal.tenant, page),
                peer=gate.peer(admission.principal),
                v1=joining.v1,
                resume=joining.resume,
                token=admission.token if admission.is_new else None,
                page_versions=joining.page_versions,
                attach=guarded.attach,
            )
            await hub.serve(channel, visit, direct)
    except TooManyConnections as error:
        await channel.close(CloseCode.TOO_FAST, close_reason(str(error)))


def split_path(socket: WebSocket) -> tuple[str, str]:
    """Tenant and page id. An encoded page id is one segment; stock providers do not encode."""
    raw: bytes | None = socket.scope.get("raw_path")
    path = raw.decode("latin-1") if raw else socket.scope["path"]
    root: str = socket.scope.get("root_path", "")
    rest = path.removeprefix(root).removeprefix("/sync/")
    tenant, _, page = rest.partition("/")
    return unquote(tenant), unquote(page)


def parse_lease(text: str) -> tuple[int, str] | None:
    """`{client}-{nonce}`; anything else is no lease."""
    client, _, nonce = text.partition("-")
    return (int(client), nonce) if client.isdecimal() and len(client) < 17 and nonce else None
