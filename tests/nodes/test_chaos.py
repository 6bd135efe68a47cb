"""The short form of `python -m tests.nodes.chaos`: every fault once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.nodes.chaos import run_chaos
from tests.postgres_server import PostgresServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.timeout(600)
async def test_nothing_acknowledged_is_lost_whatever_fails(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    witness = await run_chaos(tmp_path, postgres, clients=12, pages=3, faults=15, pause=0.2)
    assert witness.count > 200
    assert len({name for name, _ in witness.recoveries}) == 15
