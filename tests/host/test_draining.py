"""A hub that is asked to end sends its people away one after another."""

from __future__ import annotations

from contextlib import AsyncExitStack

import anyio

from crdtchat.host.hub import Hub
from crdtchat.stores.base import DocumentKey, Head, Loaded
from crdtchat.stores.memory import MemoryStore
from tests.host.pipe import KEY, connected

NOW = 1_700_000_000_000
OTHER = DocumentKey("demo", "other")


async def test_they_leave_evenly_and_whoever_is_still_here_is_served() -> None:
    store = MemoryStore()
    await store.open()
    gone: list[int] = []
    passed: list[float] = []
    async with Hub(store) as hub, AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connected(hub, f"user{number}", key=key))
            for number, key in enumerate([KEY] * 20 + [OTHER] * 20)
        ]
        room = await hub.open(OTHER)
        heard: list[object] = []
        room.listen(heard.append)

        async def sleep(seconds: float) -> None:
            passed.append(seconds)
            gone.append(hub.counters["closed_1012"])
            if len(passed) == 2:
                await clients[-1].annotate("late", NOW)
            async with connected(hub, "new", join=False) as new:
                assert await new.code() == 1012

        await hub.drain(0.5, sleep)
        assert await clients[0].code() == 1012
    # 41 in ten steps of 0.05 s, five at most in each; the last is the listener.
    assert gone == [5, 10, 15, 20, 25, 30, 35, 40, 40]
    assert sum(passed) <= 0.5
    assert heard[-1] is None
    loaded = await store.load(OTHER)
    assert loaded.entries[0].principal == "user39"


async def test_at_once_where_there_is_nobody_else() -> None:
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub, connected(hub, "ann") as ann:
        await hub.drain(0, anyio.sleep)
        assert hub.counters["closed_1012"] == 0
        hub.stop()
        assert await ann.code() == 1012


class SlowStore(MemoryStore):
    """Reads no page before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.told = anyio.Event(), anyio.Event()

    async def load(self, key: DocumentKey, *, known: Head | None = None) -> Loaded:
        self.asked.set()
        await self.told.wait()
        return await super().load(key, known=known)


async def test_who_comes_while_a_page_is_read_is_sent_away_as_well() -> None:
    """Nobody would do so any more, and what they write would wait for ever."""
    store = SlowStore()
    await store.open()
    async with Hub(store) as hub, connected(hub, "ann", join=False) as ann:
        await store.asked.wait()
        hub.stop()
        store.told.set()
        assert await ann.code() == 1012
