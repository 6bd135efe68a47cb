"""A broker between hubs of one process, for tests; and one that hears nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from crdtchat.brokers.base import Receive


@dataclass(slots=True)
class MemoryExchange:
    """Where `MemoryBroker`s meet."""

    brokers: list[MemoryBroker] = field(default_factory=list)


class MemoryBroker:
    """See `Broker`. Messages arrive in order, before anything else happens in the receiver."""

    place = "this process"

    def __init__(self, exchange: MemoryExchange) -> None:
        self._exchange = exchange
        self._topics: set[str] = set()
        self._messages: list[tuple[str, bytes]] = []
        self._wanted = anyio.Event()
        self.connected = False

    async def run(self, receive: Receive, connected: Callable[[], None]) -> None:
        """See `Broker`."""
        self._exchange.brokers.append(self)
        self.connected = True
        connected()
        try:
            while True:
                await self._wanted.wait()
                self._wanted = anyio.Event()
                messages, self._messages = self._messages, []
                for topic, message in messages:
                    if topic in self._topics:
                        receive(topic, message)
        finally:
            self.connected = False
            self._exchange.brokers.remove(self)

    def subscribe(self, topic: str) -> None:
        """See `Broker`."""
        self._topics.add(topic)

    def unsubscribe(self, topic: str) -> None:
        """See `Broker`."""
        self._topics.discard(topic)

    def publish(self, topic: str, message: bytes) -> None:
        """See `Broker`."""
        for broker in self._exchange.brokers:
            if broker is not self and topic in broker._topics:
                broker._messages.append((topic, message))
                broker._wanted.set()


class SilentBroker:
    """See `Broker`. Messages never pass: nodes without a broker find all in the store."""

    place = ""
    connected = False

    async def run(self, receive: Receive, connected: Callable[[], None]) -> None:
        """See `Broker`."""
        await anyio.sleep_forever()

    def subscribe(self, topic: str) -> None:
        """See `Broker`."""

    def unsubscribe(self, topic: str) -> None:
        """See `Broker`."""

    def publish(self, topic: str, message: bytes) -> None:
        """See `Broker`."""
