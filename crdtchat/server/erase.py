"""`crdtchat erase`: takes somebody's words off the disk for good, also while a server runs."""

from __future__ import annotations

import sys
import time
from typing import Any

from crdtchat.host.damage import Damage
from crdtchat.host.erasing import erase_annotations, erase_unread, erase_user
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.upkeep import check_page, pages_of, run_on_store
from crdtchat.stores.base import DocumentKey, Store, StoreCorrupt


def erase(settings: Settings, flags: dict[str, Any]) -> int:
    """Erase a page's annotations, one of them, or a user of a tenant. Answers the exit status."""
    page, annotation, user = flags["page"], flags["annotation"], flags["user"]
    if (page is None) == (user is None) or (annotation is not None and page is None):
        raise BadSetting("say what to erase: --page ID, --page ID --annotation AID, or --user ID")
    if settings.store == "memory:":
        raise BadSetting("a store in memory has nothing on disk: stop its server instead")
    what = f"annotation {annotation} of {page}" if annotation else f"all of {page}"
    if user is not None:
        what = f"user {user}, on all pages"
    if not flags["yes"] and not _is_sure(f"{what}, in tenant {flags['tenant']}"):
        sys.stderr.write("nothing was erased\n")
        return 1

    async def work(store: Store) -> None:
        known = await pages_of(settings, store, flags["tenant"])  # refuses a name that is misspelt
        now, damage = time.time_ns() // 1_000_000, Damage()
        if user is not None:
            pages, damage = await erase_user(store, flags["tenant"], user, now)
            done = f"{user} is erased from {len(pages)} pages" if pages else ""
        else:
            check_page(known, flags["tenant"], page)
            key = DocumentKey(flags["tenant"], page)
            wanted = None if annotation is None else frozenset({annotation})
            try:
                found = await erase_annotations(store, key, wanted, now)
                # One that was erased before is known by its tombstone.
                if annotation is not None and not found:
                    raise BadSetting(f"page {page!r} has no annotation {annotation!r}")
                done = f"{len(found)} annotations of {page} are erased"
            except StoreCorrupt:
                if wanted is not None:
                    raise
                await erase_unread(store, key, now)
                done = f"{page} could not be read back, and is erased whole"
        # Also when nothing was found: an earlier run may have been interrupted.
        await store.scrub()
        if done:
            sys.stdout.write(f"{done}; the database was written anew without them\n")
            sys.stdout.write("copies that you made of the data directory still hold them\n")
        else:
            sys.stdout.write(f"{_nowhere(user)}\n")
        damage.report()

    run_on_store(settings, work)
    return 0


def _nowhere(user: str) -> str:
    """What to say where no page knows a user: nobody can tell one who was erased before."""
    return (
        f"no page has anything of {user!r}: they were erased before, or the id is misspelt (those "
        "of all who wrote are in crdtchat export); tokens of this id, if there were any, are gone"
    )


def _is_sure(what: str) -> bool:
    if not sys.stdin.isatty():
        raise BadSetting("erasing cannot be undone: confirm it with --yes")
    sys.stderr.write(f"erase {what}? This cannot be undone. Type yes: ")
    return sys.stdin.readline().strip() == "yes"
