"""Tenants: whose pages, who may come in, from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from crdtchat.access.roles import Role

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant's access."""

    id: str
    guests: Role | None = None
    """The role of those who come without a token; None: nobody does."""
    secrets: tuple[str, ...] = ()
    """Keys of sign-in tokens (HS256), the newest first; old ones stay until tokens have expired."""
    origins: tuple[str, ...] = ()
    """Origins of the web pages that may embed it, as browsers spell them; `*` for any, and
    `loopback` for pages of this machine. The server's own origin is always allowed."""

    def allows_origin(self, origin: str | None, host: str) -> bool:
        """Whether a browser page of `origin` may connect to this server, called `host`.

        Programs that are no browsers send no origin, and need none: what they can do, they can do
        without us.
        """
        if origin is None or "*" in self.origins or origin in self.origins:
            return True
        parts = urlsplit(origin)
        if parts.netloc and parts.netloc == host:
            return True
        return "loopback" in self.origins and parts.hostname in LOOPBACK


Tenants = Mapping[str, Tenant]

DEMO: Tenants = {"demo": Tenant("demo", guests=Role.COMMENTER, origins=("loopback",))}
"""What a server on loopback offers when nothing is configured."""
