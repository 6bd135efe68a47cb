"""Erasure: documents rebuilt into a new epoch, while whoever serves them goes on serving.

A rebuild is conditional like every write: if the page moved on meanwhile, it is read again. Rooms
of the old epoch, in whatever process, learn of it by their next append or within a second
(`crdtchat.host.watch`), and send their sessions away to load the new one.
"""

from __future__ import annotations

from collections.abc import Callable

from crdtchat.document import rebuild
from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Erasure, Loaded, Store, StoreCorrupt, StoreUnavailable
from crdtchat.sync.fold import fold
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import server_client

_TRIES = 50

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

    def change(content: rebuild.Content, loaded: Loaded) -> rebuild.Content | None:
        nonlocal found
        there = rebuild.annotation_ids(content)
        found = frozenset(there if aids is None else there & aids)
        return rebuild.forget_annotations(content, found, now) if found else None

    await rebuild_document(store, key, change)
    return found


async def erase_user(store: Store, tenant: str, user: str, now: int) -> list[DocumentKey]:
    """Erase a user from all pages of a tenant, and their tokens; answer the rebuilt pages. `now` in
    milliseconds since 1970. Call `Store.scrub` when done.

    A page whose log alone knows the user (what they wrote was deleted) is rebuilt too. Raises
    StoreError.
    """

    def change(content: rebuild.Content, loaded: Loaded) -> rebuild.Content | None:
        known = {entry.principal for entry in loaded.entries}
        known |= {lease.user for lease in loaded.leases}
        known |= rebuild.users(content) | set(content["u"])
        return rebuild.forget_user(content, user, now) if user in known else None

    await store.remove_tokens(tenant, user)
    pages = await store.pages(tenant)
    return [page.key for page in pages if await rebuild_document(store, page.key, change)]


async def rebuild_document(store: Store, key: DocumentKey, change: Change) -> int:
    """Write a document anew; answer its new epoch, or 0 if the change left it alone.

    Raises StoreError.
    """
    for _ in range(_TRIES):
        loaded = await store.load(key)
        content = change(rebuild.read_content(replica_of(loaded)), loaded)
        if content is None:
            return 0
        state = rebuild.encode_content(content, server_client(loaded.epoch + 1))
        _check(state, content)
        outcome = await store.erase(Erasure(key, loaded.epoch, loaded.sequence, state))
        if isinstance(outcome, int):
            return outcome
    raise StoreUnavailable(
        f"Page {key.page!r} is written faster than it can be rebuilt: try again, or stop the "
        "server."
    )


def _check(state: bytes, content: rebuild.Content) -> None:
    """Prove that what is about to replace everything reads back as what it should hold."""
    replica = Replica()
    replica.apply(state)
    fold(state, Mirror(), RULES)
    if rebuild.read_content(replica) != content:
        raise StoreCorrupt("the rebuilt document does not read back: nothing was changed")
