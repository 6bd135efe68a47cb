"""Tenants: whose pages, who may come in, from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from crdtchat.access import origins
from crdtchat.access.keys import Key
from crdtchat.access.roles import Role


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a tenant and of each of its users. 0 is no bound."""

    operations_per_minute: int = 0
    """Writes of all users; a minute's worth may come at once."""
    user_operations_per_minute: int = 0
    guest_operations_per_minute: int = 0
    """Of all guests together: whoever likes becomes another one."""
    bytes_per_minute: int = 0
    """Of what is written."""
    user_bytes_per_minute: int = 0
    reads_per_minute: int = 0
    """What is read over REST, by all users."""
    user_reads_per_minute: int = 0
    """By one user; by one address where it is a guest."""
    connections: int = 0
    """Open sockets and streams of events."""
    user_connections: int = 0
    annotations_per_page: int = 0
    annotations_per_day: int = 0
    """New ones of all users, from one UTC midnight to the next."""
    comment_characters: int = 0
    """Less than the schema's 10,000."""


NO_LIMITS = Limits()
DEFAULT_LIMITS = Limits(
    operations_per_minute=60_000,
    user_operations_per_minute=1_000,
    guest_operations_per_minute=6_000,
    bytes_per_minute=120_000_000,
    user_bytes_per_minute=10_000_000,
    reads_per_minute=120_000,
    user_reads_per_minute=6_000,
    connections=20_000,
    user_connections=200,
    annotations_per_page=10_000,
)
"""Of a tenant that is described without others: far above what people do, also when a day's work
offline comes in at once, and below what hurts the others."""


class Terms(NamedTuple):
    """What is fixed of a tenant while a connection lasts. Bounds that are counted are not: those of
    the moment hold."""

    metered: bool
    annotations_per_page: int
    has_quota: bool
    comment_characters: int
    page_versions: bool


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant's access."""

    id: str
    guests: Role | None = None
    """The role of those who come without a token; None: nobody does."""
    keys: tuple[Key, ...] = ()
    """Keys of sign-in tokens, the newest first; old ones stay until tokens have expired."""
    key_set: str = ""
    """Path of a JWKS file with more keys, read again when it changes; empty for none."""
    audience: str = ""
    """What sign-in tokens must be for (`aud`); empty: it is not looked at."""
    origins: tuple[str, ...] = ()
    """Patterns (see `crdtchat.access.origins`) of the web pages that may embed it. The server's
    own origin is always allowed."""

    limits: Limits = NO_LIMITS
    page_versions: bool = True
    """Whether the texts that annotations are made on are kept beside the discussions."""
    retention_days: int = 0
    """How long resolved threads, tombstones and the audit log are kept; 0: for ever."""
    retention_holds: tuple[str, ...] = ()
    """Globs over page ids: what stands there is kept, however old."""

    @property
    def terms(self) -> Terms:
        """What a connection begins with, and goes by until it ends."""
        limits = self.limits
        return Terms(
            limits != NO_LIMITS,
            limits.annotations_per_page,
            bool(limits.annotations_per_day),
            limits.comment_characters,
            self.page_versions,
        )

    def holds(self, page: str) -> bool:
        """Whether what stands on a page is kept, however old."""
        return any(fnmatchcase(page, glob) for glob in self.retention_holds)

    def allows_origin(self, origin: str | None, host: str) -> bool:
        """Whether a browser page of `origin` may connect to this server, called `host`.

        Programs that are no browsers send no origin, and need none: what they can do, they can do
        without us.
        """
        return origin is None or origins.ANY in self.origins or self.trusts_origin(origin, host)

    def trusts_origin(self, origin: str | None, host: str) -> bool:
        """Whether it is the server's own or one that the tenant names: its pages may use what the
        browser knows of the user. No origin is none of these, and `*` names nobody."""
        if origin is None:
            return False
        return origins.is_same(origin, host) or origins.matches(self.origins, origin)


Tenants = Mapping[str, Tenant]

DEMO: Tenants = {"demo": Tenant("demo", guests=Role.COMMENTER, origins=("loopback",))}
"""What a server on loopback offers when nothing is configured."""
