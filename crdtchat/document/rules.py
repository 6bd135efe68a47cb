"""The rule table: who may write what (PROTOCOL section 3), one rule per root.

A rule judges by facts that conflicts cannot change: whether a key was written, by whom, whether it
was tombstoned. So a verdict does not depend on which of two concurrent values wins.
"""

from __future__ import annotations

from crdtchat.document import schema
from crdtchat.document.checks import (
    array,
    check_annotation,
    check_may_comment,
    check_not_deleted,
    check_not_locked,
    check_target,
    check_writer,
    deleted_with,
    may_sign,
)
from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.message import EventKind
from crdtchat.sync.rules import Actor, Facts, Law, RuleTable, View
from crdtchat.sync.update import Value

_NEW, _UPDATED, _DELETED = EventKind
_NOT_EDITED: tuple[str | int, ...] = (0, "")
"""What a comment means that leaves its last positions out: `edited`, `parent`."""


class _Rule:
    """What all roots share: records are signed, never removed, and purge nothing."""

    is_tombstone = False

    def remove(self, view: View, actor: Actor, key: str) -> None:
        if not actor.server:
            raise Refused(RejectCode.IMMUTABLE, "records go by a tombstone only")

    def purges(self, key: str, other_root: str, other_key: str) -> bool:
        return False

    def facts(self, key: str, value: Value) -> Facts:
        return ()

    def deeds(self, view: View, user: str, key: str, facts: Facts) -> tuple[str, ...]:
        return ()


class _PurgedRule(_Rule):
    """Records that a tombstone purges: behind it whoever may write may also remove them.

    A stock client that wrote there while it was offline, and then heard of the purge, has only
    items without values to tell of.
    """

    def remove(self, view: View, actor: Actor, key: str) -> None:
        if deleted_with(view, key) and not actor.server:
            check_may_comment(actor)
        else:
            super().remove(view, actor, key)


class AnnotationRule(_PurgedRule):
    """`a`: written once by whoever may comment."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        if not schema.is_id(key):
            raise Refused(RejectCode.BAD_KEY, "not an annotation id")
        record = array(value, 7, 10)
        check_target(record)
        check_writer(actor, record[0], record[1])
        check_not_deleted(view, key)
        if view.facts(schema.ANNOTATIONS, key) is not None:
            raise Refused(RejectCode.EXISTS, "the annotation id is taken")
        return record[:2]

    def facts(self, key: str, value: Value) -> Facts:
        return value[0], value[1]

    def event(self, key: str) -> tuple[EventKind, str, str]:
        return _NEW, key, ""


class CommentRule(_PurgedRule):
    """`c`: written and rewritten by its author; author, created and parent never change."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        ids = schema.split_ids(key)
        if ids is None:
            raise Refused(RejectCode.BAD_KEY, "not annotation/comment")
        record = array(value, 3, 5)
        author, created, text, edited, parent = record + _NOT_EDITED[len(record) - 3 :]
        if not isinstance(text, str) or not isinstance(parent, str):
            raise Refused(RejectCode.BAD_VALUE, "a comment's text and parent are text")
        if not isinstance(edited, int) or edited < 0:
            raise Refused(RejectCode.BAD_VALUE, "the time of an edit is a time")
        most_cp = min(actor.comment_cp or schema.COMMENT_CP, schema.COMMENT_CP)
        if len(text) > most_cp:
            raise Refused(RejectCode.TOO_LONG, f"over {most_cp} characters")
        before = view.facts(schema.COMMENTS, key)
        # What its author edited elsewhere comes with a later import.
        came = before is not None and edited and before[0] == author and may_sign(actor, author)
        if before is not None and actor.user not in (before[0], author) and not came:
            raise Refused(RejectCode.NOT_AUTHOR, "the comment is somebody else's")
        # What never changes was judged when it came, by a clock that may have been ahead then.
        check_writer(actor, author, created, judged=before is not None and before[1] == created)
        if edited > actor.now + schema.FUTURE_MS:
            raise Refused(RejectCode.FUTURE, "edited in the future")
        facts = (author, created, parent)
        if before is not None:
            if before[0] != author:
                raise Refused(RejectCode.NOT_AUTHOR, "the comment is somebody else's")
            if before != facts:
                if not edited and before[2] == parent:
                    # Its author's, dated anew while the first sending was on its way elsewhere.
                    raise Refused(RejectCode.EXISTS, "the comment id is taken")
                raise Refused(RejectCode.IMMUTABLE, "author, time and parent never change")
        aid, _ = ids
        check_not_deleted(view, key)
        check_annotation(view, aid)
        check_not_locked(view, actor, aid)
        if before is None and parent:
            if not schema.is_id(parent) or f"{aid}/{parent}" == key:
                raise Refused(RejectCode.BAD_VALUE, "the parent is not another comment's id")
            parent_key = f"{aid}/{parent}"
            if (
                view.facts(schema.COMMENTS, parent_key) is None
                and view.facts(schema.TOMBSTONES, parent_key) is None
            ):
                raise Refused(RejectCode.UNKNOWN_COMMENT, "replies to an unknown comment")
        return facts

    def facts(self, key: str, value: Value) -> Facts:
        return value[0], value[1], value[4] if len(value) > 4 else ""

    def event(self, key: str) -> tuple[EventKind, str, str]:
        aid, _, cid = key.partition("/")
        return _UPDATED, aid, cid


