"""Rooms that are given up: nothing of what their documents may hold by then is kept."""

from __future__ import annotations

import anyio
import pytest

from crdtchat.document.replica import EngineFailure
from crdtchat.host.folding import replica_of
from crdtchat.host.hub import Hub
from crdtchat.host.keeping import Keeping
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from tests.host.pipe import KEY, connected

NOW = 1_700_000_000_000
OTHER = DocumentKey("demo", "other")
OFTEN = Keeping(grace=0.001, snapshot_live=1)


def fail(*_: object) -> bytes:
    raise EngineFailure("engine panic")


class SlowStore(MemoryStore):
    """Keeps no snapshot of a page before it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.told = anyio.Event(), anyio.Event()

    async def snapshot(self, key: DocumentKey, epoch: int, sequence: int, state: bytes) -> bool:
        if key == KEY:
            self.asked.set()
            await self.told.wait()
        return await super().snapshot(key, epoch, sequence, state)


async def test_a_document_that_fails_when_it_is_folded_costs_its_room_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    await store.open()
    async with Hub(store, keeping=OFTEN) as hub, connected(hub, "bob", key=OTHER) as bob:
        async with connected(hub, "ann") as ann:
            await ann.annotate("first", NOW)
            (room,) = (room for room in hub.rooms() if room.key == KEY)
            state = room.replica.state
            monkeypatch.setattr(
                room.replica,
                "state",
                # It may be folded before that, too.
                lambda: state() if room.replica.get("a", "anno") is None else fail(),
            )
            await ann.send("a", "anno", ("ann", NOW, "words", "", "", 0, 5))
            assert await ann.code() == CloseCode.INTERNAL
        await bob.annotate("anno", NOW)
        async with connected(hub, "ann") as ann:
            assert ann.replica.get("a", "anno") is not None
    assert hub.counters["engine_failures"] == 1


async def test_a_document_that_fails_while_others_are_folded_is_not_folded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may lack what the log holds, and the log would go for it."""
    store = SlowStore()
    await store.open()
    async with Hub(store, keeping=OFTEN) as hub, connected(hub, "ann") as ann:
        async with connected(hub, "bob", key=OTHER) as bob:
            await ann.annotate("anno", NOW)
            await store.asked.wait()
            (room,) = (room for room in hub.rooms() if room.key == OTHER)
            monkeypatch.setattr(room.replica, "apply", fail)
            await bob.send("a", "more", ("bob", NOW, "words", "", "", 0, 5))
            assert await bob.code() == CloseCode.INTERNAL
        store.asked = anyio.Event()
        store.told.set()
        await ann.send("a", "next", ("ann", NOW, "words", "", "", 0, 5))
        await ann.until(message.Ack)
        await store.asked.wait()
        kept = replica_of(await store.load(OTHER))
        assert kept.get("a", "more") is not None
