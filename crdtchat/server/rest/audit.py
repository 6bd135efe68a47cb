"""`GET /api/v1/{tenant}/audit`: who did what, for owners; a part at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.document.jsonld import iso
from crdtchat.host.hub import Hub
from crdtchat.server.problem import Problem
from crdtchat.server.rest.answering import plain_json
from crdtchat.server.rest.asking import admit, number, page_of, require_all_pages
from crdtchat.server.rest.paging import limit_of
from crdtchat.stores.auditing import Audited

ALWAYS = 2**53


async def show_audit(request: Request) -> Response:
    """`?from=DAY&to=DAY&page=ID&after=NUMBER&limit=N`; `next` is what to ask for `after`."""
    hub: Hub = request.app.state.hub
    # An empty one names the lines that are about no page.
    page = request.query_params.get("page") and page_of(request)
    principal = (await admit(request, Action.ADMINISTER, page or None)).principal
    if not page:
        require_all_pages(principal, "name the page")
    first, last = _day(request, "from"), _day(request, "to")
    after = number(request, "after", 0, range(2**50))
    limit = limit_of(request)
    await hub.counters.refusals.flush(hub.store, hub.sources.now().wall)
    lines = await hub.store.deeds(
        principal.tenant,
        page=page,
        first=0 if first is None else _milliseconds(first),
        last=ALWAYS if last is None else _milliseconds(last + timedelta(days=1)) - 1,
        after=after,
        most=limit,
    )
    body: dict[str, Any] = {"lines": [audit_json(line) for line in lines]}
    if len(lines) == limit:
        body["next"] = lines[-1].number
    return plain_json(body)


def audit_json(line: Audited) -> dict[str, Any]:
    """A line as owners read it."""
    deed = line.deed
    found: dict[str, Any] = {"number": line.number, "at": iso(deed.at), "action": deed.action}
    named = {"who": deed.who, "role": deed.role, "page": line.page, "target": deed.target}
    found |= {name: text for name, text in named.items() if text}
    found["via"] = deed.via
    if deed.times > 1:
        found["times"] = deed.times
    return found


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _day(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise Problem(400, f"{name} is a day, as 2026-01-31") from None
    if not 1970 <= day.year <= 9998:
        raise Problem(400, f"{name} is a day from 1970 on")
    return day