class StatusRule(_PurgedRule):
    """`s`: open or resolved, by whoever may comment."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        if not schema.is_id(key):
            raise Refused(RejectCode.BAD_KEY, "not an annotation id")
        state, by, at = array(value, 3, 3)
        if state not in (schema.OPEN, schema.RESOLVED):
            raise Refused(RejectCode.BAD_VALUE, "no such state")
        check_writer(actor, by, at)
        check_not_deleted(view, key)
        check_annotation(view, key)
        return ()

    def event(self, key: str) -> tuple[EventKind, str, str]:
        return _UPDATED, key, ""


class ReactionRule(_Rule):
    """`r`: one key per comment and user, which that user may also remove."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        comment = self._check_key(actor, key)
        if not isinstance(value, str) or not 0 < len(value) <= schema.REACTION_CP:
            raise Refused(RejectCode.BAD_VALUE, "a reaction is a few emoji")
        check_may_comment(actor)
        check_not_deleted(view, comment)
        if view.facts(schema.COMMENTS, comment) is None:
            raise Refused(RejectCode.UNKNOWN_COMMENT, "reacts to an unknown comment")
        return ()

    def remove(self, view: View, actor: Actor, key: str) -> None:
        if not actor.server:
            self._check_key(actor, key)
            check_may_comment(actor)

    def event(self, key: str) -> tuple[EventKind, str, str]:
        aid, cid, _ = key.split("/", 2)
        return _UPDATED, aid, cid

    @staticmethod
    def _check_key(actor: Actor, key: str) -> str:
        comment, _, user = key.rpartition("/")
        if schema.split_ids(comment) is None or not schema.is_user(user):
            raise Refused(RejectCode.BAD_KEY, "not annotation/comment/user")
        if user != actor.user and not may_sign(actor, user):
            raise Refused(RejectCode.NOT_AUTHOR, "the reaction is somebody else's")
        return comment


class TombstoneRule(_Rule):
    """`d`: written once by the author or a moderator; what lies behind it is purged."""

    is_tombstone = True

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        by, at = array(value, 2, 2)
        if schema.is_id(key):
            owner = view.facts(schema.ANNOTATIONS, key)
            unknown = RejectCode.UNKNOWN_ANNOTATION
        elif schema.split_ids(key) is not None:
            owner = view.facts(schema.COMMENTS, key)
            unknown = RejectCode.UNKNOWN_COMMENT
        else:
            raise Refused(RejectCode.BAD_KEY, "neither annotation nor annotation/comment")
        check_writer(actor, by, at)
        check_not_deleted(view, key)
        if owner is None:
            if not (actor.may_import or actor.may_restore) or schema.is_id(key):
                raise Refused(unknown, "there is nothing to delete")
            # The place of a comment that was deleted before the export.
            check_annotation(view, key.partition("/")[0])
        elif owner[0] != actor.user and not actor.may_moderate:
            raise Refused(RejectCode.NOT_AUTHOR, "only the author or a moderator deletes")
        return ("deleted",)

    def facts(self, key: str, value: Value) -> Facts:
        return ("deleted",)

    def deeds(self, view: View, user: str, key: str, facts: Facts) -> tuple[str, ...]:
        root = schema.COMMENTS if "/" in key else schema.ANNOTATIONS
        owner = view.facts(root, key)
        return () if owner is None or owner[0] == user else ("delete",)

    def purges(self, key: str, other_root: str, other_key: str) -> bool:
        if other_root in (schema.TOMBSTONES, schema.USERS):
            return False
        return other_key == key or other_key.startswith(key + "/")

    def event(self, key: str) -> tuple[EventKind, str, str]:
        aid, _, cid = key.partition("/")
        return (_UPDATED, aid, cid) if cid else (_DELETED, aid, "")


