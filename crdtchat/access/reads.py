"""How much may be read over REST: token buckets, without a clock of their own.

Each process counts for itself, since what reading costs is its time. `now` is an argument, in
seconds that never go back.
"""

from __future__ import annotations

from crdtchat.access.limits import Bucket
from crdtchat.access.tenants import Limits, Tenant

_SWEEP = 1_024
"""So many readers come anew before those are forgotten who have their whole budget back."""


class _Readers:
    """A tenant's, and what each of them has left."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.limits = limits
        self._whole = _bucket(limits.reads_per_minute, now)
        self._by_name: dict[str, Bucket] = {}
        self._fresh = 0

    def take(self, name: str, now: float) -> float:
        buckets = [one for one in (self._whole, self._of(name, now)) if one is not None]
        wait = max((bucket.wait(1, now) for bucket in buckets), default=0.0)
        if not wait:
            for bucket in buckets:
                bucket.take(1)
        return wait

    def _of(self, name: str, now: float) -> Bucket | None:
        return self._by_name.get(name) or self._add(name, now)

    def _add(self, name: str, now: float) -> Bucket | None:
        bucket = _bucket(self.limits.user_reads_per_minute, now)
        if bucket is None:
            return None
        self._fresh += 1
        if self._fresh > _SWEEP:
            self._fresh = 0
            left = {name: one for name, one in self._by_name.items() if not one.is_full(now)}
            self._by_name = left
        self._by_name[name] = bucket
        return bucket


class Reads:
    """All tenants'. A tenant whose limits were changed begins anew."""

    def __init__(self) -> None:
        self._tenants: dict[str, _Readers] = {}

    def take(self, tenant: Tenant, name: str, now: float) -> float:
        """Take one read of somebody called so; or nothing, and answer the seconds to wait."""
        readers = self._tenants.get(tenant.id)
        if readers is None or readers.limits != tenant.limits:
            readers = self._tenants[tenant.id] = _Readers(tenant.limits, now)
        return readers.take(name, now)


def _bucket(per_minute: int, now: float) -> Bucket | None:
    return Bucket(per_minute, now) if per_minute else None
