"""Usage: carries what crossed the sockets into the store, once a second.

New conversations are not counted here: they are part of the append that commits them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping

import anyio

from crdtchat.host.counters import Meter
from crdtchat.host.sources import Sources
from crdtchat.stores.base import Store, StoreError, Usage, usage_day
from crdtchat.stores.outage import Outage

logger = logging.getLogger("crdtchat.host")

COUNTERS = ("messagesReceived", "bytesReceived", "messagesSent", "bytesSent")
"""Names in the store of what a `Meter` counts, in its order."""
PERIOD = 1.0
"""Seconds between two writes, and what a killed process loses at most."""
_DAY_MS = 86_400_000


class UsageKeeper:
    """Adds to the store what the meters counted since the last time.

    1. What was counted is added exactly once: it stays pending until the store has it.
    2. It is added to the UTC day in which it was counted: a new day begins with a write.
    """

    def __init__(self, store: Store, meters: Mapping[str, Meter], sources: Sources) -> None:
        self._store = store
        self._meters = meters
        self._sources = sources
        self._day = usage_day(sources.now().wall)
        self._counted: dict[str, tuple[int, ...]] = {}
        self._pending: dict[tuple[str, str], Counter[str]] = {}
        self._lock = anyio.Lock()
        self._outage = Outage(logger, "usage cannot be written and is kept")

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            to_midnight = (_DAY_MS - self._sources.now().wall % _DAY_MS) / 1_000
            await anyio.sleep(min(PERIOD, to_midnight))
            try:
                await self.flush()
            except StoreError as error:
                self._outage.goes_on(error)
            else:
                self._outage.is_over()

    async def flush(self) -> None:
        """Write what was counted until now. Raises StoreError; then it is kept."""
        async with self._lock:
            self._gather()
            usages = [Usage(*whose, counts) for whose, counts in self._pending.items()]
            if usages:
                with anyio.CancelScope(shield=True):
                    await self._store.add_usage(usages)
                self._pending.clear()

    def _gather(self) -> None:
        day, self._day = self._day, usage_day(self._sources.now().wall)
        for tenant, meter in self._meters.items():
            counts = (
                *(meter.messages_received, meter.bytes_received),
                *(meter.messages_sent, meter.bytes_sent),
            )
            before = self._counted.get(tenant, (0, 0, 0, 0))
            if counts != before:
                self._counted[tenant] = counts
                pending = self._pending.setdefault((tenant, day), Counter())
                for name, count, counted in zip(COUNTERS, counts, before, strict=True):
                    pending[name] += count - counted