class ModerationRule(_PurgedRule):
    """`m`: hidden or not, locked or not, by moderators; every decision may be taken back."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        flags, by, at = array(value, 3, 3)
        if schema.is_id(key):
            allowed, owner = 3, view.facts(schema.ANNOTATIONS, key)
            unknown = RejectCode.UNKNOWN_ANNOTATION
        elif schema.split_ids(key) is not None:
            allowed, owner = schema.HIDDEN, view.facts(schema.COMMENTS, key)
            unknown = RejectCode.UNKNOWN_COMMENT
        else:
            raise Refused(RejectCode.BAD_KEY, "neither annotation nor annotation/comment")
        if not isinstance(flags, int) or not 0 <= flags <= allowed:
            raise Refused(RejectCode.BAD_VALUE, "no such decision")
        check_writer(actor, by, at)
        if not actor.may_moderate:
            raise Refused(RejectCode.READ_ONLY, "only a moderator hides and locks")
        check_not_deleted(view, key)
        if owner is None:
            raise Refused(unknown, "there is nothing to hide or lock")
        return (flags,)

    def facts(self, key: str, value: Value) -> Facts:
        return (value[0],)

    def deeds(self, view: View, user: str, key: str, facts: Facts) -> tuple[str, ...]:
        (before,) = view.facts(schema.MODERATION, key) or (0,)
        (after,) = facts
        assert isinstance(before, int)
        assert isinstance(after, int)
        named = ((schema.HIDDEN, "hide", "unhide"), (schema.LOCKED, "lock", "unlock"))
        changed = [(after & flag, on, off) for flag, on, off in named if (before ^ after) & flag]
        return tuple(on if set_now else off for set_now, on, off in changed)

    def event(self, key: str) -> tuple[EventKind, str, str]:
        aid, _, cid = key.partition("/")
        return EventKind.UPDATED, aid, cid


class AnchorRule(_PurgedRule):
    """`t`: the selectors that supersede an annotation's own, by its author or a moderator."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        if not schema.is_id(key):
            raise Refused(RejectCode.BAD_KEY, "not an annotation id")
        record = array(value, 7, 11)
        if record[10:] not in ((), (0,), (1,)):
            raise Refused(RejectCode.BAD_VALUE, "followed is 0 or 1")
        check_target(record[:10])
        check_writer(actor, record[0], record[1])
        check_not_deleted(view, key)
        check_annotation(view, key)
        owner = view.facts(schema.ANNOTATIONS, key)
        if owner is not None and owner[0] != actor.user and not actor.may_moderate:
            raise Refused(RejectCode.NOT_AUTHOR, "only the author or a moderator re-attaches")
        return record[10:]

    def facts(self, key: str, value: Value) -> Facts:
        return tuple(value)[10:]

    def deeds(self, view: View, user: str, key: str, facts: Facts) -> tuple[str, ...]:
        owner = view.facts(schema.ANNOTATIONS, key)
        if owner is None or owner[0] == user:
            return ()
        return ("follow" if facts == (1,) else "attach",)

    def event(self, key: str) -> tuple[EventKind, str, str]:
        return _UPDATED, key, ""


class UserRule(_Rule):
    """`u`: the server attests the name of everybody who wrote here."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        if not actor.server and not may_sign(actor, key):
            raise Refused(RejectCode.SERVER_ONLY, "names are attested by the server")
        (name,) = array(value, 1, 1)
        if not isinstance(name, str) or len(name) > schema.NAME_CP:
            raise Refused(RejectCode.BAD_VALUE, "a name is a short text")
        return (name,)

    def facts(self, key: str, value: Value) -> Facts:
        return (value[0],)

    def event(self, key: str) -> None:
        return None


RULES: RuleTable = {
    schema.ANNOTATIONS: AnnotationRule(),
    schema.COMMENTS: CommentRule(),
    schema.STATUSES: StatusRule(),
    schema.REACTIONS: ReactionRule(),
    schema.TOMBSTONES: TombstoneRule(),
    schema.USERS: UserRule(),
    schema.ANCHORS: AnchorRule(),
    schema.MODERATION: ModerationRule(),
}
LAW = Law(
    version=schema.SCHEMA_VERSION,
    rules=RULES,
    threads=schema.ANNOTATIONS,
    attest=lambda user, name: (schema.USERS, user, (name,)),
    comment_cp=schema.COMMENT_CP,
    noted=frozenset({schema.ANCHORS, schema.TOMBSTONES, schema.MODERATION}),
)
