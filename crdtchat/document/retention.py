"""What of a page has had its time."""

from __future__ import annotations

from crdtchat.document import rebuild, schema
from crdtchat.document.records import read_comment, read_status, read_tombstone

MOST_DEAD = 20_000
"""Overtaken and deleted items that a page may carry along before it is written anew."""
MOST_CLIENTS = 1_000
"""Client ids that a page may carry along: the engine slows with their number."""


def expired(content: rebuild.Content, before: int) -> frozenset[str]:
    """Annotations that were resolved before a time (milliseconds since 1970) and quiet since, and
    those that nobody has seen since then, as all their comments were deleted."""
    return _quiet(content, before) | _emptied(content, before)


def _quiet(content: rebuild.Content, before: int) -> frozenset[str]:
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


def _emptied(content: rebuild.Content, before: int) -> frozenset[str]:
    """What hides them are tombstones, which are about to go: without those they were there anew."""
    tombstones = content[schema.TOMBSTONES]
    stones = {key: read_tombstone(value) for key, value in tombstones.items() if "/" in key}
    kept = {key for key in content[schema.COMMENTS] if key not in stones}
    kept |= {key for key, stone in stones.items() if not stone or stone.at >= before}
    aids = {key.partition("/")[0] for key in stones} - {key.partition("/")[0] for key in kept}
    return frozenset(aids & content[schema.ANNOTATIONS].keys())


def without_old_tombstones(content: rebuild.Content, before: int) -> rebuild.Content:
    """Drop the tombstones from before a time. What arrives later than that may be written again."""
    stones = {
        key: value
        for key, value in content[schema.TOMBSTONES].items()
        if not (stone := read_tombstone(value)) or stone.at >= before
    }
    return {**content, schema.TOMBSTONES: stones}
