"""`GET /api/v1/{tenant}/annotations`: a page's annotations, filtered, a part at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.document.jsonld import CONTEXT, annotation_json
from crdtchat.document.rebuild import Values, read_content
from crdtchat.document.view import Annotation, read_view
from crdtchat.server.problem import Problem
from crdtchat.server.rest.answering import CACHING, encode, shown
from crdtchat.server.rest.asking import ask, choice, is_known, number, own_path

MOST = 1_000
"""Annotations in one answer."""
_STATES = ("open", "resolved")
_PARAMETERS = ("page", "state", "author", "since")
"""What names a collection; `offset` and `limit` name a part of it."""


async def list_annotations(request: Request) -> Response:
    """A W3C AnnotationPage (section 5.2 of the vocabulary) with an ETag."""
    asked = await ask(request, Action.READ)
    state, author = choice(request, "state", _STATES), request.query_params.get("author")
    since = _time(request)
    offset = number(request, "offset", 0, range(2**31))
    limit = number(request, "limit", MOST, range(1, MOST + 1))
    async with asked.hub.attend(asked.key) as room:
        seen = "m" if asked.moderates else ""
        etag = f'"{room.room.history.epoch}-{room.room.history.sequence}{seen}"'
        if is_known(request, etag):
            return Response(status_code=304, headers={"ETag": etag, **CACHING})
        values = Values(read_content(room.replica))

    def is_wanted(annotation: Annotation) -> bool:
        return (
            (not state or annotation.resolved == (state == "resolved"))
            and (author is None or annotation.author == author)
            and _changed(annotation) >= since
        )

    def content() -> bytes:
        found = list(filter(is_wanted, read_view(values, hidden=asked.moderates)))
        body = _annotation_page(request, len(found), offset, limit)
        part = found[offset : offset + limit]
        body["items"] = [annotation_json(one, asked.key.page) for one in part]
        return encode(body)

    # A second for a page of 10,000 annotations, whoever may read it: in a thread, so that others
    # are served, and one at a time, so that the thread that serves them has its turns.
    listed = await run_sync(content, limiter=request.app.state.listing)
    return shown(request, listed, etag)


def _annotation_page(request: Request, total: int, offset: int, limit: int) -> dict[str, Any]:
    """Everything but the items."""
    url = f"{request.url.scheme}://{request.url.netloc}{own_path(request)}"
    query = {
        name: request.query_params[name] for name in _PARAMETERS if name in request.query_params
    }

    def address(start: int) -> str:
        return f"{url}?{urlencode({**query, 'offset': start, 'limit': limit})}"

    body: dict[str, Any] = {
        "@context": CONTEXT,
        "id": address(offset),
        "type": "AnnotationPage",
        "partOf": {
            "id": f"{url}?{urlencode(query)}",
            "type": "AnnotationCollection",
            "total": total,
        },
        "startIndex": offset,
    }
    if offset + limit < total:
        body["next"] = address(offset + limit)
    if offset:
        body["prev"] = address(max(0, offset - limit))
    return body


def _changed(annotation: Annotation) -> int:
    """Time of its newest change that carries one: all but reactions and deletions."""
    marks = (annotation.status, annotation.anchor)
    return max(annotation.updated, *(mark.at for mark in marks if mark is not None), 0)


def _time(request: Request) -> int:
    """`since` in milliseconds since 1970; 0 where it is not given. Raises Problem."""
    text = request.query_params.get("since", "")
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
        return round(moment.timestamp() * 1000) if moment.tzinfo else _refuse_time()
    except (ValueError, OverflowError):
        return _refuse_time()


def _refuse_time() -> int:
    raise Problem(400, "since is a time with its zone, as 2026-01-31T09:00:00Z")
