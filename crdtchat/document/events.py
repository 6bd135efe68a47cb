"""The three events of a page, by name and as JSON: one spelling for every way they travel."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crdtchat.sync.message import Event, EventKind

EVENT_NAMES = {
    EventKind.NEW: "new-text-chat",
    EventKind.UPDATED: "updated-text-chat",
    EventKind.DELETED: "deleted-text-chat",
}


def event_json(event: Event, tenant: str, page: str) -> dict[str, Any]:
    """What is told of an event: where, what (`cid` is empty when it is about the whole annotation),
    by whom, when (milliseconds since 1970), and as which operation (empty for stock clients)."""
    known = any(event.broadcast_id)
    return {
        "tenant": tenant,
        "page": page,
        "aid": event.aid,
        "cid": event.cid,
        "by": event.by,
        "at": event.at,
        "broadcastId": str(UUID(bytes=event.broadcast_id)) if known else "",
    }
