"""`/api/v1/{tenant}/pages` and who is on one."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.host.hub import Hub
from crdtchat.server.rest.answering import plain_json
from crdtchat.server.rest.asking import admit, ask
from crdtchat.server.rest.paging import key_at, limit_of, place_of
from crdtchat.stores.base import DocumentKey, Page

_LOOKED_THROUGH = 10_000
"""At a time, for those that somebody's token is for."""


async def presence(request: Request) -> Response:
    """`GET .../presence?page=ID`: people and connections, counted apart."""
    asked = await ask(request, Action.READ)
    people, connections = await asked.hub.count(asked.key)
    return plain_json({"people": people, "connections": connections})


async def list_pages(request: Request) -> Response:
    """`GET .../pages?limit=N&after=PLACE`: the pages somebody wrote on, last written first."""
    hub: Hub = request.app.state.hub
    principal = (await admit(request, Action.READ)).principal
    limit, place = limit_of(request), key_at(request, "after", int, str, str)
    after = place and Page(DocumentKey(principal.tenant, *place[1:]), 0, 0, place[0])
    most = limit + 1 if "*" in principal.pages else _LOOKED_THROUGH
    found: list[Page] = []
    more = True
    while more and len(found) <= limit:
        rows = await hub.store.pages(principal.tenant, after=after, most=most)
        found += [page for page in rows if principal.may(Action.READ, page.key.page)]
        more, after = len(rows) == most, rows[-1] if rows else None
    shown = found[:limit]
    body: dict[str, Any] = {
        "pages": [
            {"page": page.key.page, "sequence": page.sequence, "updated": page.updated}
            for page in shown
        ]
    }
    if len(found) > limit:
        body["next"] = place_of((shown[-1].updated, *shown[-1].key[1:]))
    return plain_json(body)
