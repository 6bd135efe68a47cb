"""What bodies mean: W3C targets and textual bodies into records. Raises Problem (422)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crdtchat.document import schema
from crdtchat.document.records import Target
from crdtchat.server.problem import Problem

_TEXTS = ("exact", "prefix", "suffix", "kind", "part", "version")
_LARGEST = 2**53 - 1


def bad_value(detail: str) -> Problem:
    """What the schema does not have."""
    return Problem(422, detail, "bad-value")


def read_text(body: object) -> str:
    """Read a text, or a TextualBody (W3C Web Annotation, section 3.2.4)."""
    value = body.get("value") if isinstance(body, dict) else body
    if not isinstance(value, str) or not value.strip():
        raise bad_value("body is a text, or a TextualBody with a value")
    return value


def read_flag(value: object, name: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise bad_value(f"{name} is true or false")
    return value


def read_parent(value: object) -> str:
    """Read the id of the comment replied to; empty for none."""
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not schema.is_id(value):
        raise bad_value("parent is the id of a comment")
    return value


def read_target(target: object) -> Target:
    """Read a SpecificResource with quote and position selectors, or their fields as one object."""
    if not isinstance(target, dict):
        raise bad_value("target is an object with selectors")
    fields: dict[str, Any] = dict(target)
    selectors = fields.get("selector", [])
    for selector in selectors if isinstance(selectors, list) else [selectors]:
        if isinstance(selector, dict):
            fields.update({name: value for name, value in selector.items() if name != "type"})
    exact, prefix, suffix, kind, part, version = (_text(fields, name) for name in _TEXTS)
    start = _offset(fields, "start", 0)
    return Target(
        exact=exact,
        prefix=prefix[-schema.CONTEXT_CP :],
        suffix=suffix[: schema.CONTEXT_CP],
        start_cp=start,
        end_cp=_offset(fields, "end", start + len(exact)),
        kind=kind or "text",
        part=part,
        version=version,
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise bad_value(f"the target's {name} is a text")
    return value


def _offset(fields: Mapping[str, Any], name: str, default: int) -> int:
    value = fields.get(name, default)
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise bad_value(f"the target's {name} is an offset in code points")
    return value
