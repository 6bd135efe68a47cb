"""The server's daily round: what tenants keep for so many days only goes."""

from __future__ import annotations

import logging

import anyio

from crdtchat.access.directory import Directory
from crdtchat.host.retention import apply_retention
from crdtchat.host.sources import Sources
from crdtchat.stores.base import Store, StoreError

logger = logging.getLogger("crdtchat.server")

DAY_S = 86_400.0


async def keep_retention(store: Store, directory: Directory, sources: Sources) -> None:
    """Go round every day, and first when the server starts; until cancelled."""
    while True:
        for tenant in directory:
            if tenant.retention_days:
                try:
                    now = sources.now().wall
                    await apply_retention(store, tenant.id, tenant.retention_days, now, "server")
                except StoreError as error:
                    logger.warning("retention of %s is put off for a day: %s", tenant.id, error)
        await anyio.sleep(DAY_S)
