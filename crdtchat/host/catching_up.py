"""Reads from the store what rooms miss of what others appended."""

from __future__ import annotations

import anyio

from crdtchat.host.gathering import Gathering
from crdtchat.stores.base import Store, StoreError


class CatchingUp:
    """Rooms ask; each gets its answer by `Following.loaded` or `Following.failed`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: list[Gathering] = []
        self._wanted = anyio.Event()

    def ask(self, room: Gathering) -> None:
        """Read soon. May be called from outside of any task."""
        self._asked.append(room)
        self._wanted.set()

    async def run(self) -> None:
        """Serve until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                await self._wanted.wait()
                self._wanted = anyio.Event()
                rooms, self._asked = self._asked, []
                for room in rooms:
                    tasks.start_soon(self._read, room)

    async def _read(self, room: Gathering) -> None:
        try:
            loaded = await self._store.load(room.key, known=room.head)
        except StoreError as error:
            room.following.failed(room, error)
        else:
            room.following.loaded(room, loaded)
