"""The server that is attacked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server_process import ServerProcess, running_server


@pytest.fixture
def anyio_backend() -> str:
    """The raw client is asyncio's."""
    return "asyncio"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("attacked") / "data") as found:
        yield found


@pytest.fixture(scope="module")
def tokens(server: ServerProcess) -> dict[str, str]:
    roles = {"ann": "commenter", "bob": "commenter", "eve": "commenter", "vic": "viewer"}
    return {user: server.token(user, role) for user, role in roles.items()}


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    """A page of each test's own."""
    return f"https://example.org/{request.node.name}"


@pytest.fixture
def data(server: ServerProcess) -> Path:
    return server.data
