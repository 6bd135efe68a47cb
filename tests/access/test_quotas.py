"""The day's quota, with a clock of the test's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crdtchat.access.quotas import Quotas
from crdtchat.access.tenants import Limits, Tenant
from crdtchat.stores.base import CONVERSATIONS, Usage
from crdtchat.stores.memory import MemoryStore

DAY_MS = 86_400_000
NOON = 20_000 * DAY_MS + DAY_MS // 2
TENANT = Tenant("demo", limits=Limits(annotations_per_day=3))


@pytest.fixture
async def store() -> MemoryStore:
    found = MemoryStore()
    await found.open()
    return found


async def count(store: MemoryStore, number: int, day: str = "2024-10-04") -> None:
    """So many more were committed."""
    await store.add_usage([Usage("demo", day, {CONVERSATIONS: number})])


async def test_a_day_has_its_own(store: MemoryStore) -> None:
    quotas = Quotas(store)
    assert [quotas.take(TENANT, 1, NOON) for _ in range(4)] == [0, 0, 0, DAY_MS / 2_000]
    assert quotas.take(replace(TENANT, id="other"), 3, NOON) == 0
    midnight = NOON + DAY_MS // 2
    assert quotas.take(TENANT, 1, midnight - 1) == 0.001
    assert quotas.take(TENANT, 4, midnight) == 86_400
    assert quotas.take(TENANT, 3, midnight) == 0
    assert quotas.take(replace(TENANT, limits=Limits()), 100, midnight) == 0


async def test_what_was_made_before_is_known(store: MemoryStore) -> None:
    await count(store, 9, "2024-10-03")
    await count(store, 2)
    quotas = Quotas(store)
    await quotas.open(TENANT, NOON)
    assert [bool(quotas.take(TENANT, 1, NOON)) for _ in range(2)] == [False, True]


async def test_others_count_and_what_failed_does_not(store: MemoryStore) -> None:
    quotas = Quotas(store)
    quotas.take(TENANT, 2, NOON)
    await quotas.look("demo", NOON + 1)  # still on their way to the disk
    assert quotas.take(TENANT, 2, NOON + 1)
    await count(store, 1)
    await quotas.look("demo", NOON + 20_000)  # one of them failed
    assert quotas.take(TENANT, 2, NOON + 20_000) == 0
    assert quotas.take(TENANT, 1, NOON + 20_000)
    await quotas.look("demo", NOON + 40_000)  # both failed
    assert quotas.take(TENANT, 1, NOON + 40_000) == 0
    await count(store, 2)  # by another process
    await quotas.look("demo", NOON + 40_001)
    assert quotas.take(TENANT, 1, NOON + 40_001)
