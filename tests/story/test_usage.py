"""Usage is what crossed the sockets, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.story.usage import compare


@pytest.mark.timeout(300)
async def test_usage_is_what_a_counter_at_the_sockets_saw(tmp_path: Path) -> None:
    assert await compare(tmp_path, operations=1_500, seed=1) == []
