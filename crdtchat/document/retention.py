"""What of a page has had its time."""

from __future__ import annotations

from crdtchat.document import rebuild, schema
from crdtchat.document.records import read_comment, read_status, read_tombstone

MOST_DEAD = 20_000
"""Overtaken and deleted items that a page may carry along before it is written anew."""
MOST_CLIENTS = 1_000
"""Client ids that a page may carry along: the engine slows with their number."""


def expired(content: rebuild.Content, before: int) -> frozenset[str]:
    """Annotations that were resolved before a time (milliseconds since 1970) and quiet since."""
    comments = content[schema.COMMENTS].items()
    busy = {
        key.partition("/")[0]
        for key, value in comments
        if (record := read_comment(value)) and max(record.created, record.edited) >= before
    }
    return frozenset(
        aid
        for aid, value in content[schema.STATUSES].items()
        if (status := read_status(value))
        and status.resolved
        and status.at < before
        and aid in content[schema.ANNOTATIONS]
        and aid not in busy
    )


def without_old_tombstones(content: rebuild.Content, before: int) -> rebuild.Content:
    """Drop the tombstones from before a time. What arrives later than that may be written again."""
    stones = {
        key: value
        for key, value in content[schema.TOMBSTONES].items()
        if not (stone := read_tombstone(value)) or stone.at >= before
    }
    return {**content, schema.TOMBSTONES: stones}
