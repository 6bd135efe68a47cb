"""Jupyter servers of this account, found by the files in which they say where they are.

Imports nothing of Jupyter's server, which may be installed elsewhere.
"""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

PATIENCE_S = 15.0
_FILES = "jpserver-*.json"


class Refused(Exception):
    """A server did not answer as it should."""

    def __init__(self, status: int, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        """0: it did not answer at all."""
        self.gone = gone
        """Nobody listens there: it has ended without a goodbye."""


@dataclass(frozen=True, slots=True)
class Server:
    """A Jupyter server, and by what it lets us in."""

    url: str
    token: str
    root: str
    """The folder whose files it shows."""
    process: str
    """Its process id; empty where it is not known."""
    context: ssl.SSLContext | None

    def ask(self, path: str, body: object = None, *, patience_s: float = PATIENCE_S) -> Any:
        """GET, or POST a JSON body; answers JSON. Raises Refused.

        patience_s: how long the server may take for each step of its answer.
        """
        request = Request(urljoin(self.url, path))
        if self.token:
            request.add_header("Authorization", f"token {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        # It is on this machine, whatever proxy leads to others.
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=self.context))
        try:
            with opener.open(request, timeout=patience_s) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise Refused(error.code, _message(error)) from None
        except (URLError, OSError, HTTPException, ValueError) as error:
            raise _unanswered(error) from None

    def with_token_of_environment(self) -> Server:
        """With the environment's token, where the server's own file holds none."""
        token = os.environ.get("JUPYTER_TOKEN") or os.environ.get("JUPYTERHUB_API_TOKEN", "")
        return self if self.token else replace(self, token=token)


def known_servers(folders: Iterable[Path], context: ssl.SSLContext | None) -> list[Server]:
    """All that left a file in these folders (Jupyter's runtime folders); some may have ended."""
    found = []
    for file in sorted({file for folder in folders for file in folder.resolve().glob(_FILES)}):
        try:
            info = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # of a server that begins or ends
        process = file.stem.removeprefix("jpserver-")
        found.append(Server(info["url"], info["token"], info["root_dir"], process, context))
    return found


def _unanswered(error: Exception) -> Refused:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = f"its certificate is not trusted ({reason.verify_message})"
        return Refused(0, f"{why}: set SSL_CERT_FILE to the file that it is in")
    return Refused(0, str(error), gone=isinstance(reason, ConnectionRefusedError))


def _message(error: HTTPError) -> str:
    try:
        return f"{error.code} {json.load(error)['message']}"
    except (ValueError, LookupError, TypeError, OSError):
        return f"{error.code} {error.reason}"
