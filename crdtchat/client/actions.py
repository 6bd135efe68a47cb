"""What people do, as operations: the one place where the client makes records."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from crdtchat.client.clock import TRUSTED_MS
from crdtchat.client.errors import UnknownRecord
from crdtchat.client.intents import Operation
from crdtchat.document import schema
from crdtchat.document.ids import (
    RandomBytes,
    new_annotation_id,
    new_broadcast_id,
    new_comment_id,
)
from crdtchat.document.records import (
    AnchorRecord,
    AnnotationRecord,
    CommentRecord,
    ModerationRecord,
    StatusRecord,
    Target,
    TombstoneRecord,
    anchor_value,
    annotation_value,
    comment_key,
    comment_value,
    moderation_value,
    reaction_key,
    reactions_value,
    read_anchor,
    read_annotation,
    read_comment,
    read_moderation,
    read_reactions,
    read_status,
    status_value,
    tombstone_value,
)
from crdtchat.document.replica import Write
from crdtchat.sync.update import Value


class Records(Protocol):
    """What is on the page now."""

    @property
    def user(self) -> str:
        """Who writes; empty while unknown (filled in when the operation is signed)."""

    def get(self, root: str, key: str) -> Value | None:
        """One value."""


class Actions:
    """Makes operations; writes nothing. Raises InvalidRecord for what no page can hold, and
    UnknownRecord for a change of something that is not there."""

    def __init__(self, records: Records, random: RandomBytes) -> None:
        self._records = records
        self._random = random

    def annotate(self, target: Target, text: str, now: int) -> tuple[str, Operation]:
        """A new annotation with its opening comment; answers its id as well."""
        aid = new_annotation_id(self._random)
        record = AnnotationRecord(self._records.user, now, target)
        _, comment = self._comment(aid, text, "", now)
        return aid, self._operation(
            now, (schema.ANNOTATIONS, aid, annotation_value(record)), comment
        )

    def reply(self, aid: str, text: str, parent: str, now: int) -> tuple[str, Operation]:
        """A comment under an annotation; answers its id as well."""
        now = _after(self.annotation(aid).created, now)
        if parent:
            now = _after(self.comment(aid, parent).created, now)
        cid, comment = self._comment(aid, text, parent, now)
        return cid, self._operation(now, comment)

    def edit(self, aid: str, cid: str, text: str, now: int) -> Operation:
        """Another text for a comment."""
        before = self.comment(aid, cid)
        value = comment_value(replace(before, text=text, edited=max(now, before.edited + 1)))
        return self._operation(now, (schema.COMMENTS, comment_key(aid, cid), value))

    def resolve(self, aid: str, resolved: bool, now: int) -> Operation:
        """Resolve or reopen a thread."""
        self.annotation(aid)
        before = read_status(self._records.get(schema.STATUSES, aid))
        now = _after(before.at, now) if before else now
        value = status_value(StatusRecord(resolved, self._records.user, now))
        return self._operation(now, (schema.STATUSES, aid, value))

    def reattach(self, aid: str, target: Target, now: int, *, followed: bool = False) -> Operation:
        """Other words for an annotation to be about; `followed`: a program found them."""
        self.annotation(aid)
        before = read_anchor(self._records.get(schema.ANCHORS, aid))
        now = _after(before.at, now) if before else now
        value = anchor_value(AnchorRecord(self._records.user, now, target, followed))
        return self._operation(now, (schema.ANCHORS, aid, value))

    def moderate(
        self,
        aid: str,
        cid: str,
        now: int,
        *,
        hidden: bool | None = None,
        locked: bool | None = None,
    ) -> Operation:
        """Hide or lock, or take that back; what is None stays as it is."""
        if cid:
            self.comment(aid, cid)
        else:
            self.annotation(aid)
        key = comment_key(aid, cid) if cid else aid
        before = read_moderation(self._records.get(schema.MODERATION, key))
        now = _after(before.at, now) if before else now
        record = before or ModerationRecord(False, False, "", 0)
        record = replace(record, by=self._records.user, at=now)
        record = replace(
            record,
            hidden=record.hidden if hidden is None else hidden,
            locked=record.locked if locked is None else locked,
        )
        return self._operation(now, (schema.MODERATION, key, moderation_value(record)))

    def react(self, aid: str, cid: str, emoji: str, given: bool, now: int) -> Operation:
        """Give a comment an emoji, or take it back."""
        self.comment(aid, cid)
        key = reaction_key(aid, cid, self._records.user)
        mine = [
            one for one in read_reactions(self._records.get(schema.REACTIONS, key)) if one != emoji
        ]
        value = reactions_value((*mine, emoji) if given else tuple(mine))
        return self._operation(now, (schema.REACTIONS, key, value))

    def delete(self, aid: str, cid: str, now: int) -> Operation:
        """Delete a comment, or with an empty `cid` the whole annotation."""
        if cid:
            self.comment(aid, cid)
        else:
            self.annotation(aid)
        key = comment_key(aid, cid) if cid else aid
        value = tombstone_value(TombstoneRecord(self._records.user, now))
        return self._operation(now, (schema.TOMBSTONES, key, value))

    def _comment(self, aid: str, text: str, parent: str, now: int) -> tuple[str, Write]:
        cid = new_comment_id(now, self._random)
        record = CommentRecord(self._records.user, now, text, 0, parent)
        return cid, (schema.COMMENTS, comment_key(aid, cid), comment_value(record))

    def comment(self, aid: str, cid: str) -> CommentRecord:
        """The comment that something is about. Raises UnknownRecord."""
        self.annotation(aid)
        key = comment_key(aid, cid)
        record = read_comment(self._records.get(schema.COMMENTS, key))
        if record is None or self._records.get(schema.TOMBSTONES, key) is not None:
            raise UnknownRecord(f"no comment {cid!r} under annotation {aid!r}")
        return record

    def annotation(self, aid: str) -> AnnotationRecord:
        """The annotation that something is about. Raises UnknownRecord."""
        record = read_annotation(self._records.get(schema.ANNOTATIONS, aid))
        if record is None or self._records.get(schema.TOMBSTONES, aid) is not None:
            raise UnknownRecord(f"no annotation {aid!r} on this page")
        return record

    def _operation(self, now: int, *writes: Write) -> Operation:
        return Operation(new_broadcast_id(self._random), now, writes)


def _after(before: int, now: int) -> int:
    """The time of an answer to what was written at `before`: an answer never stands before it,
    though two clocks differ. A clock that is far ahead is not followed: the server would refuse."""
    return before + 1 if now <= before < now + TRUSTED_MS else now
