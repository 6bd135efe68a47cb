"""The hub inside Jupyter's event loop: started by the first who needs it, ended with the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from crdtchat.host.hub import Hub
from crdtchat.stores.base import StoreError
from crdtchat.stores.sqlite import SqliteStore


class RunningHub:
    """One task of its own enters and leaves the hub, whose task group may not change hands.

    Started by the first request rather than with the server: test harnesses run no start hook,
    and a server whose users never discuss anything opens no database.
    """

    def __init__(self, data: Path, version: str) -> None:
        self._data = data
        self._version = version
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Hub] | None = None
        self._stop = asyncio.Event()

    async def hub(self) -> Hub:
        """Raises StoreError if the database cannot be opened; the next call tries again."""
        if self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._ready), name="crdtchat hub")
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        """Send everybody away, commit what waits, close the database."""
        if self._task is not None:
            self._stop.set()
            await self._task

    async def _run(self, ready: asyncio.Future[Hub]) -> None:
        store = SqliteStore(self._data / "crdtchat.sqlite3")
        try:
            await store.open()
        except StoreError as error:
            self._ready = None
            ready.set_exception(error)
            ready.exception()  # whoever asked is told; a caller that left is not missed
            return
        try:
            async with Hub(store, server=self._version) as hub:
                ready.set_result(hub)
                await self._stop.wait()
        finally:
            await store.close()
