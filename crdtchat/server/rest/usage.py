"""`/api/v1/{tenant}/usage`: what crossed the sockets, by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from crdtchat.access.roles import Action
from crdtchat.host.hub import Hub
from crdtchat.server.problem import Problem
from crdtchat.server.rest.answering import plain_json
from crdtchat.server.rest.asking import admit, require_all_pages
from crdtchat.stores.base import CONVERSATIONS

DAYS = 366
"""Of one answer at most."""
_DEFAULT_DAYS = 30


async def show_usage(request: Request) -> Response:
    """`GET .../usage?from=YYYY-MM-DD&to=YYYY-MM-DD` (UTC, both included; the last 30 days).

    For owners. Up to date to the moment on the node that answers, to the second on others.
    """
    hub: Hub = request.app.state.hub
    principal = (await admit(request, Action.ADMINISTER)).principal
    require_all_pages(principal, "usage is of all")
    today = datetime.fromtimestamp(hub.sources.now().wall / 1_000, UTC).date()
    last = _day(request, "to", today)
    first = _day(request, "from", last - timedelta(days=min(_DEFAULT_DAYS, last.toordinal()) - 1))
    if not 0 <= (last - first).days < DAYS:
        raise Problem(400, f"from comes before to, by less than {DAYS} days")
    await hub.usage.flush()
    stored = {
        usage.day: usage.counts
        for usage in await hub.store.usage(principal.tenant, first.isoformat(), last.isoformat())
    }
    days = [
        {"day": day} | _shown(stored.get(day, {}))
        for day in (
            (first + timedelta(days=number)).isoformat()
            for number in range((last - first).days + 1)
        )
    ]
    total = {name: sum(day[name] for day in days) for name in days[0] if name != "day"}  # type: ignore[misc]
    return plain_json(
        {
            "tenant": principal.tenant,
            "from": first.isoformat(),
            "to": last.isoformat(),
            "total": total,
            "days": days,
        }
    )


def _shown(counts: Mapping[str, int]) -> dict[str, int]:
    """The counters as the hosted service names them, and the parts they are sums of."""
    parts = {
        name: counts.get(name, 0)
        for name in ("messagesReceived", "messagesSent", "bytesReceived", "bytesSent")
    }
    return {
        "pubSubMessageCount": parts["messagesReceived"] + parts["messagesSent"],
        "pubSubBandwidth": parts["bytesReceived"] + parts["bytesSent"],
        "conversationCreateCount": counts.get(CONVERSATIONS, 0),
        **parts,
    }


def _day(request: Request, name: str, default: date) -> date:
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Problem(400, f"{name} is a day like 2026-01-31")
