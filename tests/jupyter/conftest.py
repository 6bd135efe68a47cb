"""What the tests inside a real Jupyter server share."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.jupyter.process import JupyterProcess, running_jupyter

TOKEN = "the-servers-own-token"


@pytest.fixture
def anyio_backend() -> str:
    """The raw client is asyncio's."""
    return "asyncio"


@pytest.fixture(scope="package")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server that no test stops; not at the root of its host, as behind many proxies."""
    home = tmp_path_factory.mktemp("jupyter")
    with running_jupyter(home, ["--ServerApp.base_url=/far/down/"]) as found:
        yield found


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server as people start it: Jupyter's own identity provider, one token."""
    arguments = [f"--IdentityProvider.token={TOKEN}", "--ServerApp.base_url=/at/home/"]
    home = tmp_path_factory.mktemp("plain")
    with running_jupyter(home, arguments, config="") as found:
        yield found


@pytest.fixture(scope="package")
def program(plain: JupyterProcess) -> Iterator[httpx.Client]:
    """A program that shows the server's token, and keeps cookies as any does that is told to."""
    headers = {"Authorization": f"token {TOKEN}"}
    with httpx.Client(base_url=plain.url, headers=headers, timeout=60) as client:
        yield client
