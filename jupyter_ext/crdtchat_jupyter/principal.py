"""Jupyter's user as crdtchat's principal: identity and authorizer decide, nothing else does."""

from __future__ import annotations

import re
from getpass import getuser

from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from crdtchat.access.principal import GUEST_PREFIX, Principal
from crdtchat.access.roles import Role
from crdtchat.access.tokens import clean_name
from crdtchat.document.schema import is_user

RESOURCE = "crdtchat"
"""The authorizer is asked about this resource: `read` to see discussions, `write` to take part,
`execute` to moderate."""
TENANT = "jupyter"
_MADE_UP_ID = re.compile(r"[0-9a-f]{32}")


async def principal_of(handler: JupyterHandler) -> Principal:
    """Who asks, with the highest role that the authorizer grants.

    Raises HTTPError 403 if there is no user, or the authorizer does not let them read.
    """
    user = handler.current_user
    if user is None:
        raise HTTPError(403, "sign in first")
    # Discussions quote what they are about.
    for resource in (RESOURCE, "contents"):
        await require(handler, "read", resource)
    role = Role.VIEWER
    if await _may(handler, "write", RESOURCE):
        moderates = await _may(handler, "execute", RESOURCE)
        role = Role.MODERATOR if moderates else Role.COMMENTER
    username, shown = user.username, user.display_name or user.name
    if await _is_made_up(handler):
        username = shown = _account()
    return Principal(TENANT, user_id(username), clean_name(shown or username), role)


async def _is_made_up(handler: JupyterHandler) -> bool:
    """Whether the user is one that Jupyter made up for this request alone.

    Its own identity provider does so for everybody who shows the server's token and no cookie:
    programs, kernels first of all. They are the server's owner, each time the same.
    """
    user = handler.current_user
    if not (_MADE_UP_ID.fullmatch(user.username) and user.name.startswith("Anonymous ")):
        return False
    return await ensure_async(handler.identity_provider.get_user_cookie(handler)) is None


def _account() -> str:
    """Whose account the server runs under."""
    try:
        return getuser()
    except (OSError, KeyError):  # no name, as in some containers
        return "jupyter"


async def require(handler: JupyterHandler, action: str, resource: str) -> None:
    """Raises HTTPError 403 unless the authorizer lets the user do that."""
    if not await _may(handler, action, resource):
        name = handler.current_user.username
        raise HTTPError(403, f"{name} may not {action} {resource} here")


async def _may(handler: JupyterHandler, action: str, resource: str) -> bool:
    allowed = handler.authorizer.is_authorized(handler, handler.current_user, action, resource)
    return bool(await ensure_async(allowed))


def user_id(username: str) -> str:
    """Jupyter's user name as a user id of the schema, which has no `/` and no reserved prefix."""
    found = username.replace("/", "\u2215")
    if found.startswith(GUEST_PREFIX):
        found = f"user-{found}"
    found = found[:128]
    if not is_user(found):
        raise HTTPError(403, "the user name holds characters that no user id may have")
    return found
