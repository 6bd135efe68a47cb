"""A real server for the client's tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.server_process import ServerProcess, running_server

_pages = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that no test stops."""
    with running_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that a test may stop, kill and restart."""
    with running_server(tmp_path / "data") as running:
        yield running


@pytest.fixture
def page_id() -> str:
    """A page that nobody has been on."""
    return f"https://example.org/page/{next(_pages)}?with=query#and-hash"
