"""The short form of `python -m tests.nodes.races`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nodes.races import run_races
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_nobody_gains_from_two_nodes(
    postgres: PostgresServer, redis: RedisServer, tmp_path: Path
) -> None:
    races, _ = await run_races(tmp_path, postgres, redis, rounds=3)
    assert races.said["same annotation: acknowledged"] == 3
    assert races.said["same annotation: refused"] == 3
    assert races.said["one client id twice: acknowledged"] >= 3
