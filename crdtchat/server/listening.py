"""Sockets of several processes on one port, among which Linux spreads the connections."""

from __future__ import annotations

import socket

from crdtchat.server.settings import BadSetting


def reserve(host: str, port: int) -> list[socket.socket]:
    """Take a port for processes to come: bound, and deaf. Port 0: any free one.

    Raises BadSetting.
    """
    return _bind(host, port)


def listen_together(host: str, port: int) -> list[socket.socket]:
    """Sockets to listen on beside other processes of this user. Raises BadSetting."""
    return _bind(host, port)


def _bind(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind((address[0], port, *address[2:]))
            port = one.getsockname()[1]
    except OSError as error:
        for one in sockets:
            one.close()
        raise BadSetting(f"cannot listen on {host}, port {port}: {error.strerror}") from None
    return sockets
