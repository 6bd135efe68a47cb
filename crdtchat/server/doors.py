"""How many may be at the doors: connections in all and of one address, before anybody is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


HEAD_BYTES = 16_384
"""Of the head of a request: address and headers."""


class Crowded(Exception):
    """Too many have come from one address."""


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Bounds before authentication. Times in seconds."""

    connections: int = 10_000
    """TCP connections in all."""
    per_address: int = 256
    """WebSockets and streams of events of one address (of a /64 network, for IPv6). Of TCP
    connections twice as many: what comes between is answered with the reason, what comes beyond is
    cut off."""
    head_seconds: float = 10.0
    """From the connection, or the first byte of a further request, to the end of its head;
    and for the TLS handshake."""
    head_bytes: int = HEAD_BYTES
    body_seconds: float = 30.0
    """From the end of the head to the end of the body."""
    body_bytes: int = 131_072
    """Of a body that may be larger, as an import's: it has the same time again for each so many."""
    large_bytes: int = 67_108_864
    """Of all large bodies and answers of one address that are on their way; one alone may be larger
    than that."""
    stuck_seconds: float = 75.0
    """That a peer may leave a full buffer unread. Heartbeats end a WebSocket somewhat earlier."""


class Doors:
    """Counts who is in. Connections of trusted proxies count in all, not by address: there the
    address that the proxy names counts, for WebSockets and streams of events."""

    def __init__(
        self, limits: DoorLimits | None = None, trusted_proxies: Sequence[Network] = ()
    ) -> None:
        self.limits = limits or DoorLimits()
        self.connections = 0
        self.left = 0
        """Connections that are gone."""
        self.refused = 0
        """Connections that were cut off at once."""
        self.cut_off = 0
        """Connections that took too long, or said too much, before they were a request."""
        self._trusted = trusted_proxies
        self._by_address: Counter[str] = Counter()
        self._sockets: Counter[str] = Counter()
        self._carried: Counter[str] = Counter()

    def arrive(self, address: str | None) -> Arrival | None:
        """A TCP connection came; None: it cannot stay."""
        key = "" if address is None or self._is_proxy(address) else address_key(address)
        crowded = key and self._by_address[key] >= 2 * self.limits.per_address
        if address is None or crowded or self.connections >= self.limits.connections:
            self.refused += 1
            return None
        self.connections += 1
        if key:
            self._by_address[key] += 1
        return Arrival(self, key)

    def leave(self, key: str) -> None:
        """A TCP connection that had arrived is gone."""
        self.connections -= 1
        self.left += 1
        if key:
            _less(self._by_address, key)

    @contextmanager
    def socket_of(self, address: str) -> Iterator[None]:
        """A WebSocket, or a stream of events, of an address is open for the length of a block.
        Raises Crowded."""
        key = address_key(address)
        if self._sockets[key] >= self.limits.per_address:
            raise Crowded
        self._sockets[key] += 1
        try:
            yield
        finally:
            _less(self._sockets, key)

    @contextmanager
    def carrying(self, address: str, size: int) -> Iterator[None]:
        """So many bytes of a body, or of an answer, are held for an address for the length of a
        block. Raises Crowded."""
        key = address_key(address)
        carried = self._carried[key]
        if carried and carried + size > self.limits.large_bytes:
            raise Crowded
        self._carried[key] += size
        try:
            yield
        finally:
            _less(self._carried, key, size)

    def _is_proxy(self, address: str) -> bool:
        return any(ip_address(address.partition("%")[0]) in network for network in self._trusted)


class Arrival:
    """One TCP connection that was let in."""

    __slots__ = ("_doors", "_key")

    def __init__(self, doors: Doors, key: str) -> None:
        self._doors: Doors | None = doors
        self._key = key

    def leave(self) -> None:
        """It is gone. Later calls do nothing."""
        doors, self._doors = self._doors, None
        if doors is not None:
            doors.leave(self._key)


def address_key(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 network of an IPv6 one, which is
    what a household gets."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)


def _less(counter: Counter[str], key: str, by: int = 1) -> None:
    counter[key] -= by
    if not counter[key]:
        del counter[key]
