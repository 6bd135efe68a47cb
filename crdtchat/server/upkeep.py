"""Commands that work on the store without a server."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

import anyio

from crdtchat.access.description import BadTenant, check_name
from crdtchat.access.directory import Directory
from crdtchat.access.tenants import DEMO, Tenant
from crdtchat.document.replica import EngineFailure
from crdtchat.host.damage import Damage
from crdtchat.host.folding import replica_of
from crdtchat.host.retention import apply_retention
from crdtchat.host.version_tidying import tidy
from crdtchat.server.progress import progress
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.storage import is_missing, make_store, shown
from crdtchat.stores.base import DocumentKey, Page, Store, StoreCorrupt, StoreError
from crdtchat.sync.effects import Deed

_T = TypeVar("_T")


def compact(settings: Settings, tenant: str) -> int:
    """Apply a tenant's retention, fold the log of every page into a snapshot, and make the
    database as small as what it holds."""
    run_on_store(settings, partial(_compact_pages, settings, tenant))
    return 0


async def _compact_pages(settings: Settings, tenant: str, store: Store) -> None:
    directory = Directory(settings.tenants, store)
    await directory.refresh()
    described = directory.find(tenant) or Tenant(tenant)
    damage = Damage()
    await apply_retention(store, described, time.time_ns() // 1_000_000, "command", damage)
    pages = await pages_of(settings, store, tenant)
    with progress(f"compacting {tenant}", " pages", len(pages)) as show:
        for done, page in enumerate(pages, 1):
            with damage.passed_over(page.key):
                await _compact_page(store, page.key)
            show(done)
    await store.scrub()  # gives what the logs took back to the file system
    damage.report()
    sys.stdout.write(f"{len(pages)} pages of {tenant} are compact\n")


async def _compact_page(store: Store, key: DocumentKey) -> None:
    loaded = await store.load(key)
    if loaded.entries:
        try:
            replica = replica_of(loaded)
        except EngineFailure as error:
            raise StoreCorrupt(f"page {key.page!r} cannot be read back: {error}") from None
        await store.snapshot(key, loaded.epoch, loaded.sequence, replica.state())
        await tidy(store, key, replica, time.time_ns() // 1_000_000)


def check_tenant(name: str) -> None:
    """Raises BadSetting for what no tenant can be called: nobody could reach what is kept so."""
    try:
        check_name(name)
    except BadTenant as error:
        raise BadSetting(str(error)) from None


async def known_tenants(settings: Settings, store: Store) -> set[str]:
    """The names of all that are described somewhere, and of the demo."""
    return {*settings.tenants, *DEMO, *(tenant.name for tenant in await store.tenants())}


async def pages_of(settings: Settings, store: Store, tenant: str) -> list[Page]:
    """A tenant's pages. Raises BadSetting for a tenant that has none and that nobody knows."""
    pages = await store.pages(tenant)
    if not pages:
        await require_tenant(settings, store, tenant)
    return pages


async def require_tenant(settings: Settings, store: Store, tenant: str) -> None:
    """Raises BadSetting for a tenant that nobody knows. For where nothing was found of it: what is
    kept of one that is not described any more, or not yet, may be looked at."""
    if tenant not in await known_tenants(settings, store):
        raise BadSetting(
            f"no tenant is called {tenant} in {shown(settings)}: see crdtchat tenant list"
        )


async def note_command(store: Store, tenant: str, action: str, target: str) -> None:
    """Write into a tenant's audit log what an operator did at the command line."""
    now = time.time_ns() // 1_000_000
    deed = Deed("", "", action, target, now, "command")
    await store.add_deeds(DocumentKey(tenant, ""), [deed])


def check_page(pages: Iterable[Page], tenant: str, page: str) -> None:
    """Raises BadSetting for a page that is not among those of a tenant."""
    if not any(one.key.page == page for one in pages):
        raise BadSetting(f"tenant {tenant} has no page {page!r}")


def run_on_store(
    settings: Settings, work: Callable[[Store], Awaitable[_T]], *, makes: bool = False
) -> _T:
    """Open the settings' store for some work, and answer what it answers. Raises BadSetting for
    what the store refuses, and where there is no database, unless the work `makes` one."""
    if not makes and is_missing(settings):
        raise BadSetting(
            f"there is no database {shown(settings)}: say where the server's is, with --data or "
            "with its --config"
        )

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
