"""`GET /api/v1/{tenant}/annotations`: a page's annotations, filtered, a part at a time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.document.jsonld import CONTEXT, annotation_json
from crdtchat.document.rebuild import Values, read_content
from crdtchat.document.view import Annotation, read_view
from crdtchat.host.gathering import Gathering
from crdtchat.host.newest import newest
from crdtchat.server.problem import Problem
from crdtchat.server.rest.answering import CACHING, encode, shown
from crdtchat.server.rest.asking import Asked, ask, choice, is_known, number, own_path, reader_of
from crdtchat.server.rest.line import FairLine
from crdtchat.server.rest.paging import Key, key_at, limit_of, place_of

_STATES = ("open", "resolved")
_PARAMETERS = ("page", "state", "author", "since")
"""What names a collection."""
_PLACES = ("after", "before", "offset")
"""Where a part of it begins, or ends; `limit` says how long it is."""


async def list_annotations(request: Request) -> Response:
    """A W3C AnnotationPage (section 5.2 of the vocabulary) with an ETag."""
    asked = await ask(request, Action.READ)
    state, author = choice(request, "state", _STATES), request.query_params.get("author")
    since = _time(request)
    if len(request.query_params.keys() & set(_PLACES)) > 1:
        raise Problem(400, f"say one of {', '.join(_PLACES)}")
    part = _Part(
        limit_of(request),
        number(request, "offset", 0, range(2**31)),
        key_at(request, "after", int, str),
        key_at(request, "before", int, str),
    )

    def is_wanted(annotation: Annotation) -> bool:
        return (
            (not state or annotation.resolved == (state == "resolved"))
            and (author is None or annotation.author == author)
            and _changed(annotation) >= since
        )

    def content(values: Values) -> bytes:
        found = list(filter(is_wanted, read_view(values, hidden=asked.moderates)))
        start, end = part.of([_key(one) for one in found])
        body = _annotation_page(request, found, start, end, part.limit)
        body["items"] = [annotation_json(one, asked.key.page) for one in found[start:end]]
        return encode(body)

    if "if-none-match" in request.headers:
        async with newest(asked.hub, asked.key) as room:
            etag = _etag(asked, room)
        if is_known(request, etag):
            return Response(status_code=304, headers={"ETag": etag, **CACHING})
    line: FairLine = request.app.state.listing
    # A second for a page of 10,000 annotations, whoever may read it: in a thread, so that others
    # are served, and one at a time, so that the thread that serves them has its turns. Who waits
    # holds nothing of the page.
    async with line.turn((asked.key.tenant, reader_of(request, asked.principal))):
        async with newest(asked.hub, asked.key) as room:
            etag, values = _etag(asked, room), Values(read_content(room.replica))
        listed = await run_sync(content, values)
    return shown(request, listed, etag)


def _etag(asked: Asked, room: Gathering) -> str:
    """Of all parts of a page, as they are shown to who asks."""
    history, seen = room.room.history, "m" if asked.moderates else ""
    return f'"{history.epoch}-{history.sequence}{seen}"'


class _Part(NamedTuple):
    """Which part of a collection somebody wants."""

    limit: int
    offset: int
    after: Key | None
    before: Key | None

    def of(self, keys: Sequence[Key]) -> tuple[int, int]:
        """Where it begins and ends among all of the collection."""
        if self.before is not None:
            end = bisect_left(keys, self.before)
            return max(0, end - self.limit), end
        start = self.offset if self.after is None else bisect_right(keys, self.after)
        return start, start + self.limit


def _key(annotation: Annotation) -> Key:
    """What a page's annotations are in the order of."""
    return annotation.created, annotation.aid


def _annotation_page(
    request: Request, found: Sequence[Annotation], start: int, end: int, limit: int
) -> dict[str, Any]:
    """Everything but the items."""
    url = f"{request.url.scheme}://{request.url.netloc}{own_path(request)}"
    query = {
        name: request.query_params[name] for name in _PARAMETERS if name in request.query_params
    }

    def address(name: str, place: str) -> str:
        return f"{url}?{urlencode({**query, name: place, 'limit': limit})}"

    place = next((name for name in _PLACES if name in request.query_params), "offset")
    body: dict[str, Any] = {
        "@context": CONTEXT,
        "id": address(place, request.query_params.get(place, "0")),
        "type": "AnnotationPage",
        "partOf": {
            "id": f"{url}?{urlencode(query)}",
            "type": "AnnotationCollection",
            "total": len(found),
        },
        "startIndex": start,
    }
    if 0 < end < len(found):
        body["next"] = address("after", place_of(_key(found[end - 1])))
    if 0 < start < len(found):
        body["prev"] = address("before", place_of(_key(found[start])))
    elif start:
        body["prev"] = address("offset", str(max(0, len(found) - limit)))
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
