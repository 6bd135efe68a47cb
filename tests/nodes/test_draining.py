"""A node that is asked to end, and its clients."""

from __future__ import annotations

import signal
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

import crdtchat
from tests.nodes.test_two_nodes import until
from tests.nodes.two_nodes import running_nodes
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer
from tests.relay import Relay

CLIENTS = 8


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_clients_of_a_node_that_ends_go_on_at_another_and_lose_nothing(
    postgres: PostgresServer, redis: RedisServer, tmp_path: Path
) -> None:
    store = postgres.url(postgres.fresh())
    written: dict[str, str] = {}
    progress = [0] * CLIENTS
    writing = set(range(CLIENTS))
    ended = anyio.Event()
    held: list[dict[str, str]] = []

    async def work(url: str, number: int) -> None:
        user = f"user{number}"
        async with crdtchat.connect(url, tenant="demo", page="p", name=user) as page:
            while not ended.is_set():
                aid = await page.annotate(f"words of {user}", "a comment")
                await page.wait_saved()
                written[aid] = user
                progress[number] += 1
            writing.discard(number)
            await until(lambda: not writing)
            await until(lambda: written.keys() <= {one.aid for one in page.annotations})
            held.append({one.aid: one.author_name for one in page.annotations})

    def ports(*urls: str) -> list[tuple[str, int]]:
        return [("127.0.0.1", int(url.rpartition(":")[2])) for url in urls]

    with (
        running_nodes(tmp_path, 2, store, redis.url, "--drain-seconds", "1") as (one, two),
        Relay(*ports(one.url, two.url)) as balancer,
    ):
        async with anyio.create_task_group() as tasks:
            for number in range(CLIENTS):
                tasks.start_soon(work, f"http://127.0.0.1:{balancer.port}", number)
            await until(lambda: all(progress))
            assert await anyio.to_thread.run_sync(one.stop) == -signal.SIGTERM
            before = list(progress)
            await until(lambda: all(now > then for now, then in zip(progress, before, strict=True)))
            ended.set()
    assert all(written.items() <= found.items() for found in held)
    assert "Traceback" not in one.log.read_text()
