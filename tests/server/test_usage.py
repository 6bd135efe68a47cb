"""Usage over HTTP, metrics, and who may see them."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.raw_client import raw_client
from tests.server.conftest import Api
from tests.server_process import ServerProcess, running_server

Apis = dict[str, Api]
ZERO = {
    "pubSubMessageCount": 0,
    "pubSubBandwidth": 0,
    "conversationCreateCount": 0,
    "messagesReceived": 0,
    "messagesSent": 0,
    "bytesReceived": 0,
    "bytesSent": 0,
}


@pytest.fixture
def anyio_backend() -> str:
    """The raw client is asyncio's."""
    return "asyncio"


async def test_an_owner_sees_every_day_and_the_total(
    server: ServerProcess, tokens: dict[str, str], api: Apis, page: str
) -> None:
    before = api["own"]("GET", "/usage").json()["total"]
    async with raw_client(server.socket_url, page, token=tokens["ann"]) as ann:
        await ann.join()
        api["bob"].annotate()
    found = api["own"]("GET", "/usage").json()
    assert found["tenant"] == "demo"
    assert len(found["days"]) == 30
    today = found["days"][-1]
    assert today["day"] == found["to"]
    assert found["days"][0] == {"day": found["from"], **ZERO}
    total = found["total"]
    assert total["conversationCreateCount"] == before["conversationCreateCount"] + 1
    assert total["messagesReceived"] == before["messagesReceived"] + 1
    assert total["messagesSent"] >= before["messagesSent"] + len(ann.received)
    assert total["pubSubMessageCount"] == total["messagesReceived"] + total["messagesSent"]
    assert total["pubSubBandwidth"] == total["bytesReceived"] + total["bytesSent"]
    assert {"day": found["to"], **total} == today


def test_days_are_asked_for_by_name(api: Apis) -> None:
    old = {"from": "2020-02-28", "to": "2020-03-01"}
    found = _ask(api, old).json()
    assert found["days"] == [
        {"day": day, **ZERO} for day in ("2020-02-28", "2020-02-29", "2020-03-01")
    ]
    for wrong in (
        {"from": "yesterday"},
        {"to": "2020-02-30"},
        {"to": "20200201"},
        {"from": "2020-03-02", "to": "2020-03-01"},
        {"from": "2019-01-01", "to": "2020-03-01"},
    ):
        assert _ask(api, wrong).status_code == 400, wrong
    assert _ask(api, {"to": "0001-01-01"}).status_code == 200


def _ask(api: Apis, days: dict[str, str]) -> httpx.Response:
    own = api["own"]
    headers = {"Authorization": f"Bearer {own.token}"}
    return httpx.get(f"{own.root}/usage", params=days, headers=headers)


def test_only_owners_see_usage(api: Apis, server: ServerProcess) -> None:
    for user in ("vic", "ann", "mod"):
        assert api[user]("GET", "/usage").status_code == 403
    assert httpx.get(f"{server.url}/api/v1/demo/usage").status_code == 403  # a guest
    assert httpx.get(f"{server.url}/api/v1/nobody/usage").status_code == 404


def test_the_page_holds_nothing_and_allows_nothing_inline(server: ServerProcess) -> None:
    for path in ("/usage", "/usage.js", "/usage.css"):
        answer = httpx.get(f"{server.url}{path}")
        assert answer.status_code == 200
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{server.url}/usage.py").status_code == 404


def test_the_demo_shows_its_metrics(server: ServerProcess) -> None:
    answer = httpx.get(f"{server.url}/metrics")
    families = {one.name: one for one in text_string_to_metric_families(answer.text)}
    assert families["crdtchat_connections"].samples[0].value == 0
    sent = families["crdtchat_pubsub_messages"].samples
    assert {frozenset(sample.labels) for sample in sent} == {frozenset({"tenant", "direction"})}
    assert families["process_resident_memory_bytes"].samples[0].value > 0


def test_a_configured_server_shows_metrics_to_the_token_alone(tmp_path: Path) -> None:
    """Also on loopback: behind a proxy every stranger seems to come from there."""
    config = tmp_path / "crdtchat.toml"
    config.write_text("[tenants.docs]\nguests = 'viewer'\n")
    with running_server(tmp_path / "data", ["--config", str(config)]) as server:
        assert httpx.get(f"{server.url}/metrics").status_code == 404
        config.write_text(f"metrics_token = 'let me see'\n{config.read_text()}")
        server.stop()
        server.restart()
        url = f"{server.url}/metrics"
        assert httpx.get(url).status_code == 401
        for wrong in ("Bearer let me", "Bearer", "Basic let me see", "let me see", "Bearer żółw"):
            headers = {"Authorization": wrong.encode()}
            assert httpx.get(url, headers=headers).status_code == 401  # type: ignore[arg-type]
        shown = httpx.get(url, headers={"Authorization": "Bearer let me see"})
        assert shown.status_code == 200 and "crdtchat_rooms" in shown.text
