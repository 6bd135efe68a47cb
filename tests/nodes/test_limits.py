"""Limits are those of all nodes together."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.nodes.two_nodes import running_nodes
from tests.postgres_server import PostgresServer
from tests.raw_client import raw_client
from tests.redis_server import RedisServer
from tests.server_process import ServerProcess

PER_MINUTE = 60
CONFIG = f"""
metrics_token = "metrics"
[tenants.docs]
secret = "a secret of more than 32 characters, as it must be"
guests = "commenter"
[tenants.docs.limits]
user_operations_per_minute = {PER_MINUTE}
user_connections = 2
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def know_each_other(nodes: Sequence[ServerProcess]) -> None:
    """Wait until every node has heard of the others."""
    async with httpx.AsyncClient(verify=False, headers={"Authorization": "Bearer metrics"}) as http:
        for node in nodes:
            while True:
                figures = (await http.get(f"{node.url}/metrics")).text
                if re.search(rf"^crdtchat_nodes {len(nodes)}\.0$", figures, re.MULTILINE):
                    break
                await anyio.sleep(0.05)


async def no_third_connection(nodes: Sequence[ServerProcess], token: str) -> None:
    """Returns once the second node knows how many its user has at the first."""
    one, two = (node.socket_url for node in nodes)
    async with (
        raw_client(one, "p", token=token, tenant="docs") as first,
        raw_client(one, "p", token=token, tenant="docs") as second,
    ):
        await first.join()
        await second.join()
        code = 0
        while not code:
            async with raw_client(two, "p", token=token, tenant="docs") as third:
                try:
                    await third.next()
                except ConnectionClosed as closed:
                    code = closed.rcvd.code if closed.rcvd is not None else 1006
    assert code == 4529


async def test_one_user_on_two_nodes(
    postgres: PostgresServer, redis: RedisServer, tmp_path: Path
) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text(CONFIG)
    store = postgres.url(postgres.fresh())
    answers: list[int] = []
    body = {
        "target": {"selector": {"type": "TextQuoteSelector", "exact": "words"}},
        "body": {"type": "TextualBody", "value": "a comment"},
    }

    async def hammer(http: httpx.AsyncClient, url: str) -> None:
        for _ in range(PER_MINUTE):
            answer = await http.post(
                f"{url}/api/v1/docs/annotations", params={"page": "p"}, json=body
            )
            answers.append(answer.status_code)

    with running_nodes(tmp_path, 2, store, redis.url, "--config", str(config)) as nodes:
        await know_each_other(nodes)
        async with httpx.AsyncClient(verify=False) as http:
            start = time.monotonic()
            first = await http.post(
                f"{nodes[0].url}/api/v1/docs/annotations", params={"page": "p"}, json=body
            )
            http.headers["Authorization"] = f"Bearer {first.headers['Crdtchat-Token']}"
            async with anyio.create_task_group() as tasks:
                for node in nodes:
                    tasks.start_soon(hammer, http, node.url)
            passed = math.ceil(time.monotonic() - start)
        await no_third_connection(nodes, first.headers["Crdtchat-Token"])
    assert set(answers) <= {201, 429}
    made = answers.count(201) + 1
    assert made <= PER_MINUTE + passed * PER_MINUTE / 60
    assert made >= PER_MINUTE / 2
