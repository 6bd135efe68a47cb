"""`/api/v1/{tenant}/versions/{name}`: texts that annotations were made on (PROTOCOL section 6)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.gate import Gate
from crdtchat.access.roles import Action
from crdtchat.document.page_version import VERSION_BYTES, VERSIONS_PER_PAGE, is_version
from crdtchat.host import page_versions
from crdtchat.server.doors import Doors
from crdtchat.server.problem import Problem
from crdtchat.server.rest.asking import BODY_BYTES, Asked, ask, is_known, require_kind
from crdtchat.stores.base import Put

_CACHING = "private, max-age=86400, immutable"
"""A day: a text never changes under its name, but it may be erased."""


async def get_version(request: Request) -> Response:
    """`GET .../versions/{name}?page=ID`: the text, as it was sent."""
    asked, name = await _ask(request, Action.READ)
    text = await page_versions.get(asked.hub.store, asked.key, name)
    if text is None:
        raise Problem(404, "there is no such page version")
    headers = {"ETag": f'"{name}"', "Cache-Control": _CACHING, "X-Content-Type-Options": "nosniff"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers, media_type="text/plain; charset=utf-8")


async def put_version(request: Request) -> Response:
    """`PUT .../versions/{name}?page=ID`: 201 when it was stored, 204 when it was there."""
    asked, name = await _ask(request, Action.COMMENT)
    user = asked.principal.user
    if not await page_versions.names(asked.hub, asked.key, user, name):
        raise Problem(409, "no annotation of yours names this page version", "not-named")
    with _place_of(request):
        text = await _read_text(request)
        asked.peer.charge(len(text), asked.hub.sources.now())
        try:
            outcome = await page_versions.put(asked.hub, asked.key, user, name, text)
        except page_versions.WrongName as error:
            raise Problem(422, str(error), "bad-value") from None
    if outcome is Put.FULL:
        raise Problem(422, f"the page keeps {VERSIONS_PER_PAGE} versions", "too-many-versions")
    if outcome not in (Put.STORED, Put.KNOWN):
        raise Problem(409, "the page version cannot be kept under this name", "not-named")
    status = 201 if outcome is Put.STORED else 204
    return Response(status_code=status, headers={"ETag": f'"{name}"'})


async def _ask(request: Request, action: Action) -> tuple[Asked, str]:
    """Admit the request; answer the version's name too. Raises Problem."""
    asked = await ask(request, action)
    gate: Gate = request.app.state.gate
    if not gate.tenant(asked.key.tenant).page_versions:
        raise Problem(404, "this tenant keeps no page versions")
    name = request.path_params["name"]
    if not is_version(name):
        raise Problem(404, "a page version is named by 22 letters of its SHA-256 in base64url")
    return asked, name


def _place_of(request: Request) -> AbstractContextManager[None]:
    """Room for a text that is larger than other bodies, which may be long in coming."""
    doors: Doors | None = request.app.state.doors
    said = request.headers.get("content-length", "")
    size = int(said) if said.isdecimal() and len(said) < 16 else VERSION_BYTES
    if doors is None or size <= BODY_BYTES:
        return nullcontext()
    return doors.carrying(request.client.host if request.client else "", min(size, VERSION_BYTES))


async def _read_text(request: Request) -> bytes:
    remedy = "send the page's text, with Content-Type: text/plain; charset=utf-8"
    require_kind(request, ("text/plain",), remedy)
    text = bytearray()
    async for chunk in request.stream():
        text += chunk
        if len(text) > VERSION_BYTES:
            raise Problem(413, f"a page version has at most {VERSION_BYTES} bytes")
    return bytes(text)
