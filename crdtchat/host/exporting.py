"""Export: a tenant's annotations as one JSON-LD file, a page in memory at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import NamedTuple

from anyio.to_thread import run_sync

from crdtchat.document import schema
from crdtchat.document.jsonld import CONTEXT, OWN_CONTEXT, deletion_json, export_json
from crdtchat.document.records import TombstoneRecord, read_moderation
from crdtchat.document.replica import EngineFailure
from crdtchat.document.standing import Standing, Standings
from crdtchat.document.view import Annotation, Comment, read_view
from crdtchat.host.damage import Damage
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Loaded, Store, StoreCorrupt

Progress = Callable[[int], None]
"""Hears how many annotations are done."""


async def exported(  # noqa: PLR0913 - all by name, each a thing of its own
    store: Store,
    tenant: str,
    *,
    page: str | None = None,
    user: str | None = None,
    source: str | None = None,
    hidden: bool = True,
    deletions: Mapping[str, TombstoneRecord] | None = None,
    progress: Progress = lambda count: None,
    damage: Damage | None = None,
) -> AsyncIterator[str]:
    """An AnnotationCollection (W3C vocabulary, section 3.2) with one annotation a line, in parts.

    page: only what is on this page; user: only what this user wrote; source: what the targets call
    the page, its id unless given; hidden: with what moderators hid and decided, or as readers see
    it. deletions: also what was deleted, by these ids and those that the page knows, so that it
    goes elsewhere, too. The same documents make the same text. `progress` hears at the end, too.
    damage: hears of pages that cannot be read back, which the last line names; without it the
    first of them is an error. Raises StoreError, before the first part where a page is named.
    """
    head = {
        "@context": [CONTEXT, OWN_CONTEXT],
        "type": "AnnotationCollection",
        "generator": {"id": "urn:crdtchat", "type": "Software", "name": "crdtchat"},
    }
    before = _line(head)[:-1] + ', "first": {"type": "AnnotationPage", "items": ['
    keys = [found.key for found in await store.pages(tenant) if not found.key.scope]
    count = 0
    for key in sorted(keys) if page is None else [DocumentKey(tenant, page)]:
        found = _Items([], [])
        with nullcontext() if damage is None else damage.passed_over(key):
            found = await _read(store, key, source or key.page, user, hidden, deletions)
        for item in found.annotations:
            yield f"{before}\n{item}"
            before = ","
            count += 1
            progress(count)
        for item in found.deletions:
            yield f"{before}\n{item}"
            before = ","
    progress(count)
    unread = f', "unread": {_line(damage.pages)}' if damage is not None and damage.pages else ""
    yield f"{before.removesuffix(',')}\n]}}{unread}}}\n"


async def _read(
    store: Store,
    key: DocumentKey,
    source: str,
    user: str | None,
    hidden: bool,
    deletions: Mapping[str, TombstoneRecord] | None,
) -> _Items:
    loaded = await store.load(key)
    # Seconds for a page of 10,000 annotations: in a thread, so that others are served.
    found = await run_sync(_items, loaded, source, user, hidden, deletions)
    if isinstance(found, str):
        raise StoreCorrupt(f"page {key.page!r} cannot be read back: {found}")
    return found


class _Items(NamedTuple):
    """What an export has of a page, each a line."""

    annotations: list[str]
    deletions: list[str]


def _items(
    loaded: Loaded,
    source: str,
    user: str | None,
    hidden: bool,
    deletions: Mapping[str, TombstoneRecord] | None,
) -> _Items | str:
    """A page's annotations, or what is wrong with it: an exception would carry the replica, which
    belongs to this thread, into another one."""
    try:
        replica = replica_of(loaded)
        annotations = read_view(replica, hidden=hidden)
        decided = replica.values(schema.MODERATION) if hidden else {}
        standings = None if deletions is None else Standings(replica)
    except EngineFailure as error:
        return str(error)
    found = {key: read_moderation(value) for key, value in decided.items()}
    verdicts = {
        key: verdict
        for key, verdict in found.items()
        if verdict is not None and user in (None, verdict.by)
    }
    gone: dict[str, TombstoneRecord] = {}
    if deletions is not None and standings is not None:
        gone = {
            aid: stone for aid, stone in deletions.items() if standings.of(aid) is Standing.GONE
        }
        gone |= standings.deleted
        annotations = tuple(
            _with_places(one, standings.places.get(one.aid, {})) for one in annotations
        )
    items = (export_json(annotation, source, verdicts, user) for annotation in annotations)
    lines = [_line(item) for item in items if item is not None]
    return _Items(lines, [_line(deletion_json(aid, gone[aid], source)) for aid in sorted(gone)])


def _with_places(annotation: Annotation, places: Mapping[str, TombstoneRecord]) -> Annotation:
    """With the places of all comments that were deleted, behind those that are shown."""
    shown = {comment.cid for comment in annotation.comments}
    more = [
        Comment(annotation.aid, cid, "", "", 0, "", deleted=stone)
        for cid, stone in sorted(places.items())
        if cid not in shown
    ]
    return replace(annotation, comments=(*annotation.comments, *more))


def _line(item: object) -> str:
    return json.dumps(item, ensure_ascii=False)
