"""Acknowledged means on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.story.kill import kill_again_and_again


@pytest.mark.timeout(300)
async def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    witness = await kill_again_and_again(tmp_path, times=20, seed=1)
    assert witness.count > 1_000
    assert all(witness.shown.values())
