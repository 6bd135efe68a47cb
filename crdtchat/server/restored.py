"""`crdtchat restored`: a backup was put in the place of the database."""

from __future__ import annotations

import sys

from crdtchat.host.damage import Damage
from crdtchat.host.restoring import begin_anew
from crdtchat.server.progress import progress
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.upkeep import note_command, run_on_store
from crdtchat.stores.base import Store


def restored(settings: Settings) -> int:
    """Have all replicas of all pages begin anew. Answers the exit status. Raises BadSetting."""
    if settings.store == "memory:":
        raise BadSetting("a store in memory has no backup")
    run_on_store(settings, _begin_pages_anew)
    return 0


async def _begin_pages_anew(store: Store) -> None:
    tenants = await store.tenants_of_pages()
    keys = [page.key for tenant in tenants for page in await store.pages(tenant)]
    damage = Damage()
    with progress("pages", " pages", len(keys)) as show:
        for done, key in enumerate(keys, 1):
            with damage.passed_over(key):
                await begin_anew(store, key)
            show(done)
    for tenant in tenants:
        await note_command(store, tenant, "restored", tenant)
    await store.scrub()  # of the logs that are written anew
    sys.stdout.write(
        f"pages that begin anew: {len(keys)}; whoever comes back takes over what the backup holds\n"
    )
    damage.report()
