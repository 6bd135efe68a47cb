"""How much a tenant and each of its users may do: token buckets, without a clock of their own.

One budget for socket and REST. `now` is an argument, in seconds that never go back.
"""

from __future__ import annotations

from crdtchat.access.principal import GUEST_PREFIX
from crdtchat.access.tenants import Limits, Tenant

MINUTE_S = 60.0
_SWEEP = 1_024
"""So many users come anew before those are forgotten who have their whole budget back."""


class Bucket:
    """Holds what may be done at once: a minute's worth, which comes back over a minute."""

    __slots__ = ("_at", "_level", "_rate", "capacity")

    def __init__(self, per_minute: float, now: float) -> None:
        self.capacity = per_minute
        self._rate = per_minute / MINUTE_S
        self._level = per_minute
        self._at = now

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` can be taken; 0 for at once. More than a minute's worth is
        taken for that."""
        self._level = min(self.capacity, self._level + (now - self._at) * self._rate)
        self._at = now
        missing = min(amount, self.capacity) - self._level
        return missing / self._rate if missing > 0 else 0.0

    def take(self, amount: float) -> None:
        """Take what `wait` just said can be taken."""
        self._level -= min(amount, self.capacity)

    def is_full(self, now: float) -> bool:
        """Whether it is as if it had just been made."""
        return self.wait(self.capacity, now) == 0


class _Budget:
    """Operations and bytes of one tenant or one user."""

    __slots__ = ("_bytes", "_operations")

    def __init__(self, operations: int, size: int, now: float) -> None:
        self._operations = Bucket(operations, now) if operations else None
        self._bytes = Bucket(size, now) if size else None

    def wait(self, size: int, now: float) -> float:
        operations, volume = self._operations, self._bytes
        first = operations.wait(1, now) if operations is not None else 0.0
        second = volume.wait(size, now) if volume is not None else 0.0
        return max(first, second)

    def take(self, size: int) -> None:
        if self._operations is not None:
            self._operations.take(1)
        if self._bytes is not None:
            self._bytes.take(size)

    def is_full(self, now: float) -> bool:
        buckets = (self._operations, self._bytes)
        return all(bucket.is_full(now) for bucket in buckets if bucket is not None)


class TenantBudget:
    """What a tenant has left, and each of its users who did something lately."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.limits = limits
        self._whole = _Budget(limits.operations_per_minute, limits.bytes_per_minute, now)
        self._guests = _Budget(limits.guest_operations_per_minute, 0, now)
        self._users: dict[str, _Budget] = {}
        self._fresh = 0

    def take(self, user: str, size: int, now: float) -> float:
        """Take one operation of `size` bytes; or nothing, and answer the seconds to wait."""
        budgets = [self._users.get(user) or self._add(user, now), self._whole]
        if user.startswith(GUEST_PREFIX):
            budgets.append(self._guests)
        wait = max([budget.wait(size, now) for budget in budgets])
        if not wait:
            for budget in budgets:
                budget.take(size)
        return wait

    @property
    def users(self) -> int:
        """How many users are remembered."""
        return len(self._users)

    def _add(self, user: str, now: float) -> _Budget:
        self._fresh += 1
        if self._fresh > _SWEEP:
            self._fresh = 0
            self._users = {
                name: budget for name, budget in self._users.items() if not budget.is_full(now)
            }
        limits = self.limits
        budget = _Budget(limits.user_operations_per_minute, limits.user_bytes_per_minute, now)
        self._users[user] = budget
        return budget


class Budgets:
    """All tenants'. A tenant whose limits were changed begins anew."""

    def __init__(self) -> None:
        self._tenants: dict[str, TenantBudget] = {}

    def take(self, tenant: Tenant, user: str, size: int, now: float) -> float:
        """See `TenantBudget.take`."""
        budget = self._tenants.get(tenant.id)
        if budget is None or budget.limits != tenant.limits:
            budget = self._tenants[tenant.id] = TenantBudget(tenant.limits, now)
        return budget.take(user, size, now)
