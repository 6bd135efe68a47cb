"""Whether a server can listen at an address, and if not, why and what to do."""

from __future__ import annotations

import errno
import os
import socket
from typing import NamedTuple


class Obstacle(NamedTuple):
    """Why nothing can listen there."""

    words: str
    remedy: str
    taken: bool = False
    """Something listens there already."""


_REMEDIES = {
    errno.EADDRINUSE: "stop what listens there, or choose another with --port",
    errno.EACCES: "choose a port above 1023, or allow this one: "
    "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit",
    errno.EADDRNOTAVAIL: "choose an address of this machine with --host, or 0.0.0.0 for all",
}


def obstacle(host: str, port: int) -> Obstacle | None:
    """Try it, and let go again; None: nothing is in the way."""
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        why = error.strerror if isinstance(error, socket.gaierror) else "no name looks so"
        words = f"no address is known for the host {host!r}: {why}"
        return Obstacle(words, _REMEDIES[errno.EADDRNOTAVAIL])
    for family, kind, protocol, _, address in places:
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(address)
            except OSError as error:
                words = f"{host} port {port} cannot be listened on: {error.strerror}"
                remedy = _REMEDIES.get(error.errno or 0, _REMEDIES[errno.EADDRNOTAVAIL])
                return Obstacle(words, remedy, error.errno == errno.EADDRINUSE)
    return None
