"""What carries messages between the nodes of one deployment, and what it promises.

Little: the store's log is the truth (DESIGN 1.2), messages only say sooner what it holds. Any may
be lost, come late, twice or out of order. Who needs to know looks at the store.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Receive = Callable[[str, bytes], None]
"""Is called in the event loop with a topic and a message. It must not raise."""


class Broker(Protocol):
    """The exam is `crdtchat.testing.broker_contract`; every broker passes it."""

    @property
    def place(self) -> str:
        """Where it is, for people; empty: nowhere, there is nobody to talk to."""

    @property
    def connected(self) -> bool:
        """Whether messages pass, as far as is known. If not, nodes look at the store more often."""

    async def run(self, receive: Receive, connected: Callable[[], None]) -> None:
        """Carry messages until cancelled, whatever becomes of the network.

        `receive` hears all that others published on subscribed topics, and nothing of one's own.
        `connected` is called whenever messages pass from now on, the first time included.
        """

    def subscribe(self, topic: str) -> None:
        """Hear of a topic, soon. Topics are short and printable."""

    def unsubscribe(self, topic: str) -> None:
        """Hear of it no more, soon."""

    def publish(self, topic: str, message: bytes) -> None:
        """Tell all others that subscribed. Returns at once."""
