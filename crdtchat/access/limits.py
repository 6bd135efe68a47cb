"""How much a tenant and each of its users may do: token buckets, without a clock of their own.

One budget for socket and REST. `now` is an argument, in seconds that never go back.

Where several nodes serve a tenant each has an equal share of every budget, and who runs low borrows
from the others (`crdtchat.host.lending`). What is lent leaves the lender first, so that all nodes
together never give more than the limit, whatever message is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from crdtchat.access.principal import GUEST_PREFIX
from crdtchat.access.tenants import Limits, Tenant

MINUTE_S = 60.0
_ASK_S = 0.2
"""Between two questions for the same budget."""
_WHOLE, _GUESTS = "/", "/guests"
"""Names of budgets that are no user's."""
_SWEEP = 1_024
"""So many users come anew before those are forgotten who have their whole budget back."""


class Bucket:
    """Holds what may be done at once: a minute's worth, which comes back over a minute; or this
    node's share of it."""

    __slots__ = ("_at", "_level", "_nodes", "_rate", "_whole", "capacity")

    def __init__(self, per_minute: float, now: float, nodes: int = 1) -> None:
        self._whole = per_minute
        self._at = now
        self._nodes = nodes
        self.capacity = per_minute / nodes
        self._rate = self.capacity / MINUTE_S
        self._level = self.capacity

    def share(self, nodes: int) -> None:
        """There are so many nodes now. With more than before, what is here is theirs, too."""
        if nodes != self._nodes:
            self._level *= min(1.0, self._nodes / nodes)
            self._nodes = nodes
            self.capacity = self._whole / nodes
            self._rate = self.capacity / MINUTE_S

    def wait(self, amount: float, now: float) -> float:
        """Seconds until `amount` can be taken; 0 for at once. More than a minute's worth is
        taken for that."""
        wanted = min(amount, self._whole)
        # One that is larger than the share is waited for until it fits.
        most = max(self.capacity, wanted)
        if self._level < most:
            self._level = min(most, self._level + (now - self._at) * self._rate)
        self._at = now
        missing = wanted - self._level
        return missing / self._rate if missing > 0 else 0.0

    def take(self, amount: float) -> None:
        """Take what `wait` just said can be taken."""
        self._level -= min(amount, self._whole)

    @property
    def is_low(self) -> bool:
        """Whether to borrow: less than half of the share is left."""
        return self._level < self.capacity / 2

    def lend(self, now: float) -> float:
        """Half of what is here, which is here no more."""
        self.wait(0, now)
        given = self._level / 2
        self._level -= given
        return given

    def borrow(self, amount: float) -> None:
        """What another node lent."""
        self._level = min(self._whole, self._level + amount)

    def is_full(self, now: float) -> bool:
        """Whether it is as if it had just been made."""
        return self.wait(self.capacity, now) == 0


class Loan(NamedTuple):
    """What one node gives another of a budget."""

    operations: float
    size: float


class _Budget:
    """Operations and bytes of one tenant or one user."""

    __slots__ = ("_bytes", "_operations", "asked_at")

    def __init__(self, operations: int, size: int, now: float, nodes: int) -> None:
        self._operations = Bucket(operations, now, nodes) if operations else None
        self._bytes = Bucket(size, now, nodes) if size else None
        self.asked_at = -MINUTE_S
        """When the others were asked for some of theirs."""

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

    def share(self, nodes: int) -> None:
        for bucket in self._buckets():
            bucket.share(nodes)

    @property
    def is_low(self) -> bool:
        return any(bucket.is_low for bucket in self._buckets())

    def lend(self, now: float) -> Loan:
        operations, volume = self._operations, self._bytes
        return Loan(
            operations.lend(now) if operations is not None else 0.0,
            volume.lend(now) if volume is not None else 0.0,
        )

    def borrow(self, loan: Loan) -> None:
        if self._operations is not None:
            self._operations.borrow(loan.operations)
        if self._bytes is not None:
            self._bytes.borrow(loan.size)

    def is_full(self, now: float) -> bool:
        return all(bucket.is_full(now) for bucket in self._buckets())

    def _buckets(self) -> list[Bucket]:
        return [bucket for bucket in (self._operations, self._bytes) if bucket is not None]


