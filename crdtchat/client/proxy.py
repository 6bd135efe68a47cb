"""Ways to the server: straight, or through the proxy that the environment names.

`HTTPS_PROXY` is asked for servers with TLS, `HTTP_PROXY` for those without, `ALL_PROXY` for both;
`NO_PROXY` names those that are asked straight, as what is on this machine always is: a proxy's
loopback is another. Macs and Windows have settings of the system beside these variables. The proxy
is asked for a tunnel (CONNECT): only the server reads what goes through.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from http.client import HTTPConnection, HTTPSConnection
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from anyio.abc import SocketStream
from anyio.to_thread import run_sync

from crdtchat.client.address import Address


class BadProxy(OSError):
    """The environment names a proxy that cannot be used; the text says what to do."""


class Proxy(NamedTuple):
    """A proxy that makes tunnels."""

    host: str
    port: int
    headers: dict[str, str]
    """By which it is asked: who we are, where it wants to know."""

    def through(self, connection: HTTPConnection, host: str, port: int) -> HTTPConnection:
        """Lead a connection to this proxy, which is not open yet, on to a server."""
        connection.set_tunnel(host, port, self.headers)
        return connection

    async def connect(self, host: str, port: int, patience_s: float) -> SocketStream:
        """A tunnel to a server. Raises OSError and HTTPException."""
        connection = self.through(HTTPConnection(self.host, self.port, patience_s), host, port)
        left = False

        def open_it() -> None:
            connection.connect()
            if left:
                connection.close()

        try:
            await run_sync(open_it, abandon_on_cancel=True)
        except BaseException:
            left = True
            raise
        # The connection goes on to the stream, whoever else still holds a file of it.
        return await SocketStream.from_socket(connection.sock.detach())


def proxy_to(address: Address) -> Proxy | None:
    """By which proxy to go to a server; None: by none. Raises BadProxy."""
    host = address.host
    if address.direct or _is_here(host) or proxy_bypass(f"{host}:{address.port}"):
        return None
    named = getproxies()
    url = named.get("https" if address.is_secure else "http") or named.get("all")
    return _read(url) if url else None


def connection_to(
    address: Address, patience_s: float, context: ssl.SSLContext | None
) -> HTTPConnection:
    """A connection for HTTP, not open yet. Raises BadProxy."""
    proxy = proxy_to(address)
    host, port = (address.host, address.port) if proxy is None else (proxy.host, proxy.port)
    connection: HTTPConnection
    if address.is_secure:
        context = context or ssl.create_default_context()
        connection = HTTPSConnection(host, port, timeout=patience_s, context=context)
    else:
        connection = HTTPConnection(host, port, timeout=patience_s)
    if proxy is None:
        return connection
    return proxy.through(connection, address.ascii_host, address.port)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read(url: str) -> Proxy:
    """Raises BadProxy, whose text has no password."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        raise BadProxy("the proxy that the environment names is no URL") from None
    if parts.scheme != "http" or not host:
        raise BadProxy(
            f"the environment names a proxy of the kind {parts.scheme}://, and only those of "
            "http:// can be used: name one in HTTPS_PROXY or HTTP_PROXY, or the server in NO_PROXY"
        )
    headers = {}
    if parts.username is not None:
        who = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(who.encode()).decode()}"
    return Proxy(host, port, headers)
