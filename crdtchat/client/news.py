"""What happened on the page, as events: told by the server, or seen by comparing two states.

The server tells the events of operations one by one. Who comes back after a while gets a single
difference instead; what it means is found by comparing the values before and after.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from crdtchat.document import schema
from crdtchat.document.records import (
    read_anchor,
    read_annotation,
    read_comment,
    read_moderation,
    read_status,
    read_tombstone,
)
from crdtchat.sync.message import Event, EventKind
from crdtchat.sync.update import Value

State = Mapping[str, Mapping[str, Value]]
"""Values by root and key."""


class Happening(StrEnum):
    """Kinds of page events."""

    NEW = "new-text-chat"
    UPDATED = "updated-text-chat"
    DELETED = "deleted-text-chat"
    MISSED = "missed-text-chats"
    """The reader was too slow: events were dropped; read the page's annotations instead."""


_KINDS = {
    EventKind.NEW: Happening.NEW,
    EventKind.UPDATED: Happening.UPDATED,
    EventKind.DELETED: Happening.DELETED,
}


@dataclass(frozen=True, slots=True)
class PageEvent:
    """One change that somebody else made."""

    kind: Happening
    aid: str = ""
    cid: str = ""
    """Empty when it is about the whole annotation."""
    by: str = ""
    """User id; empty if it cannot be known."""
    at: int = 0
    """Milliseconds since 1970; 0 if it cannot be known."""
    broadcast_id: str = ""
    """UUID of the operation; empty if it came as part of a difference."""
    missed: int = 0
    """For `missed-text-chats`: how many events were dropped."""
    tenant: str = ""
    page: str = ""
    """Where it happened."""


def told(event: Event) -> PageEvent:
    """The page event of an event on the wire."""
    broadcast_id = str(UUID(bytes=event.broadcast_id)) if any(event.broadcast_id) else ""
    return PageEvent(_KINDS[event.kind], event.aid, event.cid, event.by, event.at, broadcast_id)


def seen(before: State, after: State, own: Collection[tuple[str, str]]) -> list[PageEvent]:
    """Compare two states; changes of the places in `own` (root, key) are no news.

    One event per annotation that came or went, else one per comment (or annotation) that changed.
    """
    whole: dict[str, PageEvent] = {}
    parts: dict[tuple[str, str], PageEvent] = {}
    for root, key, value in _changes(before, after):
        aid, _, rest = key.partition("/")
        cid = rest.partition("/")[0]
        comment = (schema.TOMBSTONES, f"{aid}/{cid}")
        if (root, key) in own or (schema.TOMBSTONES, aid) in own or comment in own:
            continue
        if cid and comment[1] in before[schema.TOMBSTONES]:
            continue  # What lay behind a tombstone was purged.
        was, now = _shown(before, aid), _shown(after, aid)
        if was and now:
            parts[aid, cid] = PageEvent(Happening.UPDATED, aid, cid, *_signature(root, key, value))
        elif was or now:
            kind, root = (
                (Happening.NEW, schema.ANNOTATIONS)
                if now
                else (Happening.DELETED, schema.TOMBSTONES)
            )
            signature = _signature(root, aid, after[root].get(aid))
            whole[aid] = PageEvent(kind, aid, "", *signature)
    events = [*whole.values(), *parts.values()]
    return sorted(events, key=lambda event: event.at)


def _shown(state: State, aid: str) -> bool:
    return aid in state[schema.ANNOTATIONS] and aid not in state[schema.TOMBSTONES]


def _changes(before: State, after: State) -> list[tuple[str, str, Value | None]]:
    changes: list[tuple[str, str, Value | None]] = []
    for root in schema.ROOTS:
        if root == schema.USERS:
            continue
        was, now = before[root], after[root]
        changes += [(root, key, value) for key, value in now.items() if was.get(key) != value]
        changes += [(root, key, None) for key in was.keys() - now.keys()]
    return changes


def _signature(root: str, key: str, value: Value | None) -> tuple[str, int]:
    """Who made a record what it is, and when."""
    if root == schema.REACTIONS:
        return key.split("/", 2)[2], 0
    if root == schema.ANNOTATIONS and (annotation := read_annotation(value)):
        return annotation.author, annotation.created
    if root == schema.COMMENTS and (comment := read_comment(value)):
        return comment.author, max(comment.created, comment.edited)
    if root == schema.STATUSES and (status := read_status(value)):
        return status.by, status.at
    if root == schema.ANCHORS and (anchor := read_anchor(value)):
        return anchor.by, anchor.at
    if root == schema.MODERATION and (verdict := read_moderation(value)):
        return verdict.by, verdict.at
    if root == schema.TOMBSTONES and (stone := read_tombstone(value)):
        return stone.by, stone.at
    return "", 0
