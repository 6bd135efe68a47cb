"""Tokens: API tokens hashed at rest, sign-in tokens (JWT) of a tenant, guest tokens of our own.

Algorithms are pinned at every decode (RFC 8725 section 3.1): what a token says of itself does not
choose.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

import jwt

from crdtchat.access.keys import Key
from crdtchat.access.principal import GUEST_PREFIX, Denied, Principal
from crdtchat.access.roles import Role
from crdtchat.access.tenants import Tenant
from crdtchat.document.schema import NAME_CP, is_user
from crdtchat.stores.base import Token

API_PREFIX = "cct_"
GUEST_AUDIENCE = "crdtchat-guest"
GUEST_NAME = "Guest"
LEEWAY_S = 2
"""How far the clocks of those who issue tokens may be from ours."""
LEEWAY_MS = LEEWAY_S * 1_000
MOST_CHARACTERS = 8_192
"""Of a token that is looked at."""
_NOT_VALID = "the sign-in token is not valid here"


def new_api_secret() -> str:
    """Make the secret of an API token: 256 random bits behind a prefix that scanners can find."""
    return API_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of an API token. Its entropy is its own salt."""
    return hashlib.sha256(secret.encode()).digest()


def principal_of_api_token(token: Token | None, tenant: str, now: int) -> tuple[Principal, int]:
    """Who it is, and until when (milliseconds since 1970; 0 for ever).

    Raises Denied if the token is unknown, another tenant's, revoked or expired.
    """
    if token is None or token.tenant != tenant:
        raise Denied("no such token")
    if token.revoked:
        raise Denied("the token was revoked")
    if token.expires and token.expires <= now:
        raise Denied("the token has expired")
    principal = Principal(tenant, token.user, token.name, Role(token.role), (token.pages,))
    return principal, token.expires


def principal_of_sign_in(
    text: str, tenant: Tenant, keys: Sequence[Key], now: int
) -> tuple[Principal, int]:
    """Read a tenant's sign-in token: `sub`, `exp`, optional `name`, `role`, `pages`.

    Answers who it is, and until when (milliseconds since 1970). Raises Denied.
    """
    try:
        kid = jwt.get_unverified_header(text).get("kid")
    except jwt.InvalidTokenError:
        raise Denied(_NOT_VALID) from None
    for key in keys:
        if kid and key.kid and key.kid != kid:
            continue
        try:
            claims = jwt.decode(
                text,
                key.material,
                algorithms=[key.algorithm],
                audience=tenant.audience or None,
                leeway=LEEWAY_S,
                options={"require": ["sub", "exp"], "verify_aud": bool(tenant.audience)},
            )
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError):
            continue
        except jwt.ExpiredSignatureError:
            raise Denied("the sign-in token has expired") from None
        except jwt.ImmatureSignatureError:
            raise Denied("the sign-in token is not valid yet") from None
        except jwt.InvalidAudienceError:
            raise Denied("the sign-in token is for somebody else (aud)") from None
        except jwt.MissingRequiredClaimError as error:
            raise Denied(f"the sign-in token does not say {error.claim}") from None
        except jwt.InvalidTokenError:
            raise Denied(_NOT_VALID) from None
        expires = int(claims["exp"]) * 1_000
        return _principal(claims, tenant.id), expires if expires > now else expires + LEEWAY_MS
    raise Denied(_NOT_VALID)


def new_guest(tenant: Tenant, name: str, key: bytes) -> tuple[Principal, str]:
    """Make a guest and the token by which they come back as the same one."""
    assert tenant.guests is not None
    user = GUEST_PREFIX + secrets.token_urlsafe(6)
    shown = clean_name(name) or GUEST_NAME
    claims = {"aud": GUEST_AUDIENCE, "sub": user, "name": shown, "tenant": tenant.id}
    principal = Principal(tenant.id, user, shown, tenant.guests, guest=True)
    return principal, jwt.encode(claims, key, algorithm="HS256")


def principal_of_guest(text: str, tenant: Tenant, key: bytes) -> Principal:
    """Read a guest token. Raises Denied."""
    try:
        claims = jwt.decode(text, key, algorithms=["HS256"], audience=GUEST_AUDIENCE)
    except jwt.InvalidTokenError:
        raise Denied("the guest token is not valid here") from None
    if claims.get("tenant") != tenant.id or tenant.guests is None:
        raise Denied("guests may not come in here")
    user, name = claims.get("sub"), claims.get("name")
    if not isinstance(user, str) or not isinstance(name, str):
        raise Denied("the guest token is not valid here")
    return Principal(tenant.id, user, name, tenant.guests, guest=True)


def is_guest_token(text: str) -> bool:
    """Whether it claims to be a guest token (which is then verified as one)."""
    try:
        claims = jwt.decode(text, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return False
    return claims.get("aud") == GUEST_AUDIENCE


def clean_name(name: str) -> str:
    """A name as it is shown: one line, without control characters, not too long."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:NAME_CP]


def _principal(claims: dict[str, Any], tenant: str) -> Principal:
    user, name = claims.get("sub"), claims.get("name")
    role, pages = claims.get("role", Role.COMMENTER), claims.get("pages", "*")
    if not isinstance(user, str) or not is_user(user) or user.startswith(GUEST_PREFIX):
        raise Denied("the token's sub is not a user id")
    globs = tuple(pages) if isinstance(pages, list) else (pages,)
    if role not in list(Role) or not all(isinstance(glob, str) for glob in globs):
        raise Denied("the token's role or pages are not valid")
    shown = clean_name(name) if isinstance(name, str) else ""
    return Principal(tenant, user, shown or user, Role(role), globs)
