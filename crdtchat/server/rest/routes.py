"""The routes of `/api/v1/{tenant}`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crdtchat.server.problem import Problem
from crdtchat.server.rest import (
    annotation,
    audit,
    comment,
    events,
    exchange,
    listing,
    moderation,
    pages,
    usage,
    version,
)
from crdtchat.server.rest.asking import is_conditional

API = "/api/v1/"
_TENANT = f"{API}{{tenant}}"
_ANNOTATION = f"{_TENANT}/annotations/{{aid}}"
_COMMENT = f"{_ANNOTATION}/comments/{{cid}}"

Endpoint = Callable[[Request], Awaitable[Response]]


def rest_routes() -> list[Route]:
    """All of them; `HEAD` comes with every `GET`."""
    return [
        _resource(
            f"{_TENANT}/annotations",
            GET=listing.list_annotations,
            POST=annotation.create_annotation,
        ),
        _resource(
            _ANNOTATION,
            GET=annotation.show_annotation,
            PATCH=annotation.change_annotation,
            DELETE=annotation.delete_annotation,
        ),
        _resource(f"{_ANNOTATION}/comments", POST=comment.create_comment),
        _resource(
            _COMMENT,
            GET=comment.show_comment,
            PATCH=comment.change_comment,
            DELETE=comment.delete_comment,
        ),
        _resource(
            f"{_COMMENT}/reactions/{{emoji}}",
            PUT=comment.add_reaction,
            DELETE=comment.remove_reaction,
        ),
        *moderation_routes(),
        _resource(f"{_TENANT}/events", GET=events.stream_events),
        _resource(
            f"{_TENANT}/versions/{{name}}",
            GET=version.get_version,
            PUT=version.put_version,
        ),
        _resource(f"{_TENANT}/export", GET=exchange.export_annotations),
        _resource(f"{_TENANT}/import", POST=exchange.import_annotations),
        _resource(f"{_TENANT}/presence", GET=pages.presence),
        _resource(f"{_TENANT}/pages", GET=pages.list_pages),
        _resource(f"{_TENANT}/usage", GET=usage.show_usage),
    ]


def moderation_routes() -> list[Route]:
    """What moderators and owners use."""
    return [
        _resource(f"{_ANNOTATION}/hidden", PUT=moderation.hide, DELETE=moderation.unhide),
        _resource(f"{_ANNOTATION}/locked", PUT=moderation.lock, DELETE=moderation.unlock),
        _resource(f"{_COMMENT}/hidden", PUT=moderation.hide, DELETE=moderation.unhide),
        _resource(f"{_ANNOTATION}/reports", POST=moderation.report, DELETE=moderation.dismiss),
        _resource(f"{_COMMENT}/reports", POST=moderation.report, DELETE=moderation.dismiss),
        _resource(f"{_TENANT}/reports", GET=moderation.list_reports),
        _resource(f"{_TENANT}/moderated", GET=moderation.list_moderated),
        _resource(f"{_TENANT}/blocks", GET=moderation.list_blocks),
        _resource(f"{_TENANT}/blocks/{{user}}", PUT=moderation.block, DELETE=moderation.unblock),
        _resource(f"{_TENANT}/audit", GET=audit.show_audit),
    ]


_BLIND = frozenset(
    {
        annotation.create_annotation,
        exchange.import_annotations,
        moderation.block,
        moderation.unblock,
        version.put_version,
    }
)
"""What is done without looking at what was there."""


def _resource(path: str, **endpoints: Endpoint) -> Route:
    """One route for all methods of a path, so that 405 can name them."""

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        if endpoints[method] in _BLIND and is_conditional(request):
            raise Problem(412, "If-Match means nothing here: leave it out")
        return await endpoints[method](request)

    return Route(path, endpoint, methods=list(endpoints))
