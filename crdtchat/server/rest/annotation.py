"""`/api/v1/{tenant}/annotations` and one of them."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.document import ids, records, schema
from crdtchat.document.replica import Write
from crdtchat.document.view import Annotation
from crdtchat.host.gathering import Gathering
from crdtchat.host.newest import newest
from crdtchat.server.rest.answering import annotation_bytes, made, shown
from crdtchat.server.rest.asking import (
    Asked,
    ask,
    broadcast_id,
    derived,
    own_path,
    read_body,
)
from crdtchat.server.rest.bodies import bad_value, read_flag, read_target, read_text
from crdtchat.server.rest.thread import (
    require_annotation,
    require_editable,
    require_unchanged,
    was_deleted_by,
)


async def create_annotation(request: Request) -> Response:
    """`POST .../annotations?page=ID` with target, body and broadcastId."""
    asked = await ask(request, Action.COMMENT)
    body = await read_body(request)
    operation = broadcast_id(body.get("broadcastId"))
    user, now = asked.principal.user, asked.now
    random = derived("annotation", asked, operation)
    aid, cid = ids.new_annotation_id(random), ids.new_comment_id(now, random)
    head = records.AnnotationRecord(user, now, read_target(body.get("target")))
    comment = records.CommentRecord(user, now, read_text(body.get("body")))
    writes: list[Write] = [
        (schema.ANNOTATIONS, aid, records.annotation_value(head)),
        (schema.COMMENTS, records.comment_key(aid, cid), records.comment_value(comment)),
    ]
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        if not any(room.replica.get(root, aid) for root in (schema.ANNOTATIONS, schema.TOMBSTONES)):
            await room.write(asked.peer, writes, operation)
        content = annotation_bytes(
            require_annotation(room, aid, hidden=asked.moderates), asked.key.page
        )
    return made(content, _location(request, asked, aid))


async def show_annotation(request: Request) -> Response:
    """`GET .../annotations/{aid}?page=ID`."""
    asked = await ask(request, Action.READ)
    async with newest(asked.hub, asked.key) as room:
        aid: str = request.path_params["aid"]
        found = require_annotation(room, aid, hidden=asked.moderates, gone=404)
    return shown(request, annotation_bytes(found, asked.key.page))


async def change_annotation(request: Request) -> Response:
    """`PATCH .../annotations/{aid}?page=ID`: the opening comment's text (`body`), the state
    (`resolved`), what it is about (`target`), each where given, all in one operation."""
    asked = await ask(request, Action.COMMENT)
    body = await read_body(request)
    operation = broadcast_id(body.get("broadcastId"))
    if not {"body", "resolved", "target"} & body.keys():
        raise bad_value("give body, resolved or target")
    aid: str = request.path_params["aid"]
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        found = require_unchanged(request, asked, room)
        writes: list[Write] = []
        if "body" in body:
            writes += _edit_opening(asked, room, found, read_text(body["body"]))
        if "resolved" in body:
            writes += _resolve(asked, found, read_flag(body["resolved"], "resolved"))
        if "target" in body:
            writes += _attach(asked, found, read_target(body["target"]))
        if writes:
            await room.write(asked.peer, writes, operation)
        found = require_annotation(room, aid, hidden=asked.moderates)
    return shown(request, annotation_bytes(found, asked.key.page))


async def delete_annotation(request: Request) -> Response:
    """`DELETE .../annotations/{aid}?page=ID`."""
    asked = await ask(request, Action.COMMENT)
    operation = broadcast_id(request.query_params.get("broadcastId"))
    aid: str = request.path_params["aid"]
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        if was_deleted_by(asked, room, aid):
            return Response(status_code=204)
        require_unchanged(request, asked, room)
        stone = records.TombstoneRecord(asked.principal.user, asked.now)
        writes: list[Write] = [(schema.TOMBSTONES, aid, records.tombstone_value(stone))]
        await room.write(asked.peer, writes, operation)
    return Response(status_code=204)


def _location(request: Request, asked: Asked, aid: str) -> str:
    return f"{own_path(request)}/{aid}?{urlencode({'page': asked.key.page})}"


def _edit_opening(asked: Asked, room: Gathering, annotation: Annotation, text: str) -> list[Write]:
    opening = next(iter(annotation.comments), None)
    comment = require_editable(room, annotation, opening.cid if opening else "")
    if comment.text == text:
        return []
    record = records.CommentRecord(
        comment.author, comment.created, text, edited=asked.now, parent=comment.parent
    )
    key = records.comment_key(annotation.aid, comment.cid)
    return [(schema.COMMENTS, key, records.comment_value(record))]


def _resolve(asked: Asked, annotation: Annotation, resolved: bool) -> list[Write]:
    if annotation.resolved == resolved:
        return []
    record = records.StatusRecord(resolved, asked.principal.user, asked.now)
    return [(schema.STATUSES, annotation.aid, records.status_value(record))]


def _attach(asked: Asked, annotation: Annotation, target: records.Target) -> list[Write]:
    if annotation.target == target:
        return []
    record = records.AnchorRecord(asked.principal.user, asked.now, target)
    return [(schema.ANCHORS, annotation.aid, records.anchor_value(record))]
