"""A central crdtchat server, where the users of many Jupyter servers meet."""

from __future__ import annotations

import time
from dataclasses import dataclass

import jwt

from crdtchat.access.principal import Principal

LIFETIME_S = 12 * 3600
"""Seconds a sign-in token is good for; the front end asks for a new one before it ends."""


@dataclass(frozen=True, slots=True)
class Central:
    """Where it is, and what makes our word about a user worth something there."""

    url: str
    tenant: str
    secret: str
    """The tenant's HS256 secret. It never leaves the server."""

    def token(self, principal: Principal, page: str) -> str:
        """Sign a user in to one page, with the role that Jupyter's authorizer gave them."""
        claims = {
            "sub": principal.user,
            "name": principal.name,
            "role": principal.role.value,
            "pages": literal(page),
            "exp": int(time.time()) + LIFETIME_S,
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")


def literal(page: str) -> str:
    """A glob that matches this page id and no other."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in page)
