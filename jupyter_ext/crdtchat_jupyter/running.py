"""The hub inside Jupyter's event loop: started by the first who needs it, ended with the server."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio

from crdtchat.access.directory import Directory
from crdtchat.access.gate import Gate
from crdtchat.access.guard import Guard
from crdtchat.access.tenants import DEFAULT_LIMITS, Tenant
from crdtchat.host.hub import Hub
from crdtchat.server.app import create_rest_app
from crdtchat.stores.base import StoreError
from crdtchat.stores.sqlite import SqliteStore
from crdtchat_jupyter.principal import TENANT

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_log = logging.getLogger(__name__)

DATABASE = "crdtchat.sqlite3"
# The texts that annotations are made on are not kept: they hold all of a notebook's outputs.
_TENANTS = {TENANT: Tenant(TENANT, limits=DEFAULT_LIMITS, page_versions=False)}


class Running(NamedTuple):
    """What serves, while it runs."""

    hub: Hub
    gate: Gate
    guard: Guard
    app: ASGIApp
    """The REST interface."""


class RunningHub:
    """One task of its own enters and leaves the hub, whose task group may not change hands.

    Started by the first request rather than with the server: test harnesses run no start hook,
    and a server whose users never discuss anything opens no database.
    """

    def __init__(self, data: Path, version: str) -> None:
        self._data = data
        self._version = version
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Running] | None = None
        self._stop = asyncio.Event()

    async def wait(self) -> Running:
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

    async def _run(self, ready: asyncio.Future[Running]) -> None:
        store = SqliteStore(self._data / DATABASE)
        gate = Gate(Directory(_TENANTS, store), store)
        try:
            await store.open()
            await gate.directory.refresh()
        except StoreError as error:
            self._ready = None
            ready.set_exception(error)
            ready.exception()  # whoever asked is told; a caller that left is not missed
            return
        failed = False
        try:
            async with Hub(store, server=self._version) as hub, anyio.create_task_group() as tasks:
                guard = Guard(gate, lambda: hub.sources.now().wall)
                tasks.start_soon(guard.run)
                ready.set_result(Running(hub, gate, guard, create_rest_app(hub, gate, guard)))
                await self._stop.wait()
                tasks.cancel_scope.cancel()
        except ExceptionGroup:
            _log.exception("a task failed, which ends all discussions for now")
            failed = True
        finally:
            await store.close()
        if failed:
            self._ready = None  # the next who asks begins anew
