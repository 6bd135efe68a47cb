"""A central crdtchat server, where the users of many Jupyter servers meet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jwt

from crdtchat.access.principal import Principal

LIFETIME_S = 12 * 3600
"""Seconds a sign-in token is good for; the front end asks for a new one before it ends."""


class NotTheirs(Exception):
    """The only token at hand is somebody else's."""


class RunOut(Exception):
    """The only token at hand is good no more."""


@dataclass(frozen=True, slots=True)
class Central:
    """Where it is, and by what our users come in there."""

    url: str
    tenant: str
    secret: str
    """The tenant's HS256 secret, with which we sign any user in; empty: there is one token alone.
    It never leaves the server."""
    token: str
    """A sign-in token of the one whose server this is."""

    def token_of(self, principal: Principal, page: str) -> str:
        """Sign a user in to one page, with the role that Jupyter's authorizer gave them; or answer
        the token of the server's owner, whose role was decided by who made it.

        Raises NotTheirs for everybody but the owner where there is only the owner's token, and
        RunOut where that has run out.
        """
        if not self.secret:
            if owner_of(self.token) != principal.user:
                raise NotTheirs(
                    f"this server signs in {owner_of(self.token)} alone: open it on yours"
                )
            ends = _claims(self.token).get("exp")
            if isinstance(ends, int | float) and ends <= time.time():
                raise RunOut(
                    f"the token that this server was given for {self.url} has run out: start the "
                    "server anew, or ask whoever runs it for another one"
                )
            return self.token
        claims = {
            "sub": principal.user,
            "name": principal.name,
            "role": principal.role.value,
            "pages": literal(page),
            "exp": int(time.time()) + LIFETIME_S,
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")

    def exchange(self, page: str) -> str:
        """Says how a page's discussion is exported and imported there, which only owners may."""
        api = f"{self.url}/api/v1/{quote(self.tenant, safe='')}"
        where = f"page={quote(page, safe='')}"
        return (
            f"the discussion is on {self.url}: an owner of tenant {self.tenant} exports it with "
            f"GET {api}/export?{where} and imports with POST {api}/import?{where}"
        )


def owner_of(token: str) -> str:
    """Whose sign-in token it is; the central server checks it. Raises ValueError if it is none."""
    return str(_claims(token).get("sub", ""))


def _claims(token: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise ValueError(f"the token for the central server is no sign-in token: {error}") from None


def literal(page: str) -> str:
    """A glob that matches this page id and no other."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in page)
