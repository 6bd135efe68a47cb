"""Notices what other processes did to the store: pages rebuilt into a new epoch, webhooks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import anyio

from crdtchat.host.gathering import Gathering
from crdtchat.host.hook_list import HookList
from crdtchat.stores.base import Store, StoreError
from crdtchat.stores.outage import Outage
from crdtchat.sync.codes import CloseCode

logger = logging.getLogger("crdtchat.host")

SECONDS = 0.5
"""Between looks: what changed is acted on within a second."""


class Watch:
    """Asks the store for its revision, and looks closer only when that has grown.

    1. A room stays in memory only if its epoch was the store's at a look after the newest change
       that a look has seen, or that look is less than `SECONDS` away.
    """

    def __init__(
        self, store: Store, hooks: HookList, rooms: Callable[[], Iterable[Gathering]]
    ) -> None:
        self.revision = 0
        """The newest that was seen; a room remembers the one it was loaded under."""
        self._store = store
        self._hooks = hooks
        self._rooms = rooms
        self._outage = Outage(logger, "it cannot be seen whether pages were rebuilt")

    async def run(self) -> None:
        """Finish what an erasure that was killed left undone, then look until cancelled."""
        try:
            if await self._store.unscrubbed():
                await self._store.scrub()
        except StoreError as error:
            logger.warning("what was erased is not off the disk yet: %s", error)
        while True:
            await anyio.sleep(SECONDS)
            try:
                await self.look()
            except StoreError as error:
                self._outage.goes_on(error)
            else:
                self._outage.is_over()

    async def look(self) -> None:
        """Drop the rooms whose page has another epoch by now, take in changed webhooks, and have
        read again what could not be read before. Raises StoreError."""
        self._doubt()
        await self._hooks.refresh(self._store)
        self.revision = revision = await self._store.revision()
        stale = [room for room in self._rooms() if room.revision != revision]
        if not stale:
            return
        heads = await self._store.heads([room.key for room in stale])
        for room, (epoch, _) in zip(stale, heads, strict=True):
            if room.room.history.epoch != epoch:
                room.drop(CloseCode.UNAVAILABLE, "the page was rebuilt")
            room.revision = revision

    def _doubt(self) -> None:
        # Apart from `look`, which waits: its variables would hold a room that was let go.
        for room in self._rooms():
            if room.following.is_doubtful:
                room.following.doubt(room)
