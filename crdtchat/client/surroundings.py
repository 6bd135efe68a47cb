"""Where a page is, for who does not say: from the environment, or from the program that runs us.

Such programs make themselves known by an entry point of the group `crdtchat.surroundings`: a
function `find(context) -> Place | None` that answers None where we do not run in it, and raises
ValueError, with the remedy, where we do and the place cannot be found.
"""

from __future__ import annotations

import os
import ssl
from importlib.metadata import entry_points
from typing import NamedTuple

GROUP = "crdtchat.surroundings"
TENANT = "demo"


class Place(NamedTuple):
    """A page, and who comes to it."""

    url: str
    """Of the server."""
    tenant: str
    page: str
    """Empty where the surroundings suggest none."""
    token: str
    """Empty for guests."""
    direct: bool = False
    """Whether the server is what runs this program: no proxy leads there."""


def locate(
    url: str | None,
    tenant: str | None,
    page: str | None,
    token: str | None,
    context: ssl.SSLContext | None,
) -> Place:
    """Complete what was given. Raises ValueError where there is no server, or no page, and for a
    token that is none.

    May ask a server over HTTP, and wait for its answer, if no URL is given.
    """
    url = url or os.environ.get("CRDTCHAT_URL", "")
    found = Place(url, TENANT, "", os.environ.get("CRDTCHAT_TOKEN", "")) if url else _find(context)
    place = found._replace(
        tenant=tenant or found.tenant, page=page or found.page, token=token or found.token
    )
    if not place.page:
        raise ValueError("no page: say which with page=")
    if odd := next((one for one in place.token if not (one.isascii() and one.isprintable())), ""):
        # Mostly the end of the line in the file that the token was read from.
        raise ValueError(f"the token holds {odd!r}, which no token does")
    return place


def _find(context: ssl.SSLContext | None) -> Place:
    for entry in entry_points(group=GROUP):
        try:
            find = entry.load()
        except ModuleNotFoundError:
            # Where what it needs is not installed, that program does not run us.
            continue
        found: Place | None = find(context)
        if found is not None:
            return found
    raise ValueError(
        "no server: give its URL, or set CRDTCHAT_URL "
        "(in a notebook of a Jupyter server with crdtchat[jupyter] it is found without)"
    )
