"""Export: a tenant's annotations as one JSON-LD file, a page in memory at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

from anyio.to_thread import run_sync

from crdtchat.document import schema
from crdtchat.document.jsonld import CONTEXT, OWN_CONTEXT, export_json
from crdtchat.document.records import read_moderation
from crdtchat.document.replica import EngineFailure
from crdtchat.document.view import read_view
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Loaded, Store, StoreCorrupt

Progress = Callable[[int], None]
"""Hears how many annotations are done."""


async def exported(
    store: Store,
    tenant: str,
    *,
    page: str | None = None,
    user: str | None = None,
    source: str | None = None,
    hidden: bool = True,
    progress: Progress = lambda count: None,
) -> AsyncIterator[str]:
    """An AnnotationCollection (W3C vocabulary, section 3.2) with one annotation a line, in parts.

    page: only what is on this page; user: only what this user wrote; source: what the targets call
    the page, its id unless given; hidden: with what moderators hid and decided, or as readers see
    it. The same documents make the same text. `progress` hears at the end, too. Raises StoreError.
    """
    head = {
        "@context": [CONTEXT, OWN_CONTEXT],
        "type": "AnnotationCollection",
        "generator": {"id": "urn:crdtchat", "type": "Software", "name": "crdtchat"},
    }
    yield _line(head)[:-1] + ', "first": {"type": "AnnotationPage", "items": ['
    keys = [found.key for found in await store.pages(tenant) if not found.key.scope]
    count = 0
    for key in sorted(keys) if page is None else [DocumentKey(tenant, page)]:
        loaded = await store.load(key)
        # Seconds for a page of 10,000 annotations: in a thread, so that others are served.
        items = await run_sync(_items, loaded, source or key.page, user, hidden)
        if isinstance(items, str):
            raise StoreCorrupt(f"page {key.page!r} cannot be read back: {items}")
        for item in items:
            yield (",\n" if count else "\n") + item
            count += 1
            progress(count)
    progress(count)
    yield "\n]}}\n"


def _items(loaded: Loaded, source: str, user: str | None, hidden: bool) -> list[str] | str:
    """A page's annotations, or what is wrong with it: an exception would carry the replica, which
    belongs to this thread, into another one."""
    try:
        replica = replica_of(loaded)
        annotations = read_view(replica, hidden=hidden)
        decided = replica.values(schema.MODERATION) if hidden else {}
    except EngineFailure as error:
        return str(error)
    found = {key: read_moderation(value) for key, value in decided.items()}
    verdicts = {
        key: verdict
        for key, verdict in found.items()
        if verdict is not None and user in (None, verdict.by)
    }
    items = (export_json(annotation, source, verdicts, user) for annotation in annotations)
    return [_line(item) for item in items if item is not None]


def _line(item: object) -> str:
    return json.dumps(item, ensure_ascii=False)
