"""What every test shares."""

from collections.abc import Iterator

import pytest

from tests.postgres_server import PostgresServer, running_postgres
from tests.redis_server import RedisServer, running_redis


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
