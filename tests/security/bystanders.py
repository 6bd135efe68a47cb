"""Two who go on working on a page while somebody attacks it."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crdtchat.sync import message
from crdtchat.testing.engine_view import view_of_state
from tests.raw_client import RawClient, raw_client
from tests.server_process import ServerProcess

TARGET = ("the words", "before ", " after", 7, 16)


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Bystanders:
    """Ann and Bob on the page; Ann has a thread there."""

    def __init__(self, ann: RawClient, bob: RawClient) -> None:
        self.ann = ann
        self.bob = bob
        self.written: dict[str, tuple[str, int, str]] = {}
        """What Ann wrote, by key."""
        self._number = 100

    async def are_undisturbed(self) -> float:
        """Ann writes, it is acknowledged, Bob sees it, and both hold what the server holds.

        Answers the seconds from Ann's writing to Bob's seeing it.
        """
        self._number += 1
        key = f"anno/c{self._number}"
        value = self.written[key] = ("ann", now(), f"still here {self._number}")
        began = time.perf_counter()
        await self.ann.write(self._number, "c", key, value)
        while self.bob.replica.get("c", key) != value:
            await self.bob.until(message.Batch)
        took = time.perf_counter() - began
        held = view_of_state(await self.bob.server_state())
        assert view_of_state(self.bob.replica.state()) == held
        await self.ann.server_state()
        assert view_of_state(self.ann.replica.state()) == held
        for one, written in self.written.items():
            assert self.bob.replica.get("c", one) == written
        return took

    async def usual(self, times: int = 20) -> float:
        """Seconds it takes them, in the middle of some tries."""
        return statistics.median([await self.are_undisturbed() for _ in range(times)])


@asynccontextmanager
async def bystanders(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> AsyncIterator[Bystanders]:
    """Both of them, for the length of a block."""
    async with (
        raw_client(server.socket_url, page, token=tokens["ann"]) as ann,
        raw_client(server.socket_url, page, token=tokens["bob"]) as bob,
    ):
        await ann.join()
        await bob.join()
        await ann.write(1, "a", "anno", ("ann", now(), *TARGET))
        await ann.write(2, "c", "anno/c001", ("ann", now(), "first"))
        while bob.replica.get("c", "anno/c001") is None:
            await bob.until(message.Batch)
        yield Bystanders(ann, bob)
