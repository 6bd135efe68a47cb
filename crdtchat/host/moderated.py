"""What moderators hid or locked, on whatever page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from anyio.to_thread import run_sync

from crdtchat.document import schema
from crdtchat.document.jsonld import export_json
from crdtchat.document.rebuild import Values, read_content
from crdtchat.document.records import ModerationRecord, read_moderation
from crdtchat.document.replica import EngineFailure
from crdtchat.document.view import read_view
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Loaded, Store, StoreCorrupt

DECISIONS = ("hide", "import", "lock")
"""Deeds by which something on a page may be hidden or locked."""


@dataclass(frozen=True, slots=True)
class Moderated:
    """An annotation that is hidden or locked, or has a hidden comment."""

    page: str
    at: int
    """Of the newest decision."""
    item: dict[str, Any]
    """As an export has it."""


async def moderated(store: Store, tenant: str, pages: Iterable[str]) -> list[Moderated]:
    """Look for them on these pages; what was decided last comes first. Raises StoreError."""
    found: list[Moderated] = []
    for page in pages:
        loaded = await store.load(DocumentKey(tenant, page))
        # A large page takes seconds: in a thread, so that others are served.
        items = await run_sync(_look, loaded, page)
        if isinstance(items, str):
            raise StoreCorrupt(f"page {page!r} cannot be read back: {items}")
        found += items
    return sorted(found, key=lambda one: -one.at)


def _look(loaded: Loaded, page: str) -> list[Moderated] | str:
    """Those of one page, or what is wrong with it: an exception would carry the replica, which
    belongs to this thread, into another one."""
    try:
        replica = replica_of(loaded)
        verdicts = {
            key: verdict
            for key, value in replica.values(schema.MODERATION).items()
            if (verdict := read_moderation(value)) and (verdict.hidden or verdict.locked)
        }
        if not verdicts:
            return []
        content = read_content(replica)
    except EngineFailure as error:
        return str(error)
    aids = {key.partition("/")[0] for key in verdicts}
    kept = {
        root: values
        if root == schema.USERS
        else {key: value for key, value in values.items() if key.partition("/")[0] in aids}
        for root, values in content.items()
    }
    return [
        Moderated(page, _newest(verdicts, annotation.aid), item)
        for annotation in read_view(Values(kept))
        if (item := export_json(annotation, page, verdicts)) and "moderation" in item
    ]


def _newest(verdicts: dict[str, ModerationRecord], aid: str) -> int:
    return max(verdict.at for key, verdict in verdicts.items() if key.partition("/")[0] == aid)
