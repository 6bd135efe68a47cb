"""Origins of web pages (RFC 6454), and the patterns by which a tenant names those it trusts.

A pattern is an origin as browsers spell it (`https://docs.example.org`, with the port where it is
not the scheme's own), `https://*.example.org` for every name below one, `null` for pages that have
none of their own (files, sandboxed frames), `loopback` for pages of this machine, or `*` for any.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ANY, NULL, THIS_MACHINE = "*", "null", "loopback"
_PORTS = {"http": 80, "https": 443}


class BadOrigin(ValueError):
    """A pattern that could never match, or not what is meant; the text says what to write."""


class From(NamedTuple):
    """Where a connection comes from: its `Origin` header, and what it called the server. Programs
    send no origin."""

    origin: str | None = None
    host: str = ""


PROGRAM = From()
"""No page of a browser, or one that somebody else looks after."""


class Origin(NamedTuple):
    """Scheme, host and port, all three always there."""

    scheme: str
    host: str
    port: int


def read_origin(text: str) -> Origin | None:
    """Read an origin; None for what is none, such as `null` or a URL with a path."""
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError:
        return None
    if f"{parts.scheme}://{parts.netloc}" != text.lower() or "@" in parts.netloc:
        return None
    port = port if port is not None else _PORTS.get(parts.scheme, 0)
    return Origin(parts.scheme, parts.hostname, port) if parts.hostname else None


def check_pattern(text: str) -> str:
    """A pattern as it is kept. Raises BadOrigin."""
    if text in (ANY, NULL, THIS_MACHINE):
        return text
    pattern = text.removesuffix("/").lower()
    found = read_origin(pattern)
    if found is None:
        raise BadOrigin(
            f"{text!r} is no origin: write scheme and host as in 'https://docs.example.org', "
            "without a path"
        )
    name = found.host.removeprefix("*.")
    if "*" in name or ("*" in found.host and "." not in name):
        raise BadOrigin(
            f"{text!r} may have one * in place of the first names, as in 'https://*.example.org'"
        )
    return pattern


def matches(patterns: Iterable[str], text: str) -> bool:
    """Whether an `Origin` header's value fits one of the patterns, `*` apart."""
    origin = read_origin(text)
    return any(_fits(pattern, text, origin) for pattern in patterns)


def is_same(text: str, host: str) -> bool:
    """Whether an origin is that of a server called `host` (a `Host` header's value)."""
    origin = read_origin(text)
    # The scheme is the origin's: behind a proxy that ends TLS the server does not know its own.
    return origin is not None and origin == read_origin(f"{origin.scheme}://{host}")


def _fits(pattern: str, text: str, origin: Origin | None) -> bool:
    if origin is None:
        return pattern == NULL and text == NULL
    if pattern == THIS_MACHINE:
        return origin.host in LOOPBACK
    wanted = read_origin(pattern)
    if wanted is None:
        return False
    if wanted.host.startswith("*."):
        same_host = origin.host.endswith(wanted.host[1:]) and "*" not in origin.host
        return same_host and (origin.scheme, origin.port) == (wanted.scheme, wanted.port)
    return origin == wanted
