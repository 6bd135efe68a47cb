"""The operations of moderators and owners."""

from __future__ import annotations

from crdtchat.server.openapi.parts import (
    AFTER,
    AID,
    BROADCAST_ID,
    CID,
    IF_MATCH,
    LIMIT,
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

_API = "/api/v1/{tenant}"
_ANNOTATION = f"{_API}/annotations/{{aid}}"
_COMMENT = f"{_ANNOTATION}/comments/{{cid}}"
_DONE = {204: answer("Done, or done before.")}
_USER = parameter("path", "user", {"type": "string"}, "A user's id.")
_DAY: Part = {"type": "string", "format": "date"}
_PLAIN = "application/json"


def _decision(name: str, words: str, *named: Part) -> Part:
    return operation(
        name,
        words,
        *(TENANT, *named, PAGE, BROADCAST_ID, IF_MATCH),
        answers=_DONE,
        problems=(409, 412, 422),
    )


def _reports(name: str, what: str, *named: Part) -> Part:
    return {
        "post": operation(
            f"report{name}",
            f"Ask the moderators to look at {what}; nobody else is told",
            *(TENANT, *named, PAGE, IF_MATCH),
            body=json_body("NewReport"),
            answers=_DONE,
            problems=(409, 412, 413, 415, 422),
        ),
        "delete": operation(
            f"dismissReportsOf{name}",
            f"Forget the reports of {what}; for moderators",
            *(TENANT, *named, PAGE, IF_MATCH),
            answers=_DONE,
            problems=(409, 412),
        ),
    }


MODERATION: Part = {
    f"{_ANNOTATION}/hidden": {
        "put": _decision("hideAnnotation", "Show readers nothing of it; for moderators", AID),
        "delete": _decision("unhideAnnotation", "Show it again", AID),
    },
    f"{_ANNOTATION}/locked": {
        "put": _decision("lockAnnotation", "Only moderators write under it; for moderators", AID),
        "delete": _decision("unlockAnnotation", "Everybody may write under it again", AID),
    },
    f"{_COMMENT}/hidden": {
        "put": _decision("hideComment", "Show readers its place only; for moderators", AID, CID),
        "delete": _decision("unhideComment", "Show it again", AID, CID),
    },
    f"{_ANNOTATION}/reports": _reports("Annotation", "an annotation", AID),
    f"{_COMMENT}/reports": _reports("Comment", "a comment", AID, CID),
    f"{_API}/reports": {
        "get": operation(
            "listReports",
            "What readers reported and nobody dealt with; for moderators",
            *(TENANT, LIMIT, AFTER),
            answers={200: answer("By what they are about.", name="Reports", kind=_PLAIN)},
        ),
    },
    f"{_API}/moderated": {
        "get": operation(
            "listModerated",
            "What moderators hid or locked, the newest decision first; for moderators",
            *(TENANT, ONE_PAGE),
            answers={200: answer("At most 200 of them.", name="Moderated", kind=_PLAIN)},
        ),
    },
    f"{_API}/blocks": {
        "get": operation(
            "listBlocks",
            "The users who may not write anywhere in the tenant; for moderators",
            *(TENANT, LIMIT, AFTER),
            answers={200: answer("Their ids.", name="Blocks", kind=_PLAIN)},
        ),
    },
    f"{_API}/blocks/{{user}}": {
        "put": operation(
            "blockUser",
            "End a user's connections; they may come back and read; for moderators",
            *(TENANT, _USER),
            answers=_DONE,
            problems=(409, 412, 422),
        ),
        "delete": operation(
            "unblockUser",
            "Let a user write again",
            *(TENANT, _USER),
            answers=_DONE,
            problems=(412, 422),
        ),
    },
    f"{_API}/audit": {
        "get": operation(
            "showAudit",
            "Who did what, in the order it was done; for owners",
            TENANT,
            query("page", {"type": "string"}, "Only what was done on this page."),
            query("from", _DAY, "The first UTC day."),
            query("to", _DAY, "The last UTC day."),
            query(
                "after", {"type": "integer", "minimum": 0}, "From behind the line of this number."
            ),
            LIMIT,
            answers={200: answer("A part of the log.", name="Audit", kind=_PLAIN)},
        ),
    },
}
