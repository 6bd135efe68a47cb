"""The server's daily round: what tenants keep for so many days only goes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio

from crdtchat.access.directory import Directory
from crdtchat.host.damage import Damage
from crdtchat.host.retention import apply_retention
from crdtchat.host.sources import Sources
from crdtchat.stores.base import Store, StoreError

logger = logging.getLogger("crdtchat.server")

DAY_S = 86_400.0


async def keep_retention(
    store: Store,
    directory: Directory,
    sources: Sources,
    pause: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> None:
    """Go round every day, and first when the server starts; until cancelled. `pause(seconds)`
    waits for the next day."""
    while True:
        for tenant in directory:
            if tenant.retention_days:
                try:
                    damage = Damage()
                    await apply_retention(store, tenant, sources.now().wall, "server", damage)
                    damage.report()
                except StoreError as error:
                    logger.warning("retention of %s is put off for a day: %s", tenant.id, error)
        await pause(DAY_S)
