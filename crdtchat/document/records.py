"""Typed records of the page's document, one reader and one writer each (PROTOCOL section 3).

A reader answers None for a value it cannot read (a later schema's): such a record is not shown. It
passes over positions behind those it knows. A writer leaves out what stands at its default at the
end, and raises `InvalidRecord` for what the server would refuse whatever the state of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crdtchat.document import schema
from crdtchat.sync.update import Value
from crdtchat.sync.wire import MAX_UINT


class InvalidRecord(ValueError):
    """What the schema cannot hold: too long, empty, or no text."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an annotation is about: W3C TextQuoteSelector and TextPositionSelector in one."""

    exact: str
    """The quoted words; may be empty for the kinds `cell`, `output` and `page`."""
    prefix: str = ""
    suffix: str = ""
    start_cp: int = 0
    """Offsets into the page's text, in Unicode code points."""
    end_cp: int = 0
    kind: str = "text"
    """`text`, `source`, `rendered`, `output`, `cell` or `page`."""
    part: str = ""
    """Part of the page; in notebooks `cell=ID` or `cell=ID&output=N`."""
    version: str = ""
    """Page version the words were seen in."""


@dataclass(frozen=True, slots=True)
class AnnotationRecord:
    """Root `a`. Times are milliseconds since 1970, here and below."""

    author: str
    created: int
    target: Target


@dataclass(frozen=True, slots=True)
class CommentRecord:
    """Root `c`."""

    author: str
    created: int
    text: str
    """Markdown."""
    edited: int = 0
    """Time of the newest edit, or 0."""
    parent: str = ""
    """Id of the comment replied to, or empty."""


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """Root `s`."""

    resolved: bool
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class TombstoneRecord:
    """Root `d`."""

    by: str
    at: int


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """Root `t`: what an annotation is about now, in place of what it was made on."""

    by: str
    at: int
    target: Target
    followed: bool = False
    """Whether `by`'s program followed an edit of the page, and no person chose the words."""


@dataclass(frozen=True, slots=True)
class ModerationRecord:
    """Root `m`: what a moderator decided about an annotation or a comment."""

    hidden: bool
    locked: bool
    """Of an annotation: only moderators write under it."""
    by: str
    at: int


def read_annotation(value: Value | None) -> AnnotationRecord | None:
    """Read a value of `a`."""
    match value:
        case str(author), int(created), *rest:
            target = _read_target(rest)
            return None if target is None else AnnotationRecord(author, created, target)
    return None


def annotation_value(record: AnnotationRecord) -> Value:
    """Write a value of `a`. Raises InvalidRecord."""
    return _trimmed((record.author, record.created, *_target_parts(record.target)), 7)


def read_anchor(value: Value | None) -> AnchorRecord | None:
    """Read a value of `t`."""
    match value:
        case str(by), int(at), *rest:
            target = _read_target(rest)
            followed = rest[8:9] == [1]
            return None if target is None else AnchorRecord(by, at, target, followed)
    return None


def anchor_value(record: AnchorRecord) -> Value:
    """Write a value of `t`. Raises InvalidRecord."""
    parts = (record.by, record.at, *_target_parts(record.target), int(record.followed))
    return _trimmed(parts, 7)


def _read_target(value: Sequence[str | int]) -> Target | None:
    match value:
        case str(exact), str(prefix), str(suffix), int(start), int(end), *rest:
            kind, part, version = (*rest, *("", "", "")[len(rest) :])[:3]
            if isinstance(kind, str) and isinstance(part, str) and isinstance(version, str):
                return Target(exact, prefix, suffix, start, end, kind or "text", part, version)
    return None