class TenantBudget:
    """What a tenant has left, and each of its users who did something lately."""

    def __init__(self, limits: Limits, now: float, nodes: int = 1) -> None:
        self.limits = limits
        self._nodes = nodes
        self._whole = _Budget(limits.operations_per_minute, limits.bytes_per_minute, now, nodes)
        self._guests = _Budget(limits.guest_operations_per_minute, 0, now, nodes)
        self._users: dict[str, _Budget] = {}
        self._fresh = 0

    def take(self, user: str, size: int, now: float) -> float:
        """Take one operation of `size` bytes; or nothing, and answer the seconds to wait."""
        budgets = [self._budget(name, now) for name in self.names(user)]
        wait = max([budget.wait(size, now) for budget in budgets])
        if not wait:
            for budget in budgets:
                budget.take(size)
        return wait

    def low(self, user: str, now: float) -> list[str]:
        """Which of the budgets that a user spends run low, and were not said to lately."""
        found = []
        for name in self.names(user):
            budget = self._budget(name, now)
            if budget.is_low and now >= budget.asked_at + _ASK_S:
                budget.asked_at = now
                found.append(name)
        return found

    def share(self, nodes: int) -> None:
        """See `Bucket`."""
        if nodes != self._nodes:
            self._nodes = nodes
            for budget in (self._whole, self._guests, *self._users.values()):
                budget.share(nodes)

    def lend(self, name: str, now: float) -> Loan:
        """See `Bucket`. `name`: one of `names`."""
        return self._budget(name, now).lend(now)

    def borrow(self, name: str, loan: Loan, now: float) -> None:
        """See `Bucket`."""
        self._budget(name, now).borrow(loan)

    @staticmethod
    def names(user: str) -> tuple[str, ...]:
        """The budgets that a user spends, as nodes call them. (No user id has a slash.)"""
        return (user, _WHOLE, _GUESTS) if user.startswith(GUEST_PREFIX) else (user, _WHOLE)

    @property
    def users(self) -> int:
        """How many users are remembered."""
        return len(self._users)

    def _budget(self, name: str, now: float) -> _Budget:
        if name == _WHOLE:
            return self._whole
        if name == _GUESTS:
            return self._guests
        return self._users.get(name) or self._add(name, now)

    def _add(self, user: str, now: float) -> _Budget:
        self._fresh += 1
        if self._fresh > _SWEEP:
            self._fresh = 0
            self._users = {
                name: budget for name, budget in self._users.items() if not budget.is_full(now)
            }
        operations = self.limits.user_operations_per_minute
        size = self.limits.user_bytes_per_minute
        budget = _Budget(operations, size, now, self._nodes)
        self._users[user] = budget
        return budget


class Budgets:
    """All tenants'. A tenant whose limits were changed begins anew."""

    def __init__(self) -> None:
        self.nodes = 1
        """Among how many each budget is shared."""
        self.ask: Callable[[str, str], None] = _ask_nobody
        """Asks the other nodes to lend some of a tenant's budget of a name."""
        self._tenants: dict[str, TenantBudget] = {}

    def take(self, tenant: Tenant, user: str, size: int, now: float) -> float:
        """See `TenantBudget.take`."""
        budget = self._of(tenant, now)
        wait = budget.take(user, size, now)
        if self.nodes > 1:
            for name in budget.low(user, now):
                self.ask(tenant.id, name)
        return wait

    def lend(self, tenant: Tenant, name: str, now: float) -> Loan:
        """Give another node what this one does not need."""
        return self._of(tenant, now).lend(name, now)

    def borrow(self, tenant: Tenant, name: str, loan: Loan, now: float) -> None:
        """Another node gave some of its own."""
        self._of(tenant, now).borrow(name, loan, now)

    def _of(self, tenant: Tenant, now: float) -> TenantBudget:
        budget = self._tenants.get(tenant.id)
        if budget is None or budget.limits != tenant.limits:
            budget = self._tenants[tenant.id] = TenantBudget(tenant.limits, now, self.nodes)
        budget.share(self.nodes)
        return budget


def _ask_nobody(tenant: str, name: str) -> None:
    """There is no other node."""
