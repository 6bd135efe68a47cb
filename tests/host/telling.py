"""A store that says when something about webhooks was asked of it, and what to wait for by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio

from crdtchat.host.hub import Hub
from crdtchat.stores.base import Store
from crdtchat.stores.hooking import Delivery, Settlement, Webhook


class Telling:
    """Passes everything on to a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.changed = anyio.Event()
        self.settled = 0
        """Attempts whose end was written down."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> None:
        await self._store.settle_deliveries(settlements)
        self.settled += len(settlements)
        self._tell()

    async def expire_deliveries(self, webhook: str, before: int, settlement: Settlement) -> int:
        count = await self._store.expire_deliveries(webhook, before, settlement)
        self._tell()
        return count

    async def webhooks(self, tenant: str | None = None) -> list[Webhook]:
        found = await self._store.webhooks(tenant)
        self._tell()  # who asked takes it in before anybody else runs
        return found

    def _tell(self) -> None:
        changed, self.changed = self.changed, anyio.Event()
        changed.set()


async def until(store: Telling, check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so, by what the store is asked to keep."""
    while True:
        changed = store.changed
        if await check():
            return
        await changed.wait()


async def empty(store: Telling) -> None:
    """Wait until nothing waits and nothing is set aside."""

    async def check() -> bool:
        return not any(queue.waiting or queue.aside for queue in await store.queues())

    await until(store, check)


async def set_aside(store: Telling, count: int) -> list[Delivery]:
    """Wait until so many are."""

    async def check() -> bool:
        return len(await store.aside_deliveries("wh-1", 99)) == count

    await until(store, check)
    found: list[Delivery] = await store.aside_deliveries("wh-1", 99)
    return found


async def failures(store: Telling, hub: Hub, count: int) -> None:
    """Wait until so many attempts failed."""

    async def check() -> bool:
        return hub.counters["webhooks_failed"] >= count

    await until(store, check)


async def settled(store: Telling, count: int) -> None:
    """Wait until so many attempts have ended, and all that their answers ask for is done."""

    async def check() -> bool:
        return store.settled >= count

    await until(store, check)


async def known(store: Telling, hub: Hub, *active: str) -> None:
    """Wait until the hub knows these webhooks as active, and no other."""

    async def check() -> bool:
        return {one.id for one in hub.hooks.by_id.values() if one.active} == set(active)

    await until(store, check)
