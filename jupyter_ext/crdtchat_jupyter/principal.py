"""Jupyter's user as crdtchat's principal: identity and authorizer decide, nothing else does."""

from __future__ import annotations

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


async def principal_of(handler: JupyterHandler) -> Principal:
    """Who asks, with the highest role that the authorizer grants.

    Raises HTTPError 403 if there is no user, or the authorizer does not let them read.
    """
    user = handler.current_user
    if user is None:
        raise HTTPError(403, "sign in first")

    async def may(action: str) -> bool:
        allowed = handler.authorizer.is_authorized(handler, user, action, RESOURCE)
        return bool(await ensure_async(allowed))

    if not await may("read"):
        raise HTTPError(403, f"{user.username} may not read discussions here")
    role = Role.VIEWER
    if await may("write"):
        role = Role.MODERATOR if await may("execute") else Role.COMMENTER
    name = clean_name(user.display_name or user.name or user.username)
    return Principal(TENANT, user_id(user.username), name, role)


def user_id(username: str) -> str:
    """Jupyter's user name as a user id of the schema, which has no `/` and no reserved prefix."""
    found = username.replace("/", "\u2215")
    if found.startswith(GUEST_PREFIX):
        found = f"user-{found}"
    found = found[:128]
    if not is_user(found):
        raise HTTPError(403, "the user name holds characters that no user id may have")
    return found
