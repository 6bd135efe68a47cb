"""`.../annotations/{aid}/comments`, one of them, and the reactions to it."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.document import ids, records, schema
from crdtchat.document.replica import Write
from crdtchat.host.gathering import Gathering
from crdtchat.host.newest import newest
from crdtchat.server.rest.answering import comment_bytes, made, shown
from crdtchat.server.rest.asking import (
    Asked,
    ask,
    broadcast_id,
    derived,
    own_path,
    read_body,
)
from crdtchat.server.rest.bodies import read_parent, read_text
from crdtchat.server.rest.thread import (
    require_annotation,
    require_comment,
    require_editable,
    require_unchanged,
    was_deleted_by,
)


async def create_comment(request: Request) -> Response:
    """`POST .../{aid}/comments?page=ID` with body, optional parent and broadcastId: a reply."""
    asked = await ask(request, Action.COMMENT)
    body = await read_body(request)
    operation = broadcast_id(body.get("broadcastId"))
    aid: str = request.path_params["aid"]
    user, now = asked.principal.user, asked.now
    cid = ids.new_comment_id(now, derived(f"comment/{aid}", asked, operation))
    parent = read_parent(body.get("parent"))
    record = records.CommentRecord(user, now, read_text(body.get("body")), parent=parent)
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        require_annotation(room, aid, hidden=asked.moderates)
        earlier = _find_made(room, aid, cid)
        if earlier:
            cid = earlier
        else:
            require_unchanged(request, asked, room)
            key = records.comment_key(aid, cid)
            writes: list[Write] = [(schema.COMMENTS, key, records.comment_value(record))]
            await room.write(asked.peer, writes, operation)
        comment = require_comment(room, require_annotation(room, aid, hidden=asked.moderates), cid)
    location = f"{own_path(request)}/{cid}?{urlencode({'page': asked.key.page})}"
    return made(comment_bytes(comment), location)


async def show_comment(request: Request) -> Response:
    """`GET .../comments/{cid}?page=ID`."""
    asked = await ask(request, Action.READ)
    aid, cid = _names(request)
    async with newest(asked.hub, asked.key) as room:
        annotation = require_annotation(room, aid, hidden=asked.moderates, gone=404)
        comment = require_comment(room, annotation, cid, gone=404)
    return shown(request, comment_bytes(comment))


async def change_comment(request: Request) -> Response:
    """`PATCH .../comments/{cid}?page=ID` with body: its author edits it."""
    asked = await ask(request, Action.COMMENT)
    body = await read_body(request)
    operation = broadcast_id(body.get("broadcastId"))
    text = read_text(body.get("body"))
    aid, cid = _names(request)
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        require_unchanged(request, asked, room)
        annotation = require_annotation(room, aid, hidden=asked.moderates)
        comment = require_editable(room, annotation, cid)
        if comment.text != text:
            record = records.CommentRecord(
                comment.author, comment.created, text, edited=asked.now, parent=comment.parent
            )
            key = records.comment_key(aid, cid)
            writes: list[Write] = [(schema.COMMENTS, key, records.comment_value(record))]
            await room.write(asked.peer, writes, operation)
        comment = require_comment(room, require_annotation(room, aid, hidden=asked.moderates), cid)
    return shown(request, comment_bytes(comment))


async def delete_comment(request: Request) -> Response:
    """`DELETE .../comments/{cid}?page=ID`."""
    asked = await ask(request, Action.COMMENT)
    operation = broadcast_id(request.query_params.get("broadcastId"))
    aid, cid = _names(request)
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        if was_deleted_by(asked, room, aid, cid):
            return Response(status_code=204)
        require_unchanged(request, asked, room)
        stone = records.TombstoneRecord(asked.principal.user, asked.now)
        key = records.comment_key(aid, cid)
        writes: list[Write] = [(schema.TOMBSTONES, key, records.tombstone_value(stone))]
        await room.write(asked.peer, writes, operation)
    return Response(status_code=204)


async def add_reaction(request: Request) -> Response:
    """`PUT .../comments/{cid}/reactions/{emoji}?page=ID`."""
    return await _react(request, wanted=True)


async def remove_reaction(request: Request) -> Response:
    """`DELETE .../comments/{cid}/reactions/{emoji}?page=ID`."""
    return await _react(request, wanted=False)


async def _react(request: Request, *, wanted: bool) -> Response:
    asked = await ask(request, Action.COMMENT)
    operation = broadcast_id(request.query_params.get("broadcastId"))
    emoji: str = request.path_params["emoji"]
    aid, cid = _names(request)
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        require_unchanged(request, asked, room)
        writes = _reaction_writes(asked, room, records.comment_key(aid, cid), emoji, wanted)
        if writes:
            await room.write(asked.peer, writes, operation)
    return Response(status_code=204)


def _reaction_writes(
    asked: Asked, room: Gathering, comment: str, emoji: str, wanted: bool
) -> list[Write]:
    key = f"{comment}/{asked.principal.user}"
    before = records.read_reactions(room.replica.get(schema.REACTIONS, key))
    after = tuple(one for one in before if one != emoji)
    if wanted:
        after = before if emoji in before else (*before, emoji)
    value = records.reactions_value(after)
    return [] if after == before else [(schema.REACTIONS, key, value)]


def _names(request: Request) -> tuple[str, str]:
    return request.path_params["aid"], request.path_params["cid"]


def _find_made(room: Gathering, aid: str, cid: str) -> str:
    """The id that an earlier request with the same broadcastId gave its comment, also if that was
    deleted meanwhile; or empty.

    Its 36 bits of chance were the same; only the time in front may differ.
    """
    found = (
        record.key.partition("/")[2]
        for record in room.mirror.group(aid)
        if record.root in (schema.COMMENTS, schema.TOMBSTONES)
    )
    return next((one for one in found if ids.is_same_chance(one, cid)), "")
