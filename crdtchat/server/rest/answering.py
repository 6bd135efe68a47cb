"""Answers of the annotation routes: JSON-LD with an ETag."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.document.jsonld import PROFILE, annotation_json, comment_json
from crdtchat.document.view import Annotation, Comment
from crdtchat.server.rest.asking import etag_of, is_known

CACHING = {"Cache-Control": "private, no-cache"}
"""Of everything that is answered to somebody in particular: keep it, but ask whether it stands."""


def encode(body: object) -> bytes:
    """JSON as it is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def annotation_bytes(annotation: Annotation, page: str) -> bytes:
    """An annotation as it is sent."""
    return encode(annotation_json(annotation, page))


def comment_bytes(comment: Comment) -> bytes:
    """A comment as it is sent."""
    return encode(comment_json(comment))


def shown(request: Request, content: bytes, etag: str = "") -> Response:
    """200 with content, or 304 if who reads has it."""
    headers = {"ETag": etag or etag_of(content), **CACHING}
    if request.method in ("GET", "HEAD") and is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=PROFILE)


def made(content: bytes, location: str) -> Response:
    """201."""
    headers = {"Location": location, "ETag": etag_of(content), **CACHING}
    return Response(content, 201, headers, media_type=PROFILE)


def plain_json(body: Mapping[str, Any]) -> Response:
    """200 with what is no annotation."""
    return Response(encode(body), headers=CACHING, media_type="application/json")
