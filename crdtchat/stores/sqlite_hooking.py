"""A `SqliteStore`'s share of methods about webhooks."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from crdtchat.stores import sqlite_hooks as hooks
from crdtchat.stores.hooking import Delivery, Queue, Settlement, Webhook
from crdtchat.stores.lane import Lane
from crdtchat.stores.text import require_text, webhook_texts


class SqliteHooking:
    """See `Hooking`."""

    _writer: Lane[sqlite3.Connection]
    _reader: Lane[sqlite3.Connection]

    async def put_webhook(self, webhook: Webhook, *, over: Webhook | None = None) -> bool:
        """See `Hooking`."""
        require_text(*webhook_texts(webhook))
        return await self._writer.write(lambda connection: hooks.put(connection, webhook, over))

    async def webhooks(self, tenant: str | None = None) -> list[Webhook]:
        """See `Hooking`."""
        require_text(tenant or "")
        return await self._reader.read(lambda connection: hooks.find_all(connection, tenant))

    async def remove_webhook(self, tenant: str, webhook: str) -> bool:
        """See `Hooking`."""
        require_text(tenant, webhook)
        return await self._writer.write(
            lambda connection: hooks.remove(connection, tenant, webhook)
        )

    async def due_webhooks(self, now: int) -> list[str]:
        """See `Hooking`."""
        return await self._reader.read(lambda connection: hooks.find_due(connection, now))

    async def take_deliveries(
        self, webhook: str, now: int, until: int, most: int
    ) -> list[Delivery]:
        """See `Hooking`."""
        require_text(webhook)
        return await self._writer.write(
            lambda connection: hooks.take(connection, webhook, now, until, most)
        )

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> None:
        """See `Hooking`."""
        require_text(*(one.error for one in settlements))
        await self._writer.write(lambda connection: hooks.settle(connection, settlements))

    async def expire_deliveries(self, webhook: str, before: int, settlement: Settlement) -> int:
        """See `Hooking`."""
        require_text(webhook, settlement.error)
        return await self._writer.write(
            lambda connection: hooks.expire(connection, webhook, before, settlement)
        )

    async def aside_deliveries(self, webhook: str, most: int) -> list[Delivery]:
        """See `Hooking`."""
        require_text(webhook)
        return await self._reader.read(
            lambda connection: hooks.find_aside(connection, webhook, most)
        )

    async def redeliver(self, webhook: str) -> int:
        """See `Hooking`."""
        require_text(webhook)
        return await self._writer.write(lambda connection: hooks.redeliver(connection, webhook))

    async def drop_aside(self, before: int) -> int:
        """See `Hooking`."""
        return await self._writer.write(lambda connection: hooks.drop_aside(connection, before))

    async def queues(self) -> list[Queue]:
        """See `Hooking`."""
        return await self._reader.read(hooks.find_queues)
