"""Configuration of a Jupyter server as people run their own: a login page, cookies, and no token.

`NAME-password` signs NAME in; who may do what is as in `server_config`.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import User
from jupyter_server.auth.identity import PasswordIdentityProvider
from jupyter_server.auth.security import passwd
from tornado.web import RequestHandler

from tests.jupyter.server_config import USERS
from tests.jupyter.server_config import configure as configure_others


class PasswordNames(PasswordIdentityProvider):
    """Jupyter's own login by password, to more than one user."""

    def process_login_form(self, handler: RequestHandler) -> User | None:
        """See PasswordIdentityProvider."""
        name = handler.get_argument("password", default="").removesuffix("-password")
        return User(name, display_name=USERS[name][0]) if name in USERS else None


def configure(config: Any) -> None:
    """Set everything up."""
    configure_others(config)
    config.ServerApp.identity_provider_class = PasswordNames
    config.PasswordNames.hashed_password = passwd("what no test types")  # type: ignore[no-untyped-call]
    config.IdentityProvider.token = ""