def _target_parts(target: Target) -> tuple[str | int, ...]:
    if target.kind not in schema.TARGET_KINDS:
        raise InvalidRecord(f"no such kind of target: {target.kind!r}")
    if not target.exact and target.kind not in schema.WHOLE_KINDS:
        raise InvalidRecord("an annotation needs the words it is about")
    if not (isinstance(target.start_cp, int) and isinstance(target.end_cp, int)):
        raise InvalidRecord("where the words begin and end are whole numbers")
    if not 0 <= target.start_cp <= target.end_cp <= MAX_UINT:
        raise InvalidRecord("the target ends before it begins, or nowhere")
    _check(target.exact, schema.EXACT_CP, "quote")
    _check(target.prefix, schema.CONTEXT_CP, "prefix")
    _check(target.suffix, schema.CONTEXT_CP, "suffix")
    _check(target.part, schema.PART_CP, "part")
    _check(target.version, schema.VERSION_CP, "version")
    return (
        *(target.exact, target.prefix, target.suffix, target.start_cp, target.end_cp),
        *("" if target.kind == "text" else target.kind, target.part, target.version),
    )


def read_comment(value: Value | None) -> CommentRecord | None:
    """Read a value of `c`."""
    match value:
        case str(author), int(created), str(text), *rest:
            edited, parent = (*rest, *(0, "")[len(rest) :])[:2]
            if isinstance(edited, int) and isinstance(parent, str):
                return CommentRecord(author, created, text, edited, parent)
    return None


def comment_value(record: CommentRecord) -> Value:
    """Write a value of `c`. Raises InvalidRecord."""
    _check(record.text, schema.COMMENT_CP, "comment")
    return _trimmed((record.author, record.created, record.text, record.edited, record.parent), 3)


def read_status(value: Value | None) -> StatusRecord | None:
    """Read a value of `s`."""
    match value:
        case int(state), str(by), int(at), *_:
            return StatusRecord(state == schema.RESOLVED, by, at)
    return None


def status_value(record: StatusRecord) -> Value:
    """Write a value of `s`."""
    return (schema.RESOLVED if record.resolved else schema.OPEN, record.by, record.at)


def read_tombstone(value: Value | None) -> TombstoneRecord | None:
    """Read a value of `d`."""
    match value:
        case str(by), int(at), *_:
            return TombstoneRecord(by, at)
    return None


def tombstone_value(record: TombstoneRecord) -> Value:
    """Write a value of `d`."""
    return (record.by, record.at)


def read_moderation(value: Value | None) -> ModerationRecord | None:
    """Read a value of `m`."""
    match value:
        case int(flags), str(by), int(at), *_:
            hidden, locked = bool(flags & schema.HIDDEN), bool(flags & schema.LOCKED)
            return ModerationRecord(hidden, locked, by, at)
    return None


def moderation_value(record: ModerationRecord) -> Value:
    """Write a value of `m`."""
    flags = schema.HIDDEN * record.hidden + schema.LOCKED * record.locked
    return (flags, record.by, record.at)


def read_reactions(value: Value | None) -> tuple[str, ...]:
    """Read a value of `r`: the emoji of one user on one comment."""
    return tuple(dict.fromkeys(value.split())) if isinstance(value, str) else ()


def reactions_value(emoji: tuple[str, ...]) -> Value | None:
    """Write a value of `r`; None when no emoji is left. Raises InvalidRecord."""
    for one in emoji:
        if not one or one.split() != [one]:
            raise InvalidRecord("a reaction is an emoji without spaces")
    text = " ".join(emoji)
    _check(text, schema.REACTION_CP, "reaction")
    return text or None


def read_name(value: Value | None) -> str:
    """Read a value of `u`: the attested name, or empty."""
    match value:
        case str(name), *_:
            return name
    return ""


def comment_key(aid: str, cid: str) -> str:
    """Key of a comment in `c`, and of its tombstone in `d`."""
    return f"{aid}/{cid}"


def reaction_key(aid: str, cid: str, user: str) -> str:
    """Key of one user's reactions on a comment, in `r`."""
    return f"{aid}/{cid}/{user}"


def _check(text: str, most_cp: int, what: str) -> None:
    if len(text) > most_cp:
        raise InvalidRecord(f"the {what} has {len(text)} characters, {most_cp} are allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRecord(f"the {what} holds half a surrogate pair") from None


def _trimmed(value: tuple[str | int, ...], least: int) -> Value:
    size = len(value)
    while size > least and not value[size - 1]:
        size -= 1
    return value[:size]
