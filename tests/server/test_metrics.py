"""Metrics keep their labels within bounds."""

from __future__ import annotations

import httpx
import pytest

from crdtchat.host.counters import Meter
from crdtchat.server.metrics import TENANTS, _metered, _plain
from crdtchat.sync import message
from tests.raw_client import broadcast_id, raw_client
from tests.server_process import ServerProcess


@pytest.fixture
def anyio_backend() -> str:
    """The raw client is asyncio's."""
    return "asyncio"


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


async def test_refusals_are_counted_under_the_names_of_the_protocol(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> None:
    async with raw_client(server.socket_url, page, token=tokens["bob"]) as bob:
        await bob.join()
        forged = ("ann", 1_700_000_000_000, "words", "", "", 0, 5)
        await bob.operate(broadcast_id(1), bob.encode("a", "anno", forged))
        refused = await bob.until(message.Reject)
        assert await bob.closed() == 4403
    async with httpx.AsyncClient(verify=False) as http:
        lines = (await http.get(f"{server.url}/metrics")).text.splitlines()
    assert f'crdtchat_refused_total{{code="{refused.code}"}} 1.0' in lines
    assert refused.code == "forged-author"
