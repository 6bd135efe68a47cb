"""Retention: what tenants keep for so many days only, and pages that drag too much past along."""

from __future__ import annotations

from crdtchat.access.tenants import Tenant
from crdtchat.document import rebuild, retention
from crdtchat.document.rules import RULES
from crdtchat.host.damage import Damage
from crdtchat.host.erasing import rebuild_document
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Loaded, Store
from crdtchat.sync.effects import Deed
from crdtchat.sync.fold import fold
from crdtchat.sync.mirror import Mirror

DAY_MS = 86_400_000


async def apply_retention(store: Store, tenant: Tenant, now: int, via: str, damage: Damage) -> int:
    """Erase resolved threads that nobody touched for the tenant's days, drop tombstones and audit
    lines that are older, and write pages anew that carry too much past. 0 days: for ever, only the
    last. On pages that are held, time ends nothing.

    Answers how many pages were rebuilt, and scrubs if any was, now or before. `via`: who asked, for
    the audit log. Raises StoreError; what was done until then stays, and the next round goes on
    from there. A page that cannot be read back stays as it is, and `damage` knows of it.
    """
    before = now - tenant.retention_days * DAY_MS if tenant.retention_days else 0
    pages = [page.key for page in await store.pages(tenant.id)]
    held = frozenset(key.page for key in pages if tenant.holds(key.page))
    if before:
        await store.trim_deeds(tenant.id, before, held)
    rebuilt = 0
    for key in pages:
        since = 0 if key.page in held else before
        with damage.passed_over(key):
            rebuilt += bool(await _tidy(store, key, since, now, via))
    # Also if an earlier round was interrupted before it could.
    if rebuilt or await store.unscrubbed():
        await store.scrub()
    return rebuilt


async def _tidy(store: Store, key: DocumentKey, before: int, now: int, via: str) -> int:
    gone: frozenset[str] = frozenset()
    quotes: set[bytes] = set()

    def change(content: rebuild.Content, loaded: Loaded) -> rebuild.Content | None:
        nonlocal gone
        gone = retention.expired(content, before)
        quotes.update(quote.encode() for quote in rebuild.quotes(content, gone))
        left = retention.without_old_tombstones(content, before)
        if gone:
            left = rebuild.forget_annotations(left, gone, now)
        return None if left == content and not _is_heavy(loaded) else left

    def deeds() -> tuple[Deed, ...]:
        return tuple(Deed("", "", "expire", aid, now, via) for aid in sorted(gone))

    return await rebuild_document(store, key, change, deeds=deeds, quotes=quotes)


def _is_heavy(loaded: Loaded) -> bool:
    """Whether a document drags too many client ids or dead items along."""
    mirror = Mirror()
    fold(replica_of(loaded).state(), mirror, RULES)
    clients = len(mirror.state_vector())
    return clients > retention.MOST_CLIENTS or len(mirror.dead_ids()) > retention.MOST_DEAD
