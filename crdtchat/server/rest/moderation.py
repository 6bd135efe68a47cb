"""What moderators decide, and what readers report.

Hide and lock are records of the page (root `m`): the same verifier, log and audit as everything
else. Blocking is a role of the user's.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.principal import GUEST_PREFIX
from crdtchat.access.roles import Action, Role, binding
from crdtchat.document import records, schema
from crdtchat.document.jsonld import iso
from crdtchat.document.records import ModerationRecord
from crdtchat.host.damage import Damage
from crdtchat.host.gathering import Gathering
from crdtchat.host.hub import Hub
from crdtchat.host.moderated import DECISIONS, ModeratedPages
from crdtchat.host.newest import newest
from crdtchat.server.problem import Problem
from crdtchat.server.rest.answering import plain_json
from crdtchat.server.rest.asking import (
    Asked,
    admit,
    ask,
    broadcast_id,
    is_conditional,
    page_of,
    read_body,
    require_all_pages,
)
from crdtchat.server.rest.bodies import bad_value
from crdtchat.server.rest.paging import key_at, limit_of, place_of
from crdtchat.server.rest.thread import require_annotation, require_comment, require_unchanged
from crdtchat.stores.auditing import Report
from crdtchat.stores.base import DocumentKey, Grant
from crdtchat.sync.effects import Deed

REASONS = ("abuse", "other", "spam")
REPORTS_PER_HOUR = 30
"""Of one user."""
GUESTS_REPORTS = 1_000
"""Of all guests of a tenant, open at once: whoever likes becomes another one."""
MOST_BY = 20
"""Of what was reported about one thing, with who and when."""
MOST_MODERATED = 200
_HOUR_MS = 3_600_000
_BLOCKING = "blocking is for all"


async def hide(request: Request) -> Response:
    """`PUT .../hidden?page=ID` of an annotation or a comment: readers are not shown it."""
    return await _decide(request, hidden=True)


async def unhide(request: Request) -> Response:
    """`DELETE .../hidden?page=ID`."""
    return await _decide(request, hidden=False)


async def lock(request: Request) -> Response:
    """`PUT .../locked?page=ID` of an annotation: only moderators write under it."""
    return await _decide(request, locked=True)


async def unlock(request: Request) -> Response:
    """`DELETE .../locked?page=ID`."""
    return await _decide(request, locked=False)


async def report(request: Request) -> Response:
    """`POST .../reports?page=ID` of an annotation or a comment, by whoever may comment.

    Said again it is no other report: it leaves no line, and one with another reason takes the place
    of what was.
    """
    asked = await ask(request, Action.COMMENT)
    reason = (await read_body(request)).get("reason", "other")
    if reason not in REASONS:
        raise bad_value(f"reason is one of {', '.join(REASONS)}")
    async with newest(asked.hub, asked.key) as room:
        target = _target(request, room, hidden=False)
        require_unchanged(request, asked, room)
    store, user, now = asked.hub.store, asked.principal.user, asked.now
    asked.peer.charge(0, asked.hub.sources.now())
    before = await store.reports(asked.key.tenant)
    reported = Report(asked.key.page, target, user, reason, now)
    earlier = next((one for one in before if one[:3] == reported[:3]), None)
    if earlier is not None:
        if earlier.reason != reason:
            await store.add_report(asked.key.tenant, reported)
        return Response(status_code=204)
    if sum(one.by == user and one.at > now - _HOUR_MS for one in before) >= REPORTS_PER_HOUR:
        raise Problem(429, "you reported a lot already: come back later", "rate-limited")
    if asked.principal.guest and sum(_is_guest(one.by) for one in before) >= GUESTS_REPORTS:
        raise Problem(429, "guests reported a lot already: sign in to report", "rate-limited")
    await store.add_report(asked.key.tenant, reported)
    await _note(asked.hub, asked.key, asked, "report", target)
    return Response(status_code=204)


async def dismiss(request: Request) -> Response:
    """`DELETE .../reports?page=ID`: it was looked at; everything else is left as it is."""
    asked = await ask(request, Action.MODERATE)
    parts = list(filter(None, map(request.path_params.get, ("aid", "cid"))))
    if not all(map(schema.is_id, parts)):
        raise Problem(404, "there is no such annotation or comment")
    if is_conditional(request):
        async with newest(asked.hub, asked.key) as room:
            require_unchanged(request, asked, room)
    target = "/".join(parts)
    if await asked.hub.store.remove_reports(asked.key, target):
        await _note(asked.hub, asked.key, asked, "dismiss", target)
    return Response(status_code=204)


async def list_reports(request: Request) -> Response:
    """`GET /api/v1/{tenant}/reports?limit=N&after=PLACE`: what readers reported and nobody dealt
    with, by target, in the order in which it was reported first."""
    hub: Hub = request.app.state.hub
    principal = (await admit(request, Action.MODERATE)).principal
    limit, after = limit_of(request), key_at(request, "after", int, str, str)
    found: dict[tuple[str, str], list[Report]] = {}
    for one in await hub.store.reports(principal.tenant):
        if principal.may(Action.MODERATE, one.page):
            found.setdefault((one.page, one.target), []).append(one)
    behind = [
        (key, reports)
        for key, reports in found.items()
        if after is None or (reports[0].at, *key) > after
    ]
    shown: list[dict[str, Any]] = [
        {
            "page": page,
            "target": target,
            "count": len(reports),
            "reasons": sorted({one.reason for one in reports}),
            "first": iso(reports[0].at),
            "reports": [
                {"by": one.by, "reason": one.reason, "at": iso(one.at)} for one in reports[:MOST_BY]
            ],
        }
        for (page, target), reports in behind[:limit]
    ]
    body: dict[str, Any] = {"reports": shown}
    if len(behind) > limit:
        key, reports = behind[limit - 1]
        body["next"] = place_of((reports[0].at, *key))
    return plain_json(body)


async def list_moderated(request: Request) -> Response:
    """`GET /api/v1/{tenant}/moderated?page=ID`: what is hidden or locked, the newest decision
    first; without a page on all where the audit log knows of decisions, with the names of those
    that cannot be read back, if there are any (`unread`)."""
    hub: Hub = request.app.state.hub
    page = page_of(request) if "page" in request.query_params else None
    principal = (await admit(request, Action.MODERATE, page)).principal
    pages = await hub.store.pages_of_deeds(principal.tenant, DECISIONS) if page is None else [page]
    mine = [one for one in pages if principal.may(Action.MODERATE, one)]
    known: ModeratedPages = request.app.state.moderated
    damage = Damage()
    found = await known.find(hub.store, principal.tenant, mine, damage)
    if page is not None:
        damage.report()
    shown = [
        {"page": one.page, "annotation": json.loads(one.item)} for one in found[:MOST_MODERATED]
    ]
    body: dict[str, Any] = {"total": len(found), "items": shown}
    if damage.pages:
        body["unread"] = damage.pages
    return plain_json(body)


async def list_blocks(request: Request) -> Response:
    """`GET /api/v1/{tenant}/blocks?limit=N&after=PLACE`: the users who may not write anywhere in
    the tenant."""
    hub: Hub = request.app.state.hub
    tenant = (await admit(request, Action.MODERATE)).principal.tenant
    limit, after = limit_of(request), key_at(request, "after", str)
    users = sorted(
        one.user
        for one in await hub.store.grants(tenant)
        if one.role == Role.BLOCKED and (after is None or (one.user,) > after)
    )
    body: dict[str, Any] = {"users": users[:limit]}
    if len(users) > limit:
        body["next"] = place_of((users[limit - 1],))
    return plain_json(body)


async def block(request: Request) -> Response:
    """`PUT /api/v1/{tenant}/blocks/{user}`: their connections end within a second; they may come
    back and read. Not for owners, as far as is known here (a sign-in token may say so later), nor
    for those whom the operator gave another role."""
    hub: Hub = request.app.state.hub
    principal = (await admit(request, Action.MODERATE)).principal
    require_all_pages(principal, _BLOCKING)
    user = _user(request)
    if user == principal.user:
        raise Problem(409, "nobody blocks themselves")
    now = hub.sources.now().wall
    if any(
        one.user == user and binding(Role(one.role), Role.BLOCKED) is not Role.BLOCKED
        for one in await hub.store.tokens(principal.tenant)
        if not one.revoked and (not one.expires or one.expires > now)
    ):
        raise Problem(409, "this user has an owner's token: no block binds them")
    # What an operator says meanwhile stands.
    if await hub.store.put_grant(Grant(principal.tenant, user, Role.BLOCKED), first=True):
        await _note(hub, DocumentKey(principal.tenant, ""), principal, "block", user)
    elif (role := await _role(hub, principal.tenant, user)) not in (None, Role.BLOCKED):
        raise Problem(409, f"the operator gave this user the role {role}: only they change it")
    return Response(status_code=204)


async def unblock(request: Request) -> Response:
    """`DELETE /api/v1/{tenant}/blocks/{user}`."""
    hub: Hub = request.app.state.hub
    principal = (await admit(request, Action.MODERATE)).principal
    require_all_pages(principal, _BLOCKING)
    user = _user(request)
    if await hub.store.remove_grant(principal.tenant, user, role=Role.BLOCKED):
        await _note(hub, DocumentKey(principal.tenant, ""), principal, "unblock", user)
    return Response(status_code=204)


async def _decide(
    request: Request, *, hidden: bool | None = None, locked: bool | None = None
) -> Response:
    asked = await ask(request, Action.MODERATE)
    operation = broadcast_id(request.query_params.get("broadcastId"))
    aid: str = request.path_params["aid"]
    async with newest(asked.hub, asked.key) as room:
        await room.settled(aid)
        target = _target(request, room, hidden=True)
        before = records.read_moderation(room.replica.get(schema.MODERATION, target))
        user = asked.principal.user
        before = before or ModerationRecord(False, False, user, 0)
        after = replace(
            before,
            hidden=before.hidden if hidden is None else hidden,
            locked=before.locked if locked is None else locked,
        )
        if after != before:
            require_unchanged(request, asked, room)
            record = replace(after, by=user, at=max(asked.now, before.at + 1))
            value = records.moderation_value(record)
            await room.write(asked.peer, [(schema.MODERATION, target, value)], operation)
    return Response(status_code=204)


def _target(request: Request, room: Gathering, *, hidden: bool) -> str:
    """The key of what a path names. Raises Problem unless it is there."""
    annotation = require_annotation(room, request.path_params["aid"], hidden=hidden)
    cid = request.path_params.get("cid")
    if cid is None:
        return annotation.aid
    return records.comment_key(annotation.aid, require_comment(room, annotation, cid).cid)


def _is_guest(user: str) -> bool:
    return user.startswith(GUEST_PREFIX)


def _user(request: Request) -> str:
    user: str = request.path_params["user"]
    if not schema.is_user(user):
        raise Problem(422, "that is no user id", "bad-value")
    return user


async def _role(hub: Hub, tenant: str, user: str) -> str | None:
    grants = await hub.store.grants(tenant)
    return next((one.role for one in grants if one.user == user), None)


async def _note(hub: Hub, key: DocumentKey, who: Any, action: str, target: str) -> None:
    principal = who.principal if isinstance(who, Asked) else who
    now = hub.sources.now().wall
    deed = Deed(principal.user, principal.role, action, target, now, "rest")
    await hub.store.add_deeds(key, [deed])
