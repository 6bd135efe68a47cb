"""REST: the same verifier and the same log as the WebSocket."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any
from uuid import UUID

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from crdtchat.access.gate import Admission, Gate, NoTenant
from crdtchat.access.principal import Denied, Principal
from crdtchat.access.roles import Action
from crdtchat.document import ids, records, schema
from crdtchat.document.jsonld import CONTEXT, PROFILE, annotation_json
from crdtchat.document.replica import Write
from crdtchat.document.view import read_view
from crdtchat.host.hub import Hub
from crdtchat.server.problem import Problem, problem_of
from crdtchat.stores.base import DocumentKey, StoreError
from crdtchat.sync.codes import Refused

BODY_BYTES = 131_072


async def list_annotations(request: Request) -> Response:
    """`GET /api/v1/{tenant}/annotations?page=ID`: a W3C AnnotationPage with an ETag."""
    hub: Hub = request.app.state.hub
    admission = await _admit(request, Action.READ)
    key = _key(request, admission.principal)
    try:
        async with hub.attend(key) as room:
            etag = f'"{room.room.history.epoch}-{room.room.history.sequence}"'
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers={"ETag": etag})
            items = [annotation_json(one, key.page) for one in read_view(room.replica)]
    except StoreError as error:
        raise Problem(503 if error.retry else 500, str(error)) from None
    body = {
        "@context": CONTEXT,
        "id": str(request.url),
        "type": "AnnotationPage",
        "partOf": {"type": "AnnotationCollection", "total": len(items)},
        "items": items,
    }
    return Response(
        json.dumps(body, ensure_ascii=False), headers={"ETag": etag}, media_type=PROFILE
    )


async def create_annotation(request: Request) -> Response:
    """`POST /api/v1/{tenant}/annotations?page=ID` with target, body and broadcastId."""
    hub: Hub = request.app.state.hub
    admission = await _admit(request, Action.COMMENT)
    principal = admission.principal
    key = _key(request, principal)
    body = await _body(request)
    broadcast_id = _broadcast_id(body.get("broadcastId"))
    now = hub.sources.now().wall
    aid = ids.new_annotation_id(secrets.token_bytes)
    cid = ids.new_comment_id(now, secrets.token_bytes)
    try:
        target = _target(body.get("target"))
        text = _text(body.get("body"))
        head = records.AnnotationRecord(principal.user, now, target)
        comment = records.CommentRecord(principal.user, now, text)
        writes: list[Write] = [
            (schema.ANNOTATIONS, aid, records.annotation_value(head)),
            (schema.COMMENTS, records.comment_key(aid, cid), records.comment_value(comment)),
        ]
        await hub.write(key, principal.peer(), writes, broadcast_id)
    except records.InvalidRecord as error:
        raise Problem(422, str(error), "bad-value") from None
    except Refused as refused:
        raise problem_of(refused) from None
    except StoreError as error:
        raise Problem(503 if error.retry else 500, str(error)) from None
    async with hub.attend(key) as room:
        made = next(one for one in read_view(room.replica) if one.aid == aid)
    location = request.url.replace(query=None).path + f"/{aid}"
    return Response(
        json.dumps(annotation_json(made, key.page), ensure_ascii=False),
        201,
        headers={"Location": location},
        media_type=PROFILE,
    )


async def presence(request: Request) -> Response:
    """`GET /api/v1/{tenant}/presence?page=ID`: people and connections, counted apart."""
    hub: Hub = request.app.state.hub
    admission = await _admit(request, Action.READ)
    key = _key(request, admission.principal)
    for room in hub.rooms():
        if room.key == key:
            here = room.room.presence
            return JSONResponse({"people": here.people, "connections": here.connections})
    return JSONResponse({"people": 0, "connections": 0})


async def list_pages(request: Request) -> Response:
    """`GET /api/v1/{tenant}/pages`: the pages somebody wrote on, last written first."""
    hub: Hub = request.app.state.hub
    admission = await _admit(request, Action.READ)
    try:
        pages = await hub.store.pages(admission.principal.tenant)
    except StoreError as error:
        raise Problem(503 if error.retry else 500, str(error)) from None
    shown = [
        {"page": page.key.page, "sequence": page.sequence, "updated": page.updated}
        for page in pages
        if admission.principal.may(Action.READ, page.key.page)
    ]
    return JSONResponse({"pages": shown})


async def _admit(request: Request, action: Action) -> Admission:
    gate: Gate = request.app.state.gate
    hub: Hub = request.app.state.hub
    try:
        tenant = gate.tenant(request.path_params["tenant"])
    except NoTenant:
        raise Problem(404, "there is no such tenant") from None
    origin = request.headers.get("origin")
    if not tenant.allows_origin(origin, request.headers.get("host", "")):
        raise Problem(403, f"pages of {origin} may not use this tenant")
    try:
        return await gate.admit(
            tenant,
            token=bearer(request),
            name=request.query_params.get("name", ""),
            now=hub.sources.now().wall,
            page=request.query_params.get("page"),
            action=action,
        )
    except Denied as denied:
        raise Problem(403 if denied.forbidden else 401, denied.reason) from None
    except StoreError as error:
        raise Problem(503 if error.retry else 500, str(error)) from None


def bearer(connection: HTTPConnection) -> str | None:
    """The token of a request: header, or query for programs that cannot set one."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return connection.query_params.get("token") or None


