"""What all readers of foreign annotations share: values that may be anything, made to fit.

A reader never raises for what a file holds. What does not fit is trimmed or left out, and tallied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crdtchat.document import schema
from crdtchat.document.ids import new_comment_id
from crdtchat.document.portable import foreign_id
from crdtchat.document.records import CommentRecord, Target
from crdtchat.document.tally import Tally

Json = dict[str, Any]
_FUTURE_MS = schema.FUTURE_MS // 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unfit(Exception):
    """An item cannot be taken; the text says why."""


@dataclass(slots=True)
class Surroundings:
    """What a reader knows beside the items."""

    tally: Tally
    now: int
    """Milliseconds since 1970: dates what has no date."""
    text: str | None = None
    """The page's text, where it is known: offsets are then converted exactly."""


def text_of(value: object) -> str:
    """A text as a document may hold it; empty for what is none."""
    if not isinstance(value, str):
        return ""
    value = value.replace("\0", "\ufffd")
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def objects(value: object) -> list[Json]:
    """The objects of a list, or a single one as a list."""
    many = value if isinstance(value, list) else [value]
    return [one for one in many if isinstance(one, dict)]


def first_text(value: object) -> str:
    """A text, or the first text of a list."""
    many = value if isinstance(value, list) else [value]
    return next((text for one in many if (text := text_of(one))), "")


def time_of(value: object, around: Surroundings) -> int | None:
    """An ISO 8601 time in milliseconds since 1970; None if it is none. Never in the future."""
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        at = (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
    if at > around.now + _FUTURE_MS:
        around.tally.alter("dated in the future: dated now")
        return around.now
    return at if at > 0 else None


def created_of(item: Json, around: Surroundings, *names: str) -> int:
    """When an item was made: the first of these members that is a time, or now."""
    for name in names or ("created", "modified"):
        at = time_of(item.get(name), around)
        if at is not None:
            return at
    around.tally.alter("without a date: dated now", item.get("id", ""))
    return around.now


def fit_target(target: Target, around: Surroundings, example: object) -> Target:
    """Trim a target to what the schema holds."""
    tally = around.tally
    exact, prefix, suffix = target.exact, target.prefix, target.suffix
    if len(exact) > schema.EXACT_CP:
        tally.alter(f"quotes over {schema.EXACT_CP} characters: trimmed", example)
        exact, suffix = exact[: schema.EXACT_CP], exact[schema.EXACT_CP :] + suffix
        target = replace(target, end_cp=target.start_cp + len(exact))
    if max(len(prefix), len(suffix)) > schema.CONTEXT_CP:
        if target.exact == exact:
            tally.alter(f"context over {schema.CONTEXT_CP} characters: trimmed", example)
        prefix, suffix = prefix[-schema.CONTEXT_CP :], suffix[: schema.CONTEXT_CP]
    kind = target.kind if target.kind in schema.TARGET_KINDS else "text"
    if not exact and kind not in schema.WHOLE_KINDS:
        kind = "page"
    start = min(max(target.start_cp, 0), 2**53 - 1)
    return Target(
        *(exact, prefix, suffix, start, min(max(target.end_cp, start), 2**53 - 1)),
        *(kind, target.part[: schema.PART_CP], target.version[: schema.VERSION_CP]),
    )


def from_utf16(target: Target, around: Surroundings, example: object) -> Target:
    """Turn offsets that count UTF-16 units, as browsers do, into code points.

    With the page's text exactly, if the quote stands there. Without it they stay as they are: a
    hint that is late by one for each character beyond U+FFFF before it, which anchoring allows for.
    """
    exact = target.exact
    if around.text is not None:
        before = around.text.encode("utf-16-le")[: 2 * target.start_cp]
        start = len(before.decode("utf-16-le", "ignore"))
        if exact and around.text.startswith(exact, start):
            return replace(target, start_cp=start, end_cp=start + len(exact))
        around.tally.alter("offsets that do not fit the page's text: kept as hints", example)
    else:
        around.tally.alter("UTF-16 offsets without the page's text: kept as hints", example)
    length = len(exact) if exact else max(0, target.end_cp - target.start_cp)
    return replace(target, end_cp=target.start_cp + length)


def comments_of(
    aid: str, comment: CommentRecord, name: str, around: Surroundings
) -> dict[str, CommentRecord]:
    """A comment under an id that is the same each time; one that is too long becomes several."""
    text, size = comment.text, schema.COMMENT_CP
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    if len(parts) > 1:
        around.tally.alter(f"comments over {size} characters: split into several", name)
    return {
        foreign_comment_id(aid, f"{name}#{number}" if number else name, comment.created + number): (
            replace(comment, text=part, created=comment.created + number)
        )
        for number, part in enumerate(parts)
    }


def foreign_comment_id(aid: str, name: str, created: int) -> str:
    """The id of a comment that is called `name` elsewhere: the same each time."""
    letters = foreign_id(aid, name)
    return new_comment_id(created, lambda count: letters.encode()[:count])


def with_tags(text: str, tags: Iterable[object], around: Surroundings) -> str:
    """A comment with its tags in a last line: `#tag #another-tag`."""
    words = ["-".join(text_of(tag).split()) for tag in tags]
    line = " ".join(f"#{word}" for word in words if word)
    if not line:
        return text
    around.tally.alter("tags: written in the last line of the comment")
    return f"{text}\n\n{line}" if text.strip() else line
