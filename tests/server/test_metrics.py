"""Metrics keep their labels within bounds."""

from __future__ import annotations

from crdtchat.host.counters import Meter
from crdtchat.server.metrics import TENANTS, _metered, _plain


def test_tenants_beyond_the_bound_share_a_label() -> None:
    meters = {f"tenant{number}": Meter() for number in range(TENANTS + 5)}
    for meter in meters.values():
        meter.messages_sent += 2
    messages, _ = _metered(meters)
    labels = {sample.labels["tenant"] for sample in messages.samples}
    assert len(labels) == TENANTS + 1
    last = [one for one in messages.samples if one.labels["tenant"] == "(others)"]
    assert {one.labels["direction"]: one.value for one in last} == {"received": 0, "sent": 10}


def test_codes_are_labels() -> None:
    families = {one.name: one for one in _plain({"closed_4403": 2, "appends": 3})}
    (closed,) = families["crdtchat_closed"].samples
    assert (closed.labels, closed.value) == ({"code": "4403"}, 2)
    assert families["crdtchat_appends"].samples[0].value == 3
