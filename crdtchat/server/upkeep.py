"""Commands that work on the store without a server."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import anyio

from crdtchat.access.directory import Directory
from crdtchat.access.tenants import Tenant, Tenants
from crdtchat.host.folding import replica_of
from crdtchat.host.retention import apply_retention
from crdtchat.host.version_tidying import tidy
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.storage import make_store
from crdtchat.stores.base import DocumentKey, Store, StoreError
from crdtchat.sync.effects import Deed

_T = TypeVar("_T")


def compact(settings: Settings, tenant: str) -> int:
    """Apply a tenant's retention, and fold the log of every page into a snapshot."""
    run_on_store(settings, partial(_compact_pages, configured=settings.tenants, tenant=tenant))
    return 0


async def _compact_pages(store: Store, configured: Tenants, tenant: str) -> None:
    directory = Directory(configured, store)
    await directory.refresh()
    described = directory.find(tenant) or Tenant(tenant)
    await apply_retention(store, described, time.time_ns() // 1_000_000, "command")
    pages = await store.pages(tenant)
    for page in pages:
        loaded = await store.load(page.key)
        if not loaded.entries:
            continue
        replica = replica_of(loaded)
        await store.snapshot(page.key, loaded.epoch, loaded.sequence, replica.state())
        await tidy(store, page.key, replica, time.time_ns() // 1_000_000)
    sys.stdout.write(f"{len(pages)} pages of {tenant} are compact\n")


async def note_command(store: Store, tenant: str, action: str, target: str) -> None:
    """Write into a tenant's audit log what an operator did at the command line."""
    now = time.time_ns() // 1_000_000
    deed = Deed("", "", action, target, now, "command")
    await store.add_deeds(DocumentKey(tenant, ""), [deed])


def run_on_store(settings: Settings, work: Callable[[Store], Awaitable[_T]]) -> _T:
    """Open the settings' store for some work, and answer what it answers. Raises BadSetting for
    what the store refuses."""

    async def main() -> _T:
        store = make_store(settings)
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    try:
        return anyio.run(main)
    except StoreError as error:
        raise BadSetting(str(error)) from None
