"""`GET /openapi.json`."""

from __future__ import annotations

import json
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.server.credentials import COOKIE
from crdtchat.server.openapi.moderation_paths import MODERATION
from crdtchat.server.openapi.parts import Part
from crdtchat.server.openapi.paths import ANNOTATIONS, COMMENTS, PAGES
from crdtchat.server.openapi.schemas import SCHEMAS
from crdtchat.server.pages import version


def openapi_document() -> Part:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "crdtchat",
            "version": version(),
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
            "description": "Discussions of pages. What is written here passes the same verifier "
            "and the same log as what comes over the WebSocket.",
        },
        # Without credentials one is a guest, where the tenant admits any.
        "security": [{}, {"bearer": []}, {"token": []}, {"cookie": []}],
        "paths": {**ANNOTATIONS, **COMMENTS, **PAGES, **MODERATION},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "query", "name": "token"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


@cache
def _encoded() -> bytes:
    return json.dumps(openapi_document()).encode()


async def openapi(request: Request) -> Response:
    """Any page may read it."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
    return Response(_encoded(), headers=headers, media_type="application/json")
