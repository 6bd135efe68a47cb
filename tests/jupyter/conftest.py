"""What the tests inside a real Jupyter server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jupyter.process import JupyterProcess, running_jupyter


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
