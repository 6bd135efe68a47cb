"""Names by which a server is asked (the `Host` header, RFC 9110 section 7.2).

Whoever owns a name may have it stand for the reader's own machine (DNS rebinding). A page of that
name is then, for the browser, one of the server's own, and its `Origin` is what `Host` says. Only
the name gives it away, which is none that the server has.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from ipaddress import ip_address

from crdtchat.access.origins import read_origin

logger = logging.getLogger("crdtchat.access")

ANY = "*"
_NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


class BadHost(ValueError):
    """A name that no request could have; the text says what to write."""


def check_name(text: str) -> str:
    """A name as it is kept. Raises BadHost."""
    name = text.strip().lower()
    if name != ANY and _NAME.fullmatch(name) is None:
        raise BadHost(
            f"{text!r} is no name of a host: write comments.example.org or *.example.org, without "
            "scheme and port"
        )
    return name


class Hosts:
    """Those that a server answers to: its machine's own names, any address, names of one word, and
    those named here.

    An address is nobody's to make stand for another one, and a name of one word (of a neighbour, a
    container) nobody's on the Internet. Who says no name is no browser.
    """

    def __init__(self, names: Iterable[str] = (ANY,)) -> None:
        self._names = frozenset(names)
        self._told = False

    def refusal(self, host: str) -> str:
        """Why a request with this `Host` is not answered, with the remedy; empty: it is."""
        if ANY in self._names or not host or self._knows(host):
            return ""
        words = (
            f"this server is not known as {host[:255]!r}: if it should be, as behind a reverse "
            "proxy, start it with --allowed-hosts NAME, or --trusted-proxies ADDRESS"
        )
        if not self._told:
            self._told = True
            logger.warning("%s (said once)", words)
        return words

    def _knows(self, host: str) -> bool:
        found = read_origin(f"http://{host}")
        if found is None:
            return False
        name = found.host.removesuffix(".")
        if name.endswith(".localhost") or name in self._names:
            return True
        if any(one[0] == "*" and name.endswith(one[1:]) for one in self._names):
            return True
        try:
            ip_address(name)
        except ValueError:
            return "." not in name and _NAME.fullmatch(name) is not None
        return True
