"""Schemas of bodies (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import Any

from crdtchat.document import schema
from crdtchat.document.page_version import VERSION_BYTES

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A reference to a schema of this file."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: str, properties: Schema, **more: Any) -> Schema:
    names = required.split()
    return {
        "type": "object",
        "properties": properties,
        **({"required": names} if names else {}),
        **more,
    }


def _list(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _text(most: int = 0, **more: Any) -> Schema:
    return {"type": "string", **({"maxLength": most} if most else {}), **more}


_ID = _text(pattern="^[A-Za-z0-9_-]{4,22}$")
_TIME = _text(format="date-time")
_COUNT: Schema = {"type": "integer", "minimum": 0}
_OFFSET: Schema = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
_WORDS = _text(schema.COMMENT_CP, pattern=r"\S", description="Markdown.")
_BROADCAST_ID = _text(
    format="uuid",
    description="Names the operation: events carry it, and a repeated request with it answers "
    "the first result.",
)
_KINDS = sorted(schema.TARGET_KINDS - {""})
_SELECTOR = {
    "oneOf": [
        _object(
            "type exact",
            {
                "type": {"const": "TextQuoteSelector"},
                "exact": _text(schema.EXACT_CP),
                "prefix": _text(),
                "suffix": _text(),
            },
        ),
        _object(
            "type start end",
            {"type": {"const": "TextPositionSelector"}, "start": _OFFSET, "end": _OFFSET},
        ),
    ]
}
_TARGET_PLACE: Schema = {
    "kind": {"enum": _KINDS, "description": "Text where it is left out."},
    "part": _text(schema.PART_CP, description="Part of the page: in notebooks `cell=ID`."),
    "version": _text(schema.VERSION_CP, description="Page version the words were seen in."),
}
_CONTEXT: Schema = {"type": ["string", "array"], "description": "JSON-LD."}
_HIDDEN: Schema = {"const": True, "description": "By a moderator; readers are shown no words."}
_REACTIONS: Schema = {
    "type": "object",
    "additionalProperties": _list(_text()),
    "description": "User ids by emoji.",
}
_COUNTS: Schema = {"type": "object", "additionalProperties": _COUNT}
_REASONS = _list(
    _object(
        "reason count examples", {"reason": _text(), "count": _COUNT, "examples": _list(_text())}
    )
)
_ANNOTATION: Schema = {
    "id": _ID,
    "type": {"const": "Annotation"},
    "motivation": {"const": "commenting"},
    "creator": ref("Person"),
    "created": _TIME,
    "modified": _TIME,
    "target": {**ref("Target"), "description": "What it is about now."},
    "body": ref("Body"),
    "resolved": {"type": "boolean"},
    "resolution": {**ref("Signature"), "description": "Who resolved or reopened it last."},
    "anchored": {**ref("Signature"), "description": "Who attached it to other words last."},
    "madeOn": {**ref("Target"), "description": "What it was made on, where that was other words."},
    "hidden": _HIDDEN,
    "locked": {"const": True, "description": "Only moderators write under it."},
    "comments": _list({"anyOf": [ref("Comment"), ref("DeletedComment")]}),
    "people": _list(ref("Person"), description="Names of those who reacted."),
}
_COUNTERS = (
    *("pubSubMessageCount", "pubSubBandwidth", "conversationCreateCount"),
    *("messagesReceived", "messagesSent", "bytesReceived", "bytesSent"),
)

SCHEMAS: Schema = {
    "Problem": _object(
        "type title status detail",
        {
            "type": _text(),
            "title": _text(),
            "status": {"type": "integer"},
            "detail": _text(),
            "code": _text(description="Reject code of the protocol, where there is one."),
        },
        description="RFC 9457",
    ),
    "Person": _object(
        "type id",
        {
            "type": {"const": "Person"},
            "id": _text(description="Empty: of somebody erased, or hidden by a moderator."),
            "name": _text(),
        },
    ),
    "TextualBody": _object(
        "value", {"type": {"const": "TextualBody"}, "value": _WORDS, "format": _text()}
    ),
    "Body": _object(
        "type value format",
        {
            "type": {"const": "TextualBody"},
            "value": _text(),
            "format": {"const": "text/markdown"},
            "creator": {**ref("Person"), "description": "Of the words, if not who annotated."},
        },
        description="Markdown, as it was written: to be sanitised by whoever renders it.",
    ),
    "Signature": _object(
        "creator created",
        {
            "creator": ref("Person"),
            "created": _TIME,
            "followed": {"const": True, "description": "By a program, after an edit of the page."},
        },
    ),
    "Words": {"oneOf": [_WORDS, ref("TextualBody")]},
    "NewTarget": _object(
        "",
        {
            "type": _text(),
            "source": _text(),
            "selector": {"oneOf": [_SELECTOR, _list(_SELECTOR)]},
            "exact": _text(schema.EXACT_CP, description="The words, in place of a selector."),
            "prefix": _text(),
            "suffix": _text(),
            "start": _OFFSET,
            "end": _OFFSET,
            **_TARGET_PLACE,
        },
        description="A SpecificResource with a quote selector and a position selector, or their "
        "fields as they are. Offsets count code points. Only the kinds `cell`, `output` and `page` "
        "may be without words.",
    ),
    "Target": _object(
        "type source",
        {"type": _text(), "source": _text(), "selector": _list(_SELECTOR), **_TARGET_PLACE},
    ),
    "NewAnnotation": _object(
        "target body",
        {"target": ref("NewTarget"), "body": ref("Words"), "broadcastId": _BROADCAST_ID},
    ),
    "AnnotationChange": _object(
        "",
        {
            "body": ref("Words"),
            "resolved": {"type": "boolean"},
            "target": ref("NewTarget"),
            "broadcastId": _BROADCAST_ID,
        },
        anyOf=[{"required": [name]} for name in ("body", "resolved", "target")],
    ),
    "NewComment": _object(
        "body",
        {
            "body": ref("Words"),
            "parent": {**_ID, "description": "The comment replied to."},
            "broadcastId": _BROADCAST_ID,
        },
    ),
    "CommentChange": _object("body", {"body": ref("Words"), "broadcastId": _BROADCAST_ID}),
    "Comment": _object(
        "id type motivation creator created target body",
        {
            "id": _ID,
            "type": {"const": "Annotation"},
            "motivation": {"const": "replying"},
            "creator": ref("Person"),
            "created": _TIME,
            "modified": _TIME,
            "target": {**_ID, "description": "What it replies to."},
            "body": ref("Body"),
            "parent": {**_ID, "description": "The comment it replies to, if it is one."},
            "hidden": _HIDDEN,
            "reactions": _REACTIONS,
        },
    ),
    "DeletedComment": _object(
        "id deleted",
        {"id": _ID, "deleted": _TIME, "deletedBy": ref("Person")},
        description="Keeps a comment's place.",
    ),
    "Annotation": _object(
        "@context id type motivation creator created modified target body resolved comments",
        {"@context": _CONTEXT, **_ANNOTATION},
        description="W3C Web Annotation, its thread beside it; the first comment is the body.",
    ),
    "ExportedAnnotation": _object(
        "id type motivation creator created modified target resolved comments",
        {
            **_ANNOTATION,
            "reacted": {
                "type": "object",
                "additionalProperties": _REACTIONS,
                "description": "In an export of one user: what they gave others' comments, by id.",
            },
            "moderation": _list(
                _object(
                    "hidden locked creator created",
                    {
                        "id": {**_ID, "description": "A comment; none: the annotation."},
                        "hidden": {"type": "boolean"},
                        "locked": {"type": "boolean"},
                        "creator": ref("Person"),
                        "created": _TIME,
                    },
                )
            ),
        },
    ),
    "Export": _object(
        "@context type generator first",
        {
            "@context": _CONTEXT,
            "type": {"const": "AnnotationCollection"},
            "generator": _object(
                "id type name", {"id": _text(), "type": {"const": "Software"}, "name": _text()}
            ),
            "first": _object(
                "type items",
                {"type": {"const": "AnnotationPage"}, "items": _list(ref("ExportedAnnotation"))},
            ),
            "unread": {
                **_list(_text()),
                "description": "Pages that are left out, as they cannot be read back.",
            },
        },
    ),
    "Import": _object(
        "dryRun added known altered leftOut",
        {
            "dryRun": {"type": "boolean", "description": "Nothing was written."},
            "added": {**_COUNTS, "description": "What is new, by kind."},
            "known": {**_COUNTS, "description": "What was there already, by kind."},
            "altered": {**_REASONS, "description": "What was taken with a change, and why."},
            "leftOut": {**_REASONS, "description": "What was not taken, and why."},
            "unread": {
                **_list(_text()),
                "description": "Pages that nothing was brought to, as they cannot be read back.",
            },
        },
    ),
    "AnnotationPage": _object(
        "@context id type partOf startIndex items",
        {
            "@context": {},
            "id": _text(format="uri"),
            "type": {"const": "AnnotationPage"},
            "partOf": _object(
                "id type total",
                {"id": _text(), "type": {"const": "AnnotationCollection"}, "total": _COUNT},
            ),
            "startIndex": _COUNT,
            "next": _text(format="uri"),
            "prev": _text(format="uri"),
            "items": _list(ref("Annotation")),
        },
    ),
    "NewReport": _object("", {"reason": {"enum": ["abuse", "other", "spam"]}}),
    "Reports": _object(
        "reports",
        {
            "reports": _list(
                _object(
                    "page target count reasons first reports",
                    {
                        "page": _text(),
                        "target": _text(),
                        "count": _COUNT,
                        "reasons": _list(_text()),
                        "first": _text(format="date-time"),
                        "reports": _list(
                            _object(
                                "by reason at", {"by": _text(), "reason": _text(), "at": _TIME}
                            ),
                            description="The first 20.",
                        ),
                    },
                )
            ),
            "next": _text(),
        },
    ),
    "Moderated": _object(
        "total items",
        {
            "total": _COUNT,
            "items": _list(
                _object(
                    "page annotation",
                    {"page": _text(), "annotation": ref("ExportedAnnotation")},
                )
            ),
            "unread": _list(_text()),
        },
    ),
    "Blocks": _object("users", {"users": _list(_text()), "next": _text()}),
    "Audit": _object(
        "lines",
        {
            "lines": _list(
                _object(
                    "number at action via",
                    {
                        "number": _COUNT,
                        "at": _text(format="date-time"),
                        "action": _text(),
                        "who": _text(),
                        "role": _text(),
                        "page": _text(),
                        "target": _text(),
                        "via": _text(),
                        "times": _COUNT,
                    },
                )
            ),
            "next": _COUNT,
        },
    ),
    "Presence": _object("people connections", {"people": _COUNT, "connections": _COUNT}),
    "Pages": _object(
        "pages",
        {
            "pages": _list(
                _object(
                    "page sequence updated",
                    {"page": _text(), "sequence": _COUNT, "updated": _COUNT},
                )
            ),
            "next": _text(),
        },
    ),
    "Usage": _object(
        "tenant from to total days",
        {
            "tenant": _text(),
            "from": _text(format="date"),
            "to": _text(format="date"),
            "total": _object(" ".join(_COUNTERS), dict.fromkeys(_COUNTERS, _COUNT)),
            "days": _list(
                _object(
                    " ".join(("day", *_COUNTERS)),
                    {"day": _text(format="date"), **dict.fromkeys(_COUNTERS, _COUNT)},
                )
            ),
        },
    ),
    "PageText": _text(VERSION_BYTES),
}
