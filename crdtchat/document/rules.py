"""The rule table: who may write what (PROTOCOL section 3), one rule per root.

A rule judges by facts that conflicts cannot change: whether a key was written, by whom, whether it
was tombstoned. So a verdict does not depend on which of two concurrent values wins.
"""

from __future__ import annotations

from crdtchat.document import schema
from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.message import EventKind
from crdtchat.sync.rules import Actor, Facts, Law, RuleTable, View
from crdtchat.sync.update import Value

_NEW, _UPDATED, _DELETED = EventKind
_NOT_EDITED: tuple[str | int, ...] = (0, "")
"""What a comment means that leaves its last positions out: `edited`, `parent`."""


class _Rule:
    """What most roots share: records are signed, never removed, and purge nothing."""

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


class AnnotationRule(_Rule):
    """`a`: written once by whoever may comment."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        if not schema.is_id(key):
            raise Refused(RejectCode.BAD_KEY, "not an annotation id")
        record = _array(value, 7, 10)
        _check_target(record)
        _check_writer(actor, record[0], record[1])
        _check_not_deleted(view, key)
        if view.facts(schema.ANNOTATIONS, key) is not None:
            raise Refused(RejectCode.EXISTS, "the annotation id is taken")
        return record[:2]

    def facts(self, key: str, value: Value) -> Facts:
        return value[0], value[1]

    def event(self, key: str) -> tuple[EventKind, str, str]:
        return _NEW, key, ""


class CommentRule(_Rule):
    """`c`: written and rewritten by its author; author, created and parent never change."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        ids = schema.split_ids(key)
        if ids is None:
            raise Refused(RejectCode.BAD_KEY, "not annotation/comment")
        record = _array(value, 3, 5)
        author, created, text, edited, parent = record + _NOT_EDITED[len(record) - 3 :]
        if not isinstance(text, str) or not isinstance(parent, str):
            raise Refused(RejectCode.BAD_VALUE, "a comment's text and parent are text")
        if not isinstance(edited, int) or edited < 0:
            raise Refused(RejectCode.BAD_VALUE, "the time of an edit is a time")
        most_cp = min(actor.comment_cp or schema.COMMENT_CP, schema.COMMENT_CP)
        if len(text) > most_cp:
            raise Refused(RejectCode.TOO_LONG, f"over {most_cp} characters")
        before = view.facts(schema.COMMENTS, key)
        if before is not None and before[0] != actor.user and author != actor.user:
            raise Refused(RejectCode.NOT_AUTHOR, "the comment is somebody else's")
        # What never changes was judged when it came, by a clock that may have been ahead then.
        _check_writer(actor, author, created, judged=before is not None and before[1] == created)
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
        _check_not_deleted(view, key)
        _check_annotation(view, aid)
        _check_not_locked(view, actor, aid)
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


class StatusRule(_Rule):
    """`s`: open or resolved, by whoever may comment."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        if not schema.is_id(key):
            raise Refused(RejectCode.BAD_KEY, "not an annotation id")
        state, by, at = _array(value, 3, 3)
        if state not in (schema.OPEN, schema.RESOLVED):
            raise Refused(RejectCode.BAD_VALUE, "no such state")
        _check_writer(actor, by, at)
        _check_not_deleted(view, key)
        _check_annotation(view, key)
        return ()

    def event(self, key: str) -> tuple[EventKind, str, str]:
        return _UPDATED, key, ""


class ReactionRule(_Rule):
    """`r`: one key per comment and user, which that user may also remove."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        comment = self._check_key(actor, key)
        if not isinstance(value, str) or not 0 < len(value) <= schema.REACTION_CP:
            raise Refused(RejectCode.BAD_VALUE, "a reaction is a few emoji")
        _check_may_comment(actor)
        _check_not_deleted(view, comment)
        if view.facts(schema.COMMENTS, comment) is None:
            raise Refused(RejectCode.UNKNOWN_COMMENT, "reacts to an unknown comment")
        return ()

    def remove(self, view: View, actor: Actor, key: str) -> None:
        if not actor.server:
            self._check_key(actor, key)
            _check_may_comment(actor)

    def event(self, key: str) -> tuple[EventKind, str, str]:
        aid, cid, _ = key.split("/", 2)
        return _UPDATED, aid, cid

    @staticmethod
    def _check_key(actor: Actor, key: str) -> str:
        comment, _, user = key.rpartition("/")
        if schema.split_ids(comment) is None or not schema.is_user(user):
            raise Refused(RejectCode.BAD_KEY, "not annotation/comment/user")
        if user != actor.user and not _may_sign(actor, user):
            raise Refused(RejectCode.NOT_AUTHOR, "the reaction is somebody else's")
        return comment


class TombstoneRule(_Rule):
    """`d`: written once by the author or a moderator; what lies behind it is purged."""

    is_tombstone = True

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        by, at = _array(value, 2, 2)
        if schema.is_id(key):
            owner = view.facts(schema.ANNOTATIONS, key)
            unknown = RejectCode.UNKNOWN_ANNOTATION
        elif schema.split_ids(key) is not None:
            owner = view.facts(schema.COMMENTS, key)
            unknown = RejectCode.UNKNOWN_COMMENT
        else:
            raise Refused(RejectCode.BAD_KEY, "neither annotation nor annotation/comment")
        _check_writer(actor, by, at)
        _check_not_deleted(view, key)
        if owner is None:
            if not (actor.may_import or actor.may_restore) or schema.is_id(key):
                raise Refused(unknown, "there is nothing to delete")
            # The place of a comment that was deleted before the export.
            _check_annotation(view, key.partition("/")[0])
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


