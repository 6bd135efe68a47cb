"""What the rules ask of a value, of who writes it, and of what it belongs to.

Each raises Refused with the code that says what is wrong.
"""

from __future__ import annotations

from crdtchat.document import schema
from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.rules import Actor, View
from crdtchat.sync.update import Value


def array(value: Value, least: int, most: int) -> tuple[str | int, ...]:
    """The value, if it is an array of so many elements."""
    if isinstance(value, str) or not least <= len(value) <= most:
        raise Refused(RejectCode.BAD_VALUE, f"not an array of {least} to {most} elements")
    return value


def check_target(record: tuple[str | int, ...]) -> None:
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


def may_sign(actor: Actor, author: str | int) -> bool:
    """Whether a record may bear another name than that of who sends it."""
    if not isinstance(author, str) or not (schema.is_user(author) or not author):
        return False  # Empty is nobody's: its author was erased.
    imported = not author or schema.is_imported(author)
    return actor.may_restore or (actor.may_import and imported)


def check_writer(actor: Actor, author: str | int, at: str | int, *, judged: bool = False) -> None:
    """Refuse another's name, a time that is none, and who may not write; `judged`: the time was
    found in order before."""
    if author != actor.user and not may_sign(actor, author):
        raise Refused(RejectCode.FORGED_AUTHOR, "signed as somebody else")
    if not isinstance(at, int) or at <= 0:
        raise Refused(RejectCode.BAD_VALUE, "not a time")
    if not judged and at > actor.now + schema.FUTURE_MS:
        raise Refused(RejectCode.FUTURE, "dated in the future")
    check_may_comment(actor)


def check_may_comment(actor: Actor) -> None:
    """Refuse readers."""
    if not actor.may_comment:
        raise Refused(RejectCode.READ_ONLY, "this role may not write here")


def deleted_with(view: View, key: str) -> str:
    """What a record belongs to that is tombstoned: annotation, comment, or (empty) neither."""
    aid, _, cid = key.partition("/")
    if view.facts(schema.TOMBSTONES, aid) is not None:
        return "annotation"
    return "comment" if cid and view.facts(schema.TOMBSTONES, key) is not None else ""


def check_not_deleted(view: View, key: str) -> None:
    """Refuse if the record, or the annotation it belongs to, is tombstoned."""
    if gone := deleted_with(view, key):
        raise Refused(RejectCode.DELETED, f"the {gone} was deleted")


def check_not_locked(view: View, actor: Actor, aid: str) -> None:
    """Refuse what is written into a locked thread, unless by a moderator.

    Softly: who wrote before they could know of the lock did nothing wrong.
    """
    (flags,) = view.facts(schema.MODERATION, aid) or (0,)
    if isinstance(flags, int) and flags & schema.LOCKED and not actor.may_moderate:
        raise Refused(RejectCode.LOCKED, "a moderator locked this thread")


def check_annotation(view: View, aid: str) -> None:
    """Refuse if there is none."""
    if view.facts(schema.ANNOTATIONS, aid) is None:
        raise Refused(RejectCode.UNKNOWN_ANNOTATION, "there is no such annotation")
