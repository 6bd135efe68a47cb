"""What the conformance tests share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.conformance.node_packages import install
from tests.server_process import ServerProcess, running_server

_pages = count(1)


@pytest.fixture(scope="session")
def node() -> Path:
    """Directory of the installed Node packages."""
    return install()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that no test stops."""
    with running_server(tmp_path_factory.mktemp("conformance") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def tokens(server: ServerProcess) -> dict[str, str]:
    """API tokens of Ann, Bob and a moderator."""
    roles = {"ann": "commenter", "bob": "commenter", "mod": "moderator"}
    return {user: server.token(user, role) for user, role in roles.items()}


@pytest.fixture
def page_id() -> str:
    """A page nobody has been on. Stock providers put it into the path as it is."""
    return f"conformance/page-{next(_pages)}"
