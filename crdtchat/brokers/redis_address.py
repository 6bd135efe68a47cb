"""What a Redis URL names: a server, the nodes of a cluster, or whoever Sentinel says leads now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_PLAIN = ("redis", "rediss", "unix")
_CLUSTER = ("redis+cluster", "rediss+cluster")
_SENTINEL = ("redis+sentinel", "rediss+sentinel")
SCHEMES = tuple(f"{scheme}://" for scheme in (*_PLAIN, *_CLUSTER, *_SENTINEL))
_SENTINEL_PORT = 26_379

T = TypeVar("T")


class BadBroker(Exception):
    """No broker can be made of a URL; the text is one sentence with the remedy."""


class _Incomplete(ValueError):
    """Something is missing in a URL, or too much; the text quotes nothing of it."""


class _Once(Retry):
    """No second try: a client that connected again by itself would not say so, and nobody would
    know that messages were missed meanwhile."""

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 0)

    async def call_with_retry(self, do: Callable[[], Awaitable[T]], *_: object, **__: object) -> T:
        """See `Retry`, which even without tries to come lets a failure connect again."""
        try:
            return await do()
        except RuntimeError as error:
            # uvloop, of a connection that was closed a moment ago; asyncio has an OSError for it.
            raise RedisError(f"the connection is lost: {error}") from error


@dataclass(frozen=True, slots=True)
class Address:
    """Where messages pass."""

    place: str
    """For people; no password."""
    clients: tuple[redis.Redis, ...]
    """Each reaches the same channels: if one fails, take another."""
    guides: tuple[redis.Redis, ...] = ()
    """Clients of the Sentinels, which those ask where to go: to be closed with them."""


def read_address(url: str, *, connect_s: float, answer_s: float) -> Address:
    """Understand a URL.

    `redis://`, `rediss://` (TLS) and `unix://` as redis-py has them, with user, password and its
    options as a query; `redis+cluster://host,host`: nodes of one cluster, which all publish to
    each other; `redis+sentinel://host,host/name`: Sentinels, and what they call the servers they
    watch, with `sentinel_username` and `sentinel_password` as options if they want their own.
    `rediss+...` is the same with TLS. `connect_s`, `answer_s`: how long to wait for each.

    Raises BadBroker.
    """
    waits: dict[str, Any] = {
        "socket_connect_timeout": connect_s,
        "socket_timeout": answer_s,
        "protocol": 2,
        "retry": _Once(),
    }
    try:
        parts = urlsplit(url)
        if "@" in parts.path + parts.fragment and parts.scheme != "unix":
            raise ValueError("a password ended before its end")
        if parts.scheme in _CLUSTER:
            return _cluster(parts, waits)
        if parts.scheme in _SENTINEL:
            return _sentinel(parts, waits)
        client = redis.Redis.from_url(url, **waits)
    except _Incomplete as error:
        raise BadBroker(f"the broker's URL cannot be read: {error}") from None
    except ValueError:  # which quotes what may be of a password
        raise BadBroker(
            "the broker's URL cannot be read: write redis://user:password@host:port, and in user "
            "and password %25 for %, %2F for /, %3A for :, %40 for @, %3F for ?, %23 for #"
        ) from None
    return Address(parts.hostname or parts.path, (client,))


def _hosts(parts: SplitResult) -> tuple[str, list[str]]:
    """User and password with their `@`, and the hosts. Raises _Incomplete if there is none."""
    who, at, where = parts.netloc.rpartition("@")
    hosts = [host for host in where.split(",") if host]
    if not hosts:
        raise _Incomplete("it names no host")
    return who + at, hosts


def _single(parts: SplitResult, host: str) -> str:
    """The URL of one of the hosts."""
    scheme = parts.scheme.partition("+")[0]
    return SplitResult(scheme, _hosts(parts)[0] + host, "", parts.query, "").geturl()


def _cluster(parts: SplitResult, waits: dict[str, Any]) -> Address:
    """Whatever is published on one node of a cluster is heard on all."""
    if parts.path.strip("/"):
        raise _Incomplete("a cluster has no databases to choose from: leave the path out")
    _, hosts = _hosts(parts)
    urls = [_single(parts, host) for host in hosts]
    return Address(",".join(hosts), tuple(redis.Redis.from_url(url, **waits) for url in urls))


def _sentinel(parts: SplitResult, waits: dict[str, Any]) -> Address:
    service = parts.path.strip("/")
    if not service:
        raise _Incomplete("say after the hosts what Sentinel calls the servers, as /mymaster")
    _, hosts = _hosts(parts)
    named = [urlsplit(f"//{host}") for host in hosts]
    addresses = [(one.hostname or "", one.port or _SENTINEL_PORT) for one in named]
    options = dict(redis.ConnectionPool.from_url(_single(parts, hosts[0])).connection_kwargs)
    for name in ("host", "port"):
        options.pop(name, None)
    own = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    secure = {name: value for name, value in options.items() if name.startswith("ssl_")}
    secure["ssl"] = parts.scheme.startswith("rediss")
    asking = {**own, **secure, **waits}
    sentinel = Sentinel(addresses, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    client = sentinel.master_for(service, **{**options, **secure, **waits})
    return Address(f"{service} of {','.join(hosts)}", (client,), tuple(sentinel.sentinels))
