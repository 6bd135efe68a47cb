"""`GET /metrics`: Prometheus. The operator's, not the public's."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from crdtchat.host.counters import Meter
from crdtchat.host.hook_delivery import Deliverer
from crdtchat.host.hub import Hub
from crdtchat.server.doors import Doors
from crdtchat.server.fellows import Fellows, Together
from crdtchat.server.problem import Problem

TENANTS = 200
"""Tenants with labels of their own: the first so many that were used; the rest is `(others)`."""
_OTHERS = "(others)"
_LABELLED = {"refused_": "code", "closed_": "code", "webhooks_": "outcome"}
"""Counters that differ in a code of the protocol, which is their label; there are some twenty."""


class HubCollector(Collector):
    """Reads a hub's counters when asked. Labels: codes of the protocol, and tenants up to a bound;
    never a user or a page."""

    def __init__(self, hub: Hub, doors: Doors, deliverer: Deliverer) -> None:
        self._hub = hub
        self._doors = doors
        self._deliverer = deliverer

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        rooms = self._hub.rooms()
        sockets = sum(room.room.sessions for room in rooms)
        yield GaugeMetricFamily("crdtchat_rooms", "Pages held in memory.", len(rooms))
        yield GaugeMetricFamily("crdtchat_connections", "Open WebSockets.", sockets)
        doors = self._doors
        yield GaugeMetricFamily("crdtchat_tcp", "TCP connections.", doors.connections)
        yield CounterMetricFamily(
            "crdtchat_tcp_refused", "TCP connections beyond the bounds.", doors.refused
        )
        yield CounterMetricFamily(
            "crdtchat_tcp_cut_off", "Connections that were no request in time.", doors.cut_off
        )
        yield from self._queued()
        neighbours = self._hub.neighbours
        if neighbours is not None:
            yield GaugeMetricFamily(
                "crdtchat_broker_connected",
                "Whether messages between nodes pass.",
                int(neighbours.broker.connected),
            )
            yield GaugeMetricFamily(
                "crdtchat_nodes", "Servers that share the limits, as known here.", neighbours.nodes
            )
        yield from _plain(self._hub.counters)
        yield from _metered(self._hub.counters.meters)

    def _queued(self) -> Iterator[Metric]:
        """What waits for webhooks, as counted within the last seconds."""
        queues = self._deliverer.queues
        waiting = sum(queue.waiting for queue in queues)
        yield GaugeMetricFamily("crdtchat_webhook_queue", "Events that wait.", waiting)
        aside = sum(queue.aside for queue in queues)
        yield GaugeMetricFamily("crdtchat_webhook_aside", "Events that were set aside.", aside)
        oldest = min((queue.oldest for queue in queues if queue.waiting), default=0)
        age = (self._hub.sources.now().wall - oldest) / 1_000 if oldest else 0.0
        yield GaugeMetricFamily("crdtchat_webhook_age_seconds", "Age of the oldest.", age)


def _plain(counters: Mapping[str, int]) -> Iterator[Metric]:
    labelled = {
        prefix: CounterMetricFamily(
            f"crdtchat_{prefix[:-1]}", f"{prefix[:-1].title()}, by {label}.", labels=[label]
        )
        for prefix, label in _LABELLED.items()
    }
    for name, count in sorted(counters.items()):
        for prefix, family in labelled.items():
            if name.startswith(prefix):
                family.add_metric([name.removeprefix(prefix)], count)
                break
        else:
            shown = name.replace("_", " ").capitalize()
            yield CounterMetricFamily(f"crdtchat_{name}", f"{shown}.", count)
    yield from labelled.values()


def _metered(meters: Mapping[str, Meter]) -> Iterator[Metric]:
    messages = CounterMetricFamily(
        "crdtchat_pubsub_messages",
        "Messages that crossed the WebSockets of a tenant.",
        labels=["tenant", "direction"],
    )
    payload = CounterMetricFamily(
        "crdtchat_pubsub_bytes", "Payload bytes of these.", labels=["tenant", "direction"]
    )
    # The order of a dictionary is that of first use, so no tenant ever changes its label.
    own = list(meters.items())
    others = [meter for _, meter in own[TENANTS:]]
    for tenant, group in [
        *((tenant, [meter]) for tenant, meter in own[:TENANTS]),
        *([(_OTHERS, others)] if others else []),
    ]:
        messages.add_metric([tenant, "received"], sum(one.messages_received for one in group))
        messages.add_metric([tenant, "sent"], sum(one.messages_sent for one in group))
        payload.add_metric([tenant, "received"], sum(one.bytes_received for one in group))
        payload.add_metric([tenant, "sent"], sum(one.bytes_sent for one in group))
    yield messages
    yield payload


async def metrics(request: Request) -> Response:
    """`GET /metrics`: Prometheus text (exposition format 0.0.4), of all workers of this port.

    With a `metrics_token` for whoever sends it as `Authorization: Bearer`; without one for
    everybody while the server is the unconfigured demo on loopback, else for nobody: behind a
    reverse proxy every stranger seems to come from this machine.
    """
    token: str | None = request.app.state.metrics_token
    if token is None:
        raise Problem(404, "metrics are off: set metrics_token in the configuration")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and not (
        scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    ):
        raise Problem(401, "send the metrics token as a bearer token")
    state = request.app.state
    figures = own_figures(state)
    fellows: Fellows | None = state.fellows
    if fellows is not None:
        registry = CollectorRegistry()
        registry.register(Together(await fellows.figures(figures)))
        figures = generate_latest(registry)
    return Response(figures, media_type=CONTENT_TYPE_PLAIN_0_0_4)


def own_figures(state: Any) -> bytes:
    """What this process counted; `state` is the application's."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(HubCollector(state.hub, state.doors, state.deliverer))
    return generate_latest(registry)
