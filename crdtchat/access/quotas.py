"""Quotas of a day: how many annotations a tenant may still make, over sockets and REST together.

What was made is counted by the store, in the transaction that commits it. Here stands that count
with what was accepted since, so that nobody waits for it; it begins with each UTC day.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from crdtchat.access.tenants import Tenant
from crdtchat.stores.base import CONVERSATIONS, Store, StoreError, usage_day
from crdtchat.stores.outage import Outage

logger = logging.getLogger("crdtchat.access")

INTERVAL_S = 2.0
"""Between two looks at what the store counted: so late one learns of other processes."""
_UNDER_WAY_MS = 10_000
"""What was accepted so long ago is on disk, or failed."""
_DAY_MS = 86_400_000


@dataclass(slots=True)
class _Spent:
    """Of one tenant, on one day."""

    day: str
    count: int = 0
    lately: deque[tuple[int, int]] = field(default_factory=deque)
    """When, and how many."""

    def correct(self, stored: int, now: int) -> None:
        """The store counted so many: more if others make some, fewer if some of ours failed."""
        while self.lately and self.lately[0][0] < now - _UNDER_WAY_MS:
            self.lately.popleft()
        under_way = sum(count for _, count in self.lately)
        self.count = max(stored, min(self.count, stored + under_way))


class Quotas:
    """Of all tenants that have one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._spent: dict[str, _Spent] = {}
        self._outage = Outage(logger, "what was made today cannot be read")

    async def open(self, tenant: Tenant, now: int) -> None:
        """Somebody comes who may spend: know what was. `now` in milliseconds since 1970.

        Raises StoreError.
        """
        found = self._spent.get(tenant.id)
        if tenant.limits.annotations_per_day and (found is None or found.day != usage_day(now)):
            await self.look(tenant.id, now)

    def take(self, tenant: Tenant, count: int, now: int) -> float:
        """Take so many annotations; or none, and answer the seconds until there are more."""
        most = tenant.limits.annotations_per_day
        if not most:
            return 0.0
        day = usage_day(now)
        spent = self._spent.get(tenant.id)
        if spent is None or spent.day != day:
            spent = self._spent[tenant.id] = _Spent(day)
        if spent.count + count > most:
            return (_DAY_MS - now % _DAY_MS) / 1_000
        spent.count += count
        spent.lately.append((now, count))
        return 0.0

    async def run(self, wall: Callable[[], int]) -> None:
        """Follow the store until cancelled."""
        while True:
            await anyio.sleep(INTERVAL_S)
            try:
                for name in list(self._spent):
                    await self.look(name, wall())
            except StoreError as error:
                self._outage.goes_on(error)
            else:
                self._outage.is_over()

    async def look(self, tenant: str, now: int) -> None:
        """Take in what the store counted of a tenant. Raises StoreError."""
        day = usage_day(now)
        counted = sum(
            row.counts.get(CONVERSATIONS, 0) for row in await self._store.usage(tenant, day, day)
        )
        spent = self._spent.get(tenant)
        if spent is None or spent.day < day:
            spent = self._spent[tenant] = _Spent(day)
        if spent.day == day:
            spent.correct(counted, now)
