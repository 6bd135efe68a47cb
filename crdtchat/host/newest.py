"""A page as the log has it, whichever node wrote there last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crdtchat.host.following import News
from crdtchat.host.gathering import Gathering
from crdtchat.host.hub import Hub
from crdtchat.stores.base import DocumentKey, Store
from crdtchat.sync.codes import CloseCode


@asynccontextmanager
async def newest(hub: Hub, key: DocumentKey) -> AsyncIterator[Gathering]:
    """Use a room without a session, as `Hub.attend`, that holds everything acknowledged before, at
    any node: whoever asks two nodes one after the other finds at the second what the first said.

    Where there are other nodes that costs a look at where the log ends. Raises StoreError.
    """
    while True:
        async with hub.attend(key) as room:
            if hub.neighbours is None or await _catch_up(hub.store, room):
                yield room
                return


async def _catch_up(store: Store, room: Gathering) -> bool:
    """Wait until the room holds what is in the log now; False if it is given up, and the next to
    come opens the page anew. Raises StoreError."""
    (end,) = await store.heads([room.key])
    if not room.dropped and end.epoch == room.head.epoch and end.sequence <= room.head.sequence:
        return True
    loaded = await store.load(room.key, known=room.head)
    if room.dropped:
        return False
    if loaded.epoch != room.head.epoch or loaded.snapshot_sequence > room.head.sequence:
        room.drop(CloseCode.UNAVAILABLE, "the page was rebuilt")
        return False
    if loaded.entries:
        first = loaded.snapshot_sequence + 1
        room.following.hear(room, News(loaded.epoch, first, loaded.entries, loaded.leases))
    while room.head.sequence < loaded.sequence and not room.dropped:
        await room.progress.wait()
    return not room.dropped
