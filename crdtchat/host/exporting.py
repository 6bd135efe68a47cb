"""Export: a tenant's annotations as one JSON-LD file, a page in memory at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, NamedTuple

from anyio.to_thread import run_sync

from crdtchat.document import schema
from crdtchat.document.jsonld import CONTEXT, OWN_CONTEXT, deletion_json, export_json
from crdtchat.document.records import TombstoneRecord, read_moderation
from crdtchat.document.replica import EngineFailure, Replica
from crdtchat.document.rules import RULES
from crdtchat.document.standing import Standing, Standings
from crdtchat.document.view import Annotation, Comment, read_view
from crdtchat.document.withdrawn import Told, told_of, withdrawn_on
from crdtchat.host.damage import Damage
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Loaded, Store, StoreCorrupt
from crdtchat.sync.codes import Malformed
from crdtchat.sync.fold import FoldError, fold
from crdtchat.sync.mirror import Mirror

Progress = Callable[[int], None]
"""Hears how many annotations are done."""


class Gone(NamedTuple):
    """What is no more, as the file says that is written anew."""

    deletions: Mapping[str, TombstoneRecord]
    """By annotation id."""
    withdrawn: Collection[str]
    """Keys of reactions."""


async def exported(  # noqa: PLR0913 - all by name, each a thing of its own
    store: Store,
    tenant: str,
    *,
    page: str | None = None,
    user: str | None = None,
    source: str | None = None,
    hidden: bool = True,
    gone: Gone | None = None,
    progress: Progress = lambda count: None,
    damage: Damage | None = None,
) -> AsyncIterator[str]:
    """An AnnotationCollection (W3C vocabulary, section 3.2) with one annotation a line, in parts.

    page: only what is on this page; user: only what this user wrote; source: what the targets call
    the page, its id unless given; hidden: with what moderators hid and decided, or as readers see
    it. gone: also what was deleted, and whose reactions were taken back, here and as `gone` says,
    so that it goes elsewhere, too. The same documents make the same text. `progress` hears at the
    end, too. damage: hears of pages that cannot be read back, which the last line names; without it
    the first of them is an error. Raises StoreError, before the first part where a page is named.
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
            found = await _read(store, key, source or key.page, user, hidden, gone)
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
    gone: Gone | None,
) -> _Items:
    loaded = await store.load(key)
    # Seconds for a page of 10,000 annotations: in a thread, so that others are served.
    found = await run_sync(_items, loaded, source, user, hidden, gone)
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
    told: Gone | None,
) -> _Items | str:
    """A page's annotations, or what is wrong with it: an exception would carry the replica, which
    belongs to this thread, into another one."""
    try:
        replica = replica_of(loaded)
        annotations = read_view(replica, hidden=hidden)
        decided = replica.values(schema.MODERATION) if hidden else {}
        standings = None if told is None else Standings(replica)
        back = {} if told is None else _taken_back(replica, told.withdrawn)
    except (EngineFailure, FoldError, Malformed) as error:
        return str(error)
    found = {key: read_moderation(value) for key, value in decided.items()}
    verdicts = {
        key: verdict
        for key, verdict in found.items()
        if verdict is not None and user in (None, verdict.by)
    }
    gone: dict[str, TombstoneRecord] = {}
    if told is not None and standings is not None:
        gone = {
            aid: stone
            for aid, stone in told.deletions.items()
            if standings.of(aid) is Standing.GONE
        }
        gone |= standings.deleted
        annotations = tuple(
            _with_places(one, standings.places.get(one.aid, {})) for one in annotations
        )
    items = (export_json(annotation, source, verdicts, user) for annotation in annotations)
    lines = [_line(_with_withdrawn(item, back)) for item in items if item is not None]
    return _Items(lines, [_line(deletion_json(aid, gone[aid], source)) for aid in sorted(gone)])


def _taken_back(replica: Replica, heard: Collection[str]) -> Told:
    mirror = Mirror()
    fold(replica.state(), mirror, RULES)
    return told_of(withdrawn_on(mirror), heard, replica)


def _with_withdrawn(item: dict[str, Any], back: Told) -> dict[str, Any]:
    """With whose reactions to its comments were taken back."""
    aid = item["id"]
    return item | {"withdrawn": back[aid]} if aid in back else item


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
