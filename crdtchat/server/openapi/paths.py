"""The operations, by path and method."""

from __future__ import annotations

from typing import Any

from crdtchat.server.openapi.parts import (
    AFTER,
    AID,
    BROADCAST_ID,
    CID,
    EMOJI,
    ETAG,
    IF_MATCH,
    IF_NONE_MATCH,
    LIMIT,
    MADE,
    NOT_MODIFIED,
    ONE_PAGE,
    PAGE,
    TENANT,
    Part,
    answer,
    json_body,
    operation,
    parameter,
    query,
)
from crdtchat.server.rest.exchange import IMPORT_TYPES

_API = "/api/v1/{tenant}"
_ANNOTATION = f"{_API}/annotations/{{aid}}"
_COMMENT = f"{_ANNOTATION}/comments/{{cid}}"
_REACTION = f"{_COMMENT}/reactions/{{emoji}}"
_BODY = (413, 415, 422)
_PLAIN = "application/json"
_GONE = answer("Done.")
_REACTED = (AID, CID, EMOJI)


def _made(name: str, words: str, *named: Part) -> Part:
    """How one is made."""
    return operation(
        f"create{name}",
        words,
        *(TENANT, *named, PAGE),
        body=json_body(f"New{name}"),
        answers={201: answer("Made, or made before.", name=name, headers=MADE)},
        problems=(409, 412, *_BODY),
    )


def _record(name: str, shown: str, changed: str, deleted: str, *named: Part) -> Part:
    """What is done with one that is there."""
    one = answer(f"The {name.lower()}.", name=name, headers=ETAG)
    return {
        "get": operation(
            f"show{name}",
            shown,
            *(TENANT, *named, PAGE, IF_NONE_MATCH),
            answers={200: one, 304: NOT_MODIFIED},
        ),
        "patch": operation(
            f"change{name}",
            changed,
            *(TENANT, *named, PAGE, IF_MATCH),
            body=json_body(f"{name}Change"),
            answers={200: one},
            problems=(409, 412, *_BODY),
        ),
        "delete": _without_answer(f"delete{name}", deleted, *named),
    }


def _without_answer(name: str, words: str, *named: Part) -> Part:
    """A write that has no body, neither way."""
    return operation(
        name,
        words,
        *(TENANT, *named, PAGE, BROADCAST_ID, IF_MATCH),
        answers={204: _GONE},
        problems=(409, 412, 422),
    )


