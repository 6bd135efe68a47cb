"""The live view: a page's annotations as people see them, computed from the values of the roots.

Annotations stand in the order (created, aid), comments in the order (created, cid). What lies
behind a tombstone is not shown, also while the server has yet to purge it. A deleted comment keeps
its place as an empty one while a live comment follows it or replies to it; an annotation whose
comments were all deleted is gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from crdtchat.document import schema
from crdtchat.document.ids import time_of_comment_id
from crdtchat.document.records import (
    AnchorRecord,
    CommentRecord,
    StatusRecord,
    Target,
    TombstoneRecord,
    comment_key,
    read_anchor,
    read_annotation,
    read_comment,
    read_moderation,
    read_name,
    read_reactions,
    read_status,
    read_tombstone,
)
from crdtchat.sync.update import Value


class Values(Protocol):
    """Anything that knows the values of the roots: a replica, or one with unsaved writes on it."""

    def values(self, root: str) -> Mapping[str, Value]:
        """All values of a root, by key."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """One emoji on a comment and who gave it, in order of user id."""

    emoji: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of a thread. Times are milliseconds since 1970; 0 means never."""

    aid: str
    cid: str
    author: str
    """User id; empty for a deleted comment."""
    author_name: str
    """The name the server attests, or empty."""
    created: int
    text: str
    edited: int = 0
    parent: str = ""
    """Id of the comment replied to, or empty."""
    deleted: TombstoneRecord | None = None
    """Set for a comment that was deleted and keeps its place: nothing else of it is left."""
    reactions: tuple[Reaction, ...] = ()
    hidden: bool = False
    """Whether a moderator hid it: readers are shown its place and nothing else."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A target and the thread under it."""

    aid: str
    author: str
    author_name: str
    created: int
    target: Target
    """What it is about now: the newest anchor record's target, or the one it was made on."""
    status: StatusRecord | None
    """Newest resolve or reopen; None if there was none."""
    comments: tuple[Comment, ...]
    """In the order to show them; the first is the opening comment."""
    anchor: AnchorRecord | None = None
    """Newest re-attachment or refresh: who, when, and `target` once more; None if there is none."""
    made_on: Target | None = None
    """The target it was made on, where an anchor record supersedes it; else None."""
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Attested names by user id, of everybody on the page."""
    hidden: bool = False
    """Whether a moderator hid all of it: readers are not shown that it is there."""
    locked: bool = False
    """Whether only moderators may write under it."""

    @property
    def original(self) -> Target:
        """The target it was made on, which never changes."""
        return self.made_on or self.target

    @property
    def resolved(self) -> bool:
        """Whether the thread is resolved now."""
        return self.status is not None and self.status.resolved

    @property
    def quote(self) -> str:
        """The words annotated, as they stand now."""
        return self.target.exact

    @property
    def text(self) -> str:
        """The text of the opening comment; empty if there is none or it was deleted."""
        return self.comments[0].text if self.comments else ""

    @property
    def updated(self) -> int:
        """Time of the newest comment or edit."""
        times = [max(comment.created, comment.edited) for comment in self.comments]
        return max([self.created, *times])


def read_view(source: Values, *, hidden: bool = True) -> tuple[Annotation, ...]:
    """Compute all annotations of a page.

    `hidden`: with what moderators hid, as they see it; readers get it without.
    """
    tombstones = source.values(schema.TOMBSTONES)
    users = source.values(schema.USERS)
    names = {user: read_name(value) for user, value in users.items()}
    reactions = _reactions(source.values(schema.REACTIONS))
    moderation = source.values(schema.MODERATION)
    comments: dict[str, list[Comment]] = defaultdict(list)
    for key, value in source.values(schema.COMMENTS).items():
        aid, _, cid = key.partition("/")
        record = read_comment(value)
        if record is not None and key not in tombstones:
            comment = _comment(aid, cid, record, names, reactions.get(key, ()))
            verdict = read_moderation(moderation.get(key))
            if verdict is not None and verdict.hidden:
                comment = replace(comment, hidden=True) if hidden else _place_of(comment)
            comments[aid].append(comment)
    stones: dict[str, dict[str, TombstoneRecord]] = defaultdict(dict)
    for key, value in tombstones.items():
        aid, _, cid = key.partition("/")
        stone = read_tombstone(value)
        if cid and stone is not None:
            stones[aid][cid] = stone
    statuses = source.values(schema.STATUSES)
    anchors = source.values(schema.ANCHORS)
    shown: list[Annotation] = []
    for aid, value in source.values(schema.ANNOTATIONS).items():
        head = read_annotation(value)
        if head is None or aid in tombstones:
            continue
        verdict = read_moderation(moderation.get(aid))
        if verdict is not None and verdict.hidden and not hidden:
            continue
        live = comments.get(aid, [])
        deleted = stones.get(aid, {})
        if deleted and not live:
            continue
        name = names.get(head.author, "")
        thread = _thread(aid, live, deleted)
        status = read_status(statuses.get(aid))
        anchor = read_anchor(anchors.get(aid))
        target, made_on = (anchor.target, head.target) if anchor else (head.target, None)
        shown.append(
            Annotation(
                *(aid, head.author, name, head.created),
                *(target, status, thread),
                *(anchor, made_on, names),
                *((verdict.hidden, verdict.locked) if verdict is not None else (False, False)),
            )
        )
    shown.sort(key=lambda annotation: (annotation.created, annotation.aid))
    return tuple(shown)


def _place_of(hidden: Comment) -> Comment:
    """What readers get of a hidden comment."""
    return Comment(
        *(hidden.aid, hidden.cid, "", "", hidden.created, ""), parent=hidden.parent, hidden=True
    )


def _comment(
    aid: str,
    cid: str,
    record: CommentRecord,
    names: Mapping[str, str],
    reactions: tuple[Reaction, ...],
) -> Comment:
    name = names.get(record.author, "")
    return Comment(
        aid,
        cid,
        record.author,
        name,
        record.created,
        record.text,
        record.edited,
        record.parent,
        None,
        reactions,
    )


def _thread(
    aid: str, live: list[Comment], stones: Mapping[str, TombstoneRecord]
) -> tuple[Comment, ...]:
    places = [
        Comment(aid, cid, "", "", _place(cid, stone, live), "", deleted=stone)
        for cid, stone in stones.items()
    ]
    thread = sorted([*live, *places], key=lambda comment: (comment.created, comment.cid))
    parents = {comment.parent for comment in live}
    while thread and thread[-1].deleted is not None and thread[-1].cid not in parents:
        thread.pop()
    return tuple(thread)


def _place(cid: str, stone: TombstoneRecord, live: Iterable[Comment]) -> int:
    """When a deleted comment was written, as well as can be known without its content."""
    time = time_of_comment_id(cid)
    if time is not None:
        return time
    return min((reply.created - 1 for reply in live if reply.parent == cid), default=stone.at)


def _reactions(values: Mapping[str, Value]) -> dict[str, tuple[Reaction, ...]]:
    """Reactions by comment key, emoji in the order of their first user."""
    by_comment: dict[str, dict[str, list[str]]] = {}
    for key in sorted(values):
        aid, cid, user = key.split("/", 2)
        by_emoji = by_comment.setdefault(comment_key(aid, cid), {})
        for emoji in read_reactions(values[key]):
            by_emoji.setdefault(emoji, []).append(user)
    return {
        comment: tuple(Reaction(emoji, tuple(users)) for emoji, users in by_emoji.items())
        for comment, by_emoji in by_comment.items()
    }
