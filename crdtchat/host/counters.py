"""Plain counters of one process, for /metrics and tests; and what crossed each tenant's sockets."""

from __future__ import annotations

from collections import Counter

from crdtchat.host.refusals import Refusals


class Meter:
    """What crossed the WebSockets of one tenant in this process, since it started.

    A message is one binary message of the protocol, whole; bytes are those of its payload.
    Received is what was taken in for a page, sent is what was written to a socket.
    """

    __slots__ = ("bytes_received", "bytes_sent", "messages_received", "messages_sent")

    def __init__(self) -> None:
        self.messages_received = 0
        self.bytes_received = 0
        self.messages_sent = 0
        self.bytes_sent = 0


class Counters(Counter[str]):
    """Counts by name: `connections_opened`, `refused_forged-author`, and so on."""

    def __init__(self) -> None:
        super().__init__()
        self.meters: dict[str, Meter] = {}
        """By tenant."""
        self.refusals = Refusals()

    def add(self, name: str, amount: int = 1) -> None:
        """Add to a counter."""
        self[name] += amount

    def meter(self, tenant: str) -> Meter:
        """The meter of a tenant, made at the first call."""
        meter = self.meters.get(tenant)
        if meter is None:
            meter = self.meters[tenant] = Meter()
        return meter