ANNOTATIONS: Part = {
    f"{_API}/annotations": {
        "get": operation(
            "listAnnotations",
            "A page's annotations, in the order they were made: a W3C AnnotationPage",
            *(TENANT, PAGE),
            query("state", {"enum": ["open", "resolved"]}, "Only threads in this state."),
            query("author", {"type": "string"}, "Only annotations of this user."),
            query(
                "since",
                {"type": "string", "format": "date-time"},
                "Only what was written, edited, resolved or re-attached at this time or later.",
            ),
            LIMIT,
            query("after", {"type": "string"}, "From behind this place, as `next` names it."),
            query("before", {"type": "string"}, "Up to this place, as `prev` names it."),
            query(
                "offset",
                {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
                "From behind so many; of these three at most one is given.",
            ),
            IF_NONE_MATCH,
            answers={
                200: answer("A part of them.", name="AnnotationPage", headers=ETAG),
                304: NOT_MODIFIED,
            },
        ),
        "post": _made("Annotation", "A new annotation and its opening comment"),
    },
    _ANNOTATION: _record(
        "Annotation",
        "One annotation and its thread",
        "Edit the opening comment, resolve or reopen, re-attach: any of them, in one operation",
        "Delete an annotation and its thread",
        AID,
    ),
}

COMMENTS: Part = {
    f"{_ANNOTATION}/comments": {"post": _made("Comment", "A reply", AID, IF_MATCH)},
    _COMMENT: _record(
        "Comment",
        "One comment",
        "Edit one's own comment",
        "Delete a comment; it keeps its place while replies exist",
        *(AID, CID),
    ),
    _REACTION: {
        "put": _without_answer("addReaction", "React to a comment", *_REACTED),
        "delete": _without_answer("removeReaction", "Take one's reaction back", *_REACTED),
    },
}

_EVENTS: dict[str, Any] = {
    "description": "`new-text-chat`, `updated-text-chat`, `deleted-text-chat`, and `resync` where "
    "the log no longer reaches back to `Last-Event-ID`.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
_VERSION = parameter(
    "path", "name", {"type": "string"}, "22 letters of the text's SHA-256 in base64url."
)
_TEXT = "text/plain"
_FOREIGN: Part = {
    "description": "An export, a list of W3C annotations, an AnnotationPage or collection, an "
    "answer of Hypothesis' API, annotations of Recogito, or JSON lines of these."
}
_DAY: Part = {"type": "string", "format": "date"}

PAGES: Part = {
    f"{_API}/events": {
        "get": operation(
            "streamEvents",
            "The page's events as they happen (Server-Sent Events)",
            *(TENANT, PAGE),
            parameter(
                "header",
                "Last-Event-ID",
                {"type": "string", "pattern": "^[0-9]{1,15}-[0-9]{1,15}$"},
                "The id of the last event received: those after it come first.",
            ),
            answers={200: _EVENTS},
        ),
    },
    f"{_API}/export": {
        "get": operation(
            "exportAnnotations",
            "Everything on a page, or on all of them, as an AnnotationCollection; for owners",
            *(TENANT, ONE_PAGE),
            query("user", {"type": "string"}, "Only what this user wrote."),
            answers={200: answer("One annotation a line.", name="Export")},
        ),
    },
    f"{_API}/import": {
        "post": operation(
            "importAnnotations",
            "Bring annotations of elsewhere in, under imported names; for owners",
            *(TENANT, ONE_PAGE),
            query("dryRun", {"type": "boolean"}, "Write nothing, and answer what would have been."),
            body={
                "required": True,
                "content": {kind: {"schema": _FOREIGN} for kind in sorted(IMPORT_TYPES)},
            },
            answers={200: answer("What was new, known and refused.", name="Import", kind=_PLAIN)},
            problems=(412, 413, 415),
        ),
    },
    f"{_API}/presence": {
        "get": operation(
            "presence",
            "How many are on the page, people and connections counted apart",
            *(TENANT, PAGE),
            answers={200: answer("Now.", name="Presence", kind=_PLAIN)},
        ),
    },
    f"{_API}/pages": {
        "get": operation(
            "listPages",
            "The tenant's pages, last written first",
            *(TENANT, LIMIT, AFTER),
            answers={200: answer("Those you may read.", name="Pages", kind=_PLAIN)},
        ),
    },
    f"{_API}/usage": {
        "get": operation(
            "showUsage",
            "What crossed the tenant's WebSockets, by UTC day; for owners",
            TENANT,
            query("from", _DAY, "The first day (default: 30 days up to the last)."),
            query("to", _DAY, "The last day, at most 366 in all (default: today)."),
            answers={200: answer("Every day, and the total.", name="Usage", kind=_PLAIN)},
        ),
    },
    f"{_API}/versions/{{name}}": {
        "get": operation(
            "getVersion",
            "The text of the page that annotations were made on",
            *(TENANT, _VERSION, PAGE, IF_NONE_MATCH),
            answers={
                200: answer("The text.", name="PageText", kind=_TEXT, headers=ETAG),
                304: NOT_MODIFIED,
            },
        ),
        "put": operation(
            "putVersion",
            "Bring the text that one's annotation names",
            *(TENANT, _VERSION, PAGE),
            body={"required": True, "content": {_TEXT: {"schema": {"type": "string"}}}},
            answers={
                201: answer("Stored.", headers=ETAG),
                204: answer("It was there.", headers=ETAG),
            },
            problems=(409, 412, *_BODY),
        ),
    },
}
