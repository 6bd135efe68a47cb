"""A session whose outbox overflows at once, with nothing else queued, is still caught up."""

from __future__ import annotations

import anyio

from crdtchat.host.hub import Hub
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync import message
from crdtchat.sync.tuning import Tuning
from tests.host.pipe import connected

NOW = 1_700_000_000_000


async def test_a_batch_larger_than_the_outbox_arrives_all_the_same() -> None:
    store = MemoryStore()
    await store.open()
    tuning = Tuning(outbox_bytes=200)
    async with Hub(store, tuning=tuning) as hub:
        async with connected(hub, "ann") as ann, connected(hub, "bob") as bob:
            await bob.until(message.Presence, lambda seen: seen.info["connections"] == 2)
            words = "w" * 300
            await ann.send("a", "anno", ("ann", NOW, words, "", "", 0, 300))
            with anyio.fail_after(60):
                while bob.replica.get("a", "anno") is None:
                    await bob.next()
        assert hub.counters["sessions_behind"]