class ModerationRule(_Rule):
    """`m`: hidden or not, locked or not, by moderators; every decision may be taken back."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        flags, by, at = _array(value, 3, 3)
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
        _check_writer(actor, by, at)
        if not actor.may_moderate:
            raise Refused(RejectCode.READ_ONLY, "only a moderator hides and locks")
        _check_not_deleted(view, key)
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


class AnchorRule(_Rule):
    """`t`: the selectors that supersede an annotation's own, by its author or a moderator."""

    def write(self, view: View, actor: Actor, key: str, value: Value) -> Facts:
        if not schema.is_id(key):
            raise Refused(RejectCode.BAD_KEY, "not an annotation id")
        record = _array(value, 7, 11)
        if record[10:] not in ((), (0,), (1,)):
            raise Refused(RejectCode.BAD_VALUE, "followed is 0 or 1")
        _check_target(record[:10])
        _check_writer(actor, record[0], record[1])
        _check_not_deleted(view, key)
        _check_annotation(view, key)
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
        if not actor.server and not _may_sign(actor, key):
            raise Refused(RejectCode.SERVER_ONLY, "names are attested by the server")
        (name,) = _array(value, 1, 1)
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


def _array(value: Value, least: int, most: int) -> tuple[str | int, ...]:
    if isinstance(value, str) or not least <= len(value) <= most:
        raise Refused(RejectCode.BAD_VALUE, f"not an array of {least} to {most} elements")
    return value


def _check_target(record: tuple[str | int, ...]) -> None:
    """Judge [..., ..., exact, prefix, suffix, start, end, kind?, part?, version?]."""
    _, _, exact, prefix, suffix, start, end, kind, part, version = (*record, "", "", "")[:10]
    if not (
        isinstance(exact, str)
        and isinstance(prefix, str)
        and isinstance(suffix, str)
        and isinstance(start, int)
        and isinstance(end, int)
        and isinstance(part, str)
        and isinstance(version, str)
    ):
        raise Refused(RejectCode.BAD_VALUE, "a target of other types")
    if kind not in schema.TARGET_KINDS:
        raise Refused(RejectCode.BAD_VALUE, "no such kind of target")
    if not 0 <= start <= end:
        raise Refused(RejectCode.BAD_VALUE, "offsets out of order")
    if not exact and kind not in schema.WHOLE_KINDS:
        raise Refused(RejectCode.BAD_VALUE, "no quoted words")
    if (
        len(exact) > schema.EXACT_CP
        or len(prefix) > schema.CONTEXT_CP
        or len(suffix) > schema.CONTEXT_CP
        or len(part) > schema.PART_CP
        or len(version) > schema.VERSION_CP
    ):
        raise Refused(RejectCode.TOO_LONG, "quote or context too long")


def _may_sign(actor: Actor, author: str | int) -> bool:
    """Whether a record may bear another name than that of who sends it."""
    if not isinstance(author, str) or not (schema.is_user(author) or not author):
        return False  # Empty is nobody's: its author was erased.
    imported = not author or schema.is_imported(author)
    return actor.may_restore or (actor.may_import and imported)


def _check_writer(actor: Actor, author: str | int, at: str | int, *, judged: bool = False) -> None:
    """`judged`: the time was found in order before."""
    if author != actor.user and not _may_sign(actor, author):
        raise Refused(RejectCode.FORGED_AUTHOR, "signed as somebody else")
    if not isinstance(at, int) or at <= 0:
        raise Refused(RejectCode.BAD_VALUE, "not a time")
    if not judged and at > actor.now + schema.FUTURE_MS:
        raise Refused(RejectCode.FUTURE, "dated in the future")
    _check_may_comment(actor)


def _check_may_comment(actor: Actor) -> None:
    if not actor.may_comment:
        raise Refused(RejectCode.READ_ONLY, "this role may not write here")


def _check_not_deleted(view: View, key: str) -> None:
    """Refuse if the record, or the annotation it belongs to, is tombstoned."""
    aid, _, cid = key.partition("/")
    if view.facts(schema.TOMBSTONES, aid) is not None:
        raise Refused(RejectCode.DELETED, "the annotation was deleted")
    if cid and view.facts(schema.TOMBSTONES, key) is not None:
        raise Refused(RejectCode.DELETED, "the comment was deleted")


def _check_not_locked(view: View, actor: Actor, aid: str) -> None:
    """Refuse what is written into a locked thread, unless by a moderator.

    Softly: who wrote before they could know of the lock did nothing wrong.
    """
    (flags,) = view.facts(schema.MODERATION, aid) or (0,)
    if isinstance(flags, int) and flags & schema.LOCKED and not actor.may_moderate:
        raise Refused(RejectCode.LOCKED, "a moderator locked this thread")


def _check_annotation(view: View, aid: str) -> None:
    if view.facts(schema.ANNOTATIONS, aid) is None:
        raise Refused(RejectCode.UNKNOWN_ANNOTATION, "there is no such annotation")
