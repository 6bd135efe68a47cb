"""Configuration of the Jupyter server under test: named users by token, and an authorizer."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import Authorizer, IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler

USERS = {
    # user: (name, may write, may moderate)
    "ann": ("Ann", True, False),
    "bob": ("Bob", True, False),
    "mod": ("Mo", True, True),
    "vic": ("Vic", False, False),
    "out": ("Otto", False, False),
    "blind": ("Bly", True, False),
    "pat": ("Pat", True, False),  # is blocked for a while, so no other test may need them
}


class TokenNames(IdentityProvider):
    """Signs in whoever shows `NAME-token`, and remembers it in a cookie, as browsers need."""

    def get_user(self, handler: JupyterHandler) -> User | None:  # type: ignore[override]
        """See IdentityProvider."""
        token = self.get_token(handler) or ""
        name = token.removesuffix("-token")
        if not token.endswith("-token") or name not in USERS:
            cookie = handler.get_secure_cookie("who")
            name = cookie.decode() if cookie else ""
        if name not in USERS:
            return None
        if token and not hasattr(handler, "ws_connection"):
            handler.set_secure_cookie("who", name)
        handler._token_authenticated = bool(token)  # type: ignore[attr-defined]
        return User(name, display_name=USERS[name][0])


class Table(Authorizer):
    """By the table above. Out reads no discussions, blind no files; the rest is everybody's."""

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        """See Authorizer."""
        _, write, moderate = USERS[user.username]
        if resource == "contents":
            return {"read": user.username != "blind", "write": write}[action]
        if resource != "crdtchat":
            return True
        return {"read": user.username != "out", "write": write, "execute": moderate}[action]


def configure(config: Any) -> None:
    """Set everything up."""
    config.ServerApp.identity_provider_class = TokenNames
    config.ServerApp.authorizer_class = Table
    config.ServerApp.allow_unauthenticated_access = False
    # Lab asks nobody for news of itself, and tests may ask it what it is doing.
    config.LabApp.news_url = None
    config.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    config.LabApp.expose_app_in_browser = True
    config.JupyterNotebookApp.expose_app_in_browser = True
    config.LabApp.extension_manager = "readonly"
