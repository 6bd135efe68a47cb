"""`/api/v1/{tenant}/pages` and who is on one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.host.hub import Hub
from crdtchat.server.rest.answering import plain_json
from crdtchat.server.rest.asking import admit, ask


async def presence(request: Request) -> Response:
    """`GET .../presence?page=ID`: people and connections, counted apart."""
    asked = await ask(request, Action.READ)
    people, connections = await asked.hub.count(asked.key)
    return plain_json({"people": people, "connections": connections})


async def list_pages(request: Request) -> Response:
    """`GET .../pages`: the pages somebody wrote on, last written first."""
    hub: Hub = request.app.state.hub
    principal = (await admit(request, Action.READ)).principal
    shown = [
        {"page": page.key.page, "sequence": page.sequence, "updated": page.updated}
        for page in await hub.store.pages(principal.tenant)
        if principal.may(Action.READ, page.key.page)
    ]
    return plain_json({"pages": shown})
