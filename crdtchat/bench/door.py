"""Where a page is reached, and how one talks there."""

from __future__ import annotations

from dataclasses import dataclass

from crdtchat.bench.framing import encode_handshake
from crdtchat.sync.message import SUBPROTOCOL
from crdtchat.sync.wire import string, uint

_AUTH, _TOKEN = 2, 0
"""Hocuspocus' message that has to come first, and its only kind."""


@dataclass(frozen=True, slots=True)
class Door:
    """One page of one server."""

    host: str
    port: int
    path: str
    """Path and query, percent-encoded."""
    v1: bool = False
    """Whether crdtchat.v1 is spoken; else the y-websocket protocol."""
    document: str = ""
    """Hocuspocus names the document before every message; empty for all others."""

    @property
    def prefix(self) -> bytes:
        """What stands before every message, to and from the server."""
        return string(self.document) if self.document else b""

    @property
    def request(self) -> bytes:
        """The upgrade request."""
        return encode_handshake(
            f"{self.host}:{self.port}", self.path, SUBPROTOCOL if self.v1 else ""
        )

    @property
    def greeting(self) -> bytes:
        """A message, without prefix, that has to come before all others; or nothing."""
        return uint(_AUTH) + uint(_TOKEN) + string("none") if self.document else b""
