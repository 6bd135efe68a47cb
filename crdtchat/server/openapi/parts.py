"""What operations are made of: parameters, bodies, answers."""

from __future__ import annotations

from typing import Any

from crdtchat.access.page_ids import PAGE_CHARACTERS
from crdtchat.document.jsonld import PROFILE
from crdtchat.server.openapi.schemas import ref
from crdtchat.server.rest.asking import JSON_TYPES
from crdtchat.server.rest.paging import MOST

Part = dict[str, Any]
JSON_LD = PROFILE.partition(";")[0]
PROBLEM = "application/problem+json"

_WORDS = {
    400: "A parameter or the body cannot be read.",
    401: "Sign in: the token is missing, expired or not valid.",
    403: "The role, the page or the origin does not allow it.",
    404: "There is none.",
    409: "It was deleted meanwhile, or stands otherwise in the way.",
    412: "It was changed meanwhile (`If-Match`).",
    413: "The body is too large.",
    415: "The body is of another kind.",
    422: "A value that the schema does not have.",
    429: "Too fast: come back after `Retry-After` seconds.",
    431: "Address and headers are too large.",
    500: "The page's stored document cannot be read back.",
    503: "The store cannot be read or written now.",
}
_ALWAYS = (400, 401, 403, 404, 429, 431, 500, 503)


def parameter(where: str, name: str, schema: Part, words: str, *, required: bool = False) -> Part:
    """One parameter."""
    found: Part = {"in": where, "name": name, "schema": schema, "description": words}
    return {**found, "required": True} if required or where == "path" else found


def query(name: str, schema: Part, words: str) -> Part:
    """One parameter of the query, which may be left out."""
    return parameter("query", name, schema, words)


TENANT = parameter("path", "tenant", {"type": "string"}, "Whose pages.")
PAGE = parameter(
    "query",
    "page",
    {"type": "string", "minLength": 1, "maxLength": PAGE_CHARACTERS, "pattern": "^[^\\x00]+$"},
    "The page's id: any text, usually its URL.",
    required=True,
)
ONE_PAGE = {**PAGE, "required": False}
AID = parameter("path", "aid", {"type": "string"}, "An annotation's id.")
CID = parameter("path", "cid", {"type": "string"}, "A comment's id.")
EMOJI = parameter(
    "path",
    "emoji",
    {"type": "string", "minLength": 1, "maxLength": 16, "pattern": r"^[^\s/]+$"},
    "An emoji.",
)
LIMIT = query("limit", {"type": "integer", "minimum": 1, "maximum": MOST}, "At most so many.")
AFTER = query("after", {"type": "string"}, "From behind the place that `next` named.")
BROADCAST_ID = query(
    "broadcastId", {"type": "string", "format": "uuid"}, "Names the operation; events carry it."
)
IF_MATCH = parameter(
    "header", "If-Match", {"type": "string"}, "Only if it still has this ETag (RFC 9110)."
)
IF_NONE_MATCH = parameter(
    "header", "If-None-Match", {"type": "string"}, "304 if it still has this ETag (RFC 9110)."
)
_TEXT_HEADER = {"schema": {"type": "string"}}
ETAG = {"ETag": _TEXT_HEADER}


def json_body(name: str) -> Part:
    """A body of a schema."""
    content = {kind: {"schema": ref(name)} for kind in sorted(JSON_TYPES)}
    return {"required": True, "content": content}


def answer(words: str, *, name: str = "", kind: str = JSON_LD, headers: Part | None = None) -> Part:
    """One answer."""
    found: Part = {"description": words}
    if name:
        found["content"] = {kind: {"schema": ref(name)}}
    if headers:
        found["headers"] = headers
    return found


NOT_MODIFIED = answer("You have it.", headers=ETAG)
MADE = {**ETAG, "Location": _TEXT_HEADER}


def operation(
    name: str,
    words: str,
    *parameters: Part,
    answers: dict[int, Part],
    problems: tuple[int, ...] = (),
    body: Part | None = None,
) -> Part:
    """One operation. `problems`: statuses beside those that every operation may answer."""
    found: Part = {
        "operationId": name,
        "summary": words,
        "parameters": list(parameters),
        "responses": {
            **{str(status): part for status, part in answers.items()},
            **{str(status): _problem(status) for status in sorted({*_ALWAYS, *problems})},
        },
    }
    return {**found, "requestBody": body} if body else found


def _problem(status: int) -> Part:
    headers = {401: {"WWW-Authenticate": _TEXT_HEADER}, 429: {"Retry-After": _TEXT_HEADER}}
    return answer(_WORDS[status], name="Problem", kind=PROBLEM, headers=headers.get(status))
