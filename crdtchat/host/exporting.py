"""Export: a tenant's annotations as one JSON-LD file, a page in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Callable

from crdtchat.document import schema
from crdtchat.document.jsonld import (
    CONTEXT,
    OWN_CONTEXT,
    annotation_json,
    moderation_json,
    of_user,
)
from crdtchat.document.records import read_moderation
from crdtchat.document.replica import EngineFailure
from crdtchat.document.view import read_view
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Store, StoreCorrupt

Progress = Callable[[int], None]
"""Hears how many annotations are done."""


async def export(
    store: Store,
    tenant: str,
    write: Callable[[str], object],
    *,
    page: str | None = None,
    user: str | None = None,
    source: str | None = None,
    hidden: bool = True,
    progress: Progress = lambda count: None,
) -> int:
    """Write an AnnotationCollection (W3C vocabulary, section 3.2) with one annotation a line.

    page: only what is on this page; user: only what this user wrote; source: what the targets call
    the page, its id unless given; hidden: with what moderators hid and decided, or as readers see
    it. The same documents make the same bytes. Answers how many annotations there are. Raises
    StoreError.
    """
    head = {
        "@context": [CONTEXT, OWN_CONTEXT],
        "type": "AnnotationCollection",
        "generator": {"id": "urn:crdtchat", "type": "Software", "name": "crdtchat"},
    }
    write(_line(head)[:-1] + ', "first": {"type": "AnnotationPage", "items": [')
    keys = [found.key for found in await store.pages(tenant) if not found.key.scope]
    count = 0
    for key in sorted(keys) if page is None else [DocumentKey(tenant, page)]:
        for annotation in await _items(store, key, user, source or key.page, hidden=hidden):
            write((",\n" if count else "\n") + annotation)
            count += 1
            progress(count)
    write("\n]}}\n")
    return count


async def _items(
    store: Store, key: DocumentKey, user: str | None, source: str, *, hidden: bool
) -> list[str]:
    try:
        replica = replica_of(await store.load(key))
        annotations = read_view(replica, hidden=hidden)
        decided = replica.values(schema.MODERATION) if hidden else {}
    except EngineFailure as error:
        raise StoreCorrupt(f"page {key.page!r} cannot be read back: {error}") from error
    found = {key: read_moderation(value) for key, value in decided.items()}
    verdicts = {
        key: verdict
        for key, verdict in found.items()
        if verdict is not None and user in (None, verdict.by)
    }
    items: list[str] = []
    for annotation in annotations:
        kept = annotation if user is None else of_user(annotation, user)
        if kept is not None:
            item = annotation_json(kept, source)
            del item["@context"]
            if kept.comments[:1] != annotation.comments[:1]:
                del item["body"]  # It would put their reply into the mouth of who annotated.
            moderation = moderation_json(kept, verdicts)
            if moderation:
                item["moderation"] = moderation
            items.append(_line(item))
    return items


def _line(item: object) -> str:
    return json.dumps(item, ensure_ascii=False)
