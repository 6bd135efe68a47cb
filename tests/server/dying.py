"""`crdtchat` with a defect: as soon as something is written a task of the server fails."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from crdtchat.brokers.base import Receive
from crdtchat.brokers.memory import MemoryBroker, MemoryExchange
from crdtchat.server.cli import main


class Dying(MemoryBroker):
    """It hears nobody, and fails when it is to tell of something."""

    def __init__(self) -> None:
        super().__init__(MemoryExchange())
        self._told = anyio.Event()

    def publish(self, topic: str, message: bytes) -> None:
        """See `Broker`."""
        self._told.set()

    async def run(self, receive: Receive, connected: Callable[[], None]) -> None:
        """See `Broker`."""
        await self._told.wait()
        raise ArithmeticError("a defect")


if __name__ == "__main__":
    pytest.MonkeyPatch().setattr("crdtchat.server.serve.make_broker", lambda *_: Dying())
    raise SystemExit(main())
