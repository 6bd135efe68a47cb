"""Stories run against a real server process."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The raw client is asyncio's."""
    return "asyncio"
