"""Usage: everything that crossed the sockets is in the store, once, on its day."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from crdtchat.host.counters import Counters
from crdtchat.host.hub import Hub
from crdtchat.host.sources import Sources
from crdtchat.host.usage import COUNTERS, UsageKeeper
from crdtchat.stores.base import StoreUnavailable, Usage
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.tuning import Moment
from tests.host.pipe import connected

NOW = 1_700_000_000_000
DAY_MS = 86_400_000


class SetClock(Sources):
    """A calendar that a test sets."""

    def __init__(self, wall: int) -> None:
        self.wall = wall

    def now(self) -> Moment:
        return Moment(time.monotonic(), self.wall)


class Failing(MemoryStore):
    """Cannot write usage while `full`."""

    full = False

    async def add_usage(self, usages: Sequence[Usage]) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")
        await super().add_usage(usages)


async def test_counts_stay_pending_until_the_store_has_them_and_on_their_day() -> None:
    store, clock, counters = Failing(), SetClock(NOW), Counters()
    await store.open()
    keeper = UsageKeeper(store, counters.meters, clock)
    meter = counters.meter("demo")
    meter.messages_sent, meter.bytes_sent = 3, 300
    await keeper.flush()
    await keeper.flush()
    meter.messages_sent, meter.bytes_sent = 5, 500
    store.full = True
    clock.wall += DAY_MS
    with pytest.raises(StoreUnavailable):
        await keeper.flush()
    meter.messages_received, meter.bytes_received = 7, 70
    store.full = False
    await keeper.flush()
    zero = dict.fromkeys(COUNTERS, 0)
    assert await store.usage("demo", "2023-11-01", "2023-11-30") == [
        Usage("demo", "2023-11-14", zero | {"messagesSent": 5, "bytesSent": 500}),
        Usage("demo", "2023-11-15", zero | {"messagesReceived": 7, "bytesReceived": 70}),
    ]


async def test_a_hub_that_ends_has_stored_everything() -> None:
    store, clock = MemoryStore(), SetClock(NOW)
    await store.open()
    async with Hub(store, sources=clock) as hub, connected(hub) as ann:
        await ann.annotate("anno1", NOW)
        await ann.annotate("anno2", NOW)
        await ann.send("s", "anno1", (1, "ann", NOW))
    meter = hub.counters.meter("demo")
    assert meter.messages_received == 4
    (usage,) = await store.usage("demo", "2023-11-14", "2023-11-14")
    assert usage.counts == {
        "conversationCreateCount": 2,
        "messagesReceived": 4,
        "bytesReceived": meter.bytes_received,
        "messagesSent": meter.messages_sent,
        "bytesSent": meter.bytes_sent,
    }
