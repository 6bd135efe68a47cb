"""Erasure: documents rebuilt into a new epoch, while whoever serves them goes on serving.

A rebuild is conditional like every write: if the page moved on meanwhile, it is read again. Rooms
of the old epoch, in whatever process, learn of it by their next append or within a second
(`crdtchat.host.watch`), and send their sessions away to load the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from anyio.to_thread import run_sync

from crdtchat.document import rebuild
from crdtchat.document.page_version import named_versions
from crdtchat.document.replica import EngineFailure, Replica
from crdtchat.document.rules import RULES
from crdtchat.document.schema import ROOTS
from crdtchat.host import page_versions
from crdtchat.host.damage import Damage
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Erasure, Loaded, Store, StoreCorrupt, StoreUnavailable
from crdtchat.sync.effects import Deed
from crdtchat.sync.fold import FoldError, fold
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import server_client

_TRIES = 50

_COMMAND = "command"

Change = Callable[[rebuild.Content, Loaded], rebuild.Content | None]
"""What is to be left of a document; None: leave it alone."""


async def erase_annotations(
    store: Store, key: DocumentKey, aids: frozenset[str] | None, now: int
) -> frozenset[str]:
    """Erase annotations of a page with their threads, or all there are; answer the ids of those
    that were there. `now` in milliseconds since 1970. Call `Store.scrub` when done.

    Raises StoreError.
    """
    found: frozenset[str] = frozenset()
    quotes: set[bytes] = set()

    def change(content: rebuild.Content, loaded: Loaded) -> rebuild.Content | None:
        nonlocal found
        there = rebuild.annotation_ids(content)
        found = frozenset(there if aids is None else there & aids)
        quotes.update(quote.encode() for quote in rebuild.quotes(content, found))
        return rebuild.forget_annotations(content, found, now) if found else None

    def deeds() -> tuple[Deed, ...]:
        return tuple(Deed("", "", "erase", aid, now, _COMMAND) for aid in sorted(found))

    await rebuild_document(store, key, change, deeds=deeds, quotes=quotes)
    return found


async def erase_unread(store: Store, key: DocumentKey, now: int) -> None:
    """Erase a page that cannot be read back, whole: nobody knows what was on it, so no tombstones
    keep that from coming back. `now` in milliseconds since 1970. Call `Store.scrub` when done.

    Raises StoreError.
    """
    nothing: rebuild.Content = {root: {} for root in ROOTS}
    deed = Deed("", "", "erase", "", now, _COMMAND)
    for _ in range(_TRIES):
        (head,) = await store.heads([key])
        state = rebuild.encode_content(nothing, server_client(head.epoch + 1))
        outcome = await store.erase(Erasure(key, *head, state, frozenset(), (deed,)))
        if isinstance(outcome, int):
            return
    raise _too_fast(key)


async def erase_user(
    store: Store, tenant: str, user: str, now: int
) -> tuple[list[DocumentKey], Damage]:
    """Erase a user from all pages of a tenant, and their tokens; answer the rebuilt pages, and what
    kept others from it. `now` in milliseconds since 1970. Call `Store.scrub` when done.

    A page whose log alone knows the user (what they wrote was deleted) is rebuilt too. Raises
    StoreError.
    """

    def change(content: rebuild.Content, loaded: Loaded) -> rebuild.Content | None:
        known = {entry.principal for entry in loaded.entries}
        known |= {lease.user for lease in loaded.leases}
        known |= rebuild.users(content) | set(content["u"])
        return rebuild.forget_user(content, user, now) if user in known else None

    await store.remove_user(tenant, user)
    deed = Deed("", "", "erase-user", user, now, _COMMAND)
    await store.add_deeds(DocumentKey(tenant, ""), [deed])
    rebuilt, damage = [], Damage()
    for page in await store.pages(tenant):
        with damage.passed_over(page.key):
            if await rebuild_document(store, page.key, change):
                rebuilt.append(page.key)
    return rebuilt, damage


async def rebuild_document(
    store: Store,
    key: DocumentKey,
    change: Change,
    *,
    deeds: Callable[[], tuple[Deed, ...]] = tuple,
    quotes: Collection[bytes] = (),
    leap: int = 1,
) -> int:
    """Write a document anew; answer its new epoch, or 0 if the change left it alone.

    `change` decides in a thread; `deeds` and `quotes` are asked then. Page versions stay if a
    record still names them and none of the `quotes` is in them. The new epoch comes `leap` after
    the old. Raises StoreError.
    """
    for _ in range(_TRIES):
        loaded = await store.load(key)
        # Seconds for a page of 10,000 annotations: in a thread, so that others are served.
        rewritten = await run_sync(rewrite, loaded, change, leap)
        if rewritten is None:
            return 0
        if isinstance(rewritten, str):
            raise StoreCorrupt(f"page {key.page!r}: {rewritten}: nothing was changed")
        content, state = rewritten
        versions = await _versions(store, key, content, quotes)
        erasure = Erasure(
            *(key, loaded.epoch, loaded.sequence, state, versions, deeds()), loaded.epoch + leap
        )
        outcome = await store.erase(erasure)
        if isinstance(outcome, int):
            return outcome
    raise _too_fast(key)


def _too_fast(key: DocumentKey) -> StoreUnavailable:
    return StoreUnavailable(
        f"Page {key.page!r} is written faster than it can be rebuilt: try again, or stop the "
        "server."
    )


async def _versions(
    store: Store, key: DocumentKey, content: rebuild.Content, quotes: Collection[bytes]
) -> frozenset[str]:
    """The page versions that may stay."""
    named = named_versions(rebuild.Values(content))
    kept = []
    for name in await store.versions(key):
        text = await page_versions.get(store, key, name) if name in named and quotes else b""
        if name in named and not any(quote in (text or b"") for quote in quotes):
            kept.append(name)
    return frozenset(kept)


def rewrite(
    loaded: Loaded, change: Change, leap: int = 1
) -> tuple[rebuild.Content, bytes] | str | None:
    """What is left of a document and how it is written, None if it is left alone, or what is wrong:
    an exception would carry a replica, which belongs to this thread, into another one."""
    try:
        content = change(rebuild.read_content(replica_of(loaded)), loaded)
        if content is None:
            return None
        state = rebuild.encode_content(content, server_client(loaded.epoch + leap))
        # What is about to replace everything must read back as what it should hold.
        replica = Replica()
        replica.apply(state)
        fold(state, Mirror(), RULES)
        if rebuild.read_content(replica) != content:
            return "the rebuilt document does not read back"
    except (EngineFailure, FoldError) as error:
        return f"cannot be read back: {error}"
    return content, state
