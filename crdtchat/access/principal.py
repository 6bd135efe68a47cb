"""Who somebody is, once they have shown it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from crdtchat.access.roles import ALLOWED, Action, Role
from crdtchat.document.schema import IMPORT_PREFIX, is_imported
from crdtchat.sync.session import Peer

GUEST_PREFIX = "~"
"""Guests' ids begin so; nobody else's may. One character: it is in every record of theirs."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A user of a tenant, as attested by a token."""

    tenant: str
    user: str
    name: str
    role: Role
    pages: tuple[str, ...] = ("*",)
    """Globs over the page ids the token is for."""
    guest: bool = False

    def __post_init__(self) -> None:
        """Raises Denied for an id that is kept for people of elsewhere."""
        if is_imported(self.user):
            raise Denied(f"user ids that begin with {IMPORT_PREFIX} are kept for imported words")

    def may(self, action: Action, page: str | None = None) -> bool:
        """Whether the role allows it, on this page if one is named."""
        if page is not None and not any(fnmatchcase(page, glob) for glob in self.pages):
            return False
        return action in ALLOWED[self.role]

    def peer(self) -> Peer:
        """As a room sees them."""
        return Peer(
            user=self.user,
            name=self.name,
            role=self.role.value,
            may_comment=self.may(Action.COMMENT),
            may_moderate=self.may(Action.MODERATE),
            guest=self.guest,
        )

    def importer(self, page: str | None) -> Peer:
        """Themselves, lent the right to write for people of elsewhere, on a page or (None) on
        those that a file names. Raises Denied."""
        if not self.may(Action.IMPORT, page):
            raise Denied(f"the role {self.role} may not import here", forbidden=True)
        return replace(self.peer(), may_import=True)


class Denied(Exception):
    """Nobody may come in so. `missing` tells apart: sign in, or not with this."""

    def __init__(
        self,
        reason: str,
        *,
        missing: bool = False,
        forbidden: bool = False,
        who: Principal | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing
        """No credentials where some are needed."""
        self.forbidden = forbidden
        """Known, but not allowed; else the credentials are not valid."""
        self.who = who
        """Who it is that may not, where that is known."""
