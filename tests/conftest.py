"""What every test shares."""

import gc
import os
import sys
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest

from tests.postgres_server import PostgresServer, running_postgres
from tests.redis_server import RedisServer, running_redis

QUICK = str(Path(__file__).parent / "quick")
"""Stands before what is slow to start, here and in all processes that tests start."""
_SHOWN = 4_000
"""Characters of a log."""
sys.path.insert(0, QUICK)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (QUICK, os.environ.get("PYTHONPATH"))))

# Everybody's certificates take 30 ms to read, which each client without a word about TLS would.
pytest.MonkeyPatch().setattr(
    "httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context)
)


def pytest_collection_finish() -> None:
    """Let no full collection walk through what has been loaded, which stays: much of some tests'
    time, as there is a million of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # as a server's own: seldom


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure show what the servers of its test said last."""
    report = yield
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and folder is not None:
        for log in sorted(folder.rglob("*.log")):
            report.sections.append((f"the end of {log.name}", log.read_text()[-_SHOWN:]))
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests; each takes a schema of its own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """One Redis server for all tests that do nothing to it."""
    with running_redis() as server:
        yield server


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Every async test runs on both event loops; a test that cannot overrides this fixture."""
    return str(request.param)