def _key(request: Request, principal: Principal) -> DocumentKey:
    page = request.query_params.get("page", "")
    if not 0 < len(page) <= 2_048:
        raise Problem(400, "name the page: ?page=ID")
    return DocumentKey(principal.tenant, page)


async def _body(request: Request) -> dict[str, Any]:
    size = 0
    chunks: list[bytes] = []
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES:
            raise Problem(413, f"at most {BODY_BYTES} bytes")
        chunks.append(chunk)
    try:
        body = json.loads(b"".join(chunks))
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Problem(400, "the body is not a JSON object")
    return body


def _broadcast_id(text: object) -> bytes:
    if text is None:
        return ids.new_broadcast_id(secrets.token_bytes)
    try:
        return UUID(str(text)).bytes
    except ValueError:
        raise Problem(422, "broadcastId is a UUID", "bad-value") from None


def _text(body: object) -> str:
    value = body.get("value") if isinstance(body, dict) else body
    if not isinstance(value, str) or not value.strip():
        raise Problem(422, "body is a text, or a TextualBody with a value", "bad-value")
    return value


def _target(target: object) -> records.Target:
    """Read a W3C SpecificResource with quote and position selectors, or their fields as one."""
    if not isinstance(target, dict):
        raise Problem(422, "target is an object with selectors", "bad-value")
    fields: dict[str, Any] = dict(target)
    selectors = fields.get("selector", [])
    for selector in selectors if isinstance(selectors, list) else [selectors]:
        if isinstance(selector, dict):
            fields.update({name: value for name, value in selector.items() if name != "type"})
    texts = {name: fields.get(name, "") for name in ("exact", "prefix", "suffix", "kind", "part")}
    start = fields.get("start", 0)
    end = fields.get("end", start + len(str(texts["exact"])) if isinstance(start, int) else 0)
    if not all(isinstance(text, str) for text in texts.values()) or not (
        type(start) is int and type(end) is int
    ):
        raise Problem(422, "the target's selectors have other types", "bad-value")
    return records.Target(
        exact=texts["exact"],
        prefix=texts["prefix"][-schema.CONTEXT_CP :],
        suffix=texts["suffix"][: schema.CONTEXT_CP],
        start_cp=start,
        end_cp=end,
        kind=texts["kind"] or "text",
        part=texts["part"],
    )


def content_etag(content: bytes) -> str:
    """A strong ETag of bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:20]}"'
