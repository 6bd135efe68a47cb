"""Where a webhook may lead: to the public internet, or into networks that the operator named.

Whoever can have a webhook could otherwise make this server ask its own machine, its neighbours or
the cloud's metadata service (server-side request forgery). So a name is resolved once for each
attempt, every address it stands for is checked, and the connection goes to one of these, whatever
the name stands for a moment later.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple
from urllib.parse import urlsplit

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

URL_CHARACTERS = 2_048
_NAT64 = ip_network("64:ff9b::/96")
# What older Pythons call global, or what lies between the private and the public.
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "192.88.99.0/24",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ),
    )
)
_PORTS = {"http": 80, "https": 443}


class BadUrl(ValueError):
    """No URL that events can be sent to; the text is one sentence with the remedy."""


class Unreachable(Exception):
    """The name does not resolve, or leads where webhooks may not."""


class Target(NamedTuple):
    """A URL in the parts that a request is made of."""

    secure: bool
    host: str
    port: int
    authority: str
    """As the Host header says it."""
    path: str
    """With the query."""


def read_url(url: str) -> Target:
    """Take a URL apart. Raises BadUrl."""
    # No control character may get into the head of the request.
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > URL_CHARACTERS:
        raise BadUrl(
            f"a webhook's URL has at most {URL_CHARACTERS} characters, all of them ASCII (names as "
            "xn--..., the rest percent-encoded)"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadUrl(f"{url!r} is no URL") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadUrl(f"{url!r} is no URL that begins with https://")
    if "@" in parts.netloc or parts.fragment:
        raise BadUrl("a webhook's URL has no user, password or fragment: its secret signs instead")
    path = parts.path or "/"
    return Target(
        parts.scheme == "https",
        parts.hostname,
        _PORTS[parts.scheme] if port is None else port,
        parts.netloc,
        f"{path}?{parts.query}" if parts.query else path,
    )


def is_public(address: Address) -> bool:
    """Whether an address is anybody's: none of a machine's, a site's or a cloud's own, in whatever
    form of IPv6 it is wrapped."""
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
        if any(one is not None and not is_public(one) for one in inner):
            return False
        if address.ipv4_mapped is not None:
            return True
    special = address.is_multicast or (address.is_reserved and address not in _NAT64)
    return address.is_global and not special and not any(address in net for net in _NOT_PUBLIC)


async def find_addresses(
    target: Target, networks: Sequence[Network], limiter: CapacityLimiter
) -> list[str]:
    """Resolve a target's host; answer addresses to connect to, all of them checked.

    `networks`: those of the operator's own that are allowed too, and there without TLS. `limiter`
    bounds the threads that wait for the resolver. Raises Unreachable.
    """
    try:
        found = await run_sync(
            _resolve, target.host, target.port, limiter=limiter, abandon_on_cancel=True
        )
    except (OSError, UnicodeError):
        raise Unreachable(f"{target.host} cannot be resolved") from None
    for text in found:
        _check_address(ip_address(text), target, networks)
    return found


def check_url(url: str, networks: Sequence[Network]) -> None:
    """See, without asking for any name, whether a webhook may lead there: an address is checked as
    it will be, and a name only for what no answer can mend. Raises BadUrl."""
    target = read_url(url)
    if not target.secure and not networks:
        raise BadUrl(
            f"{target.authority} has to be reached by https://: http:// leads only into networks "
            "of your own, which the setting webhook_networks names"
        )
    try:
        address = ip_address(target.host)
    except ValueError:
        return
    try:
        _check_address(address, target, networks)
    except Unreachable as error:
        raise BadUrl(f"{error}: the setting webhook_networks names what is allowed too") from None


def _check_address(address: Address, target: Target, networks: Sequence[Network]) -> None:
    plain = (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
    if any(plain in network for network in networks):
        return
    if not is_public(address):
        raise Unreachable(f"{target.host} leads to {plain}, which is no public address")
    if not target.secure:
        raise Unreachable("only https:// may leave the operator's own networks")


def _resolve(host: str, port: int) -> list[str]:
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))
