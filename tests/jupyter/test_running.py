"""The hub inside Jupyter's event loop."""

from __future__ import annotations

from pathlib import Path

import anyio.lowlevel
import pytest
from crdtchat_jupyter.running import RunningHub

from crdtchat.stores.base import DocumentKey


async def test_a_task_that_fails_ends_it_and_the_next_who_asks_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A defect must not leave Jupyter's users without discussions until Jupyter is restarted."""

    async def fail() -> None:
        raise ArithmeticError("a defect")

    running = RunningHub(tmp_path, "1")
    first = await running.wait()
    key = DocumentKey("jupyter", "p")
    await first.hub.open(key)
    assert first.hub._tasks is not None
    first.hub._tasks.start_soon(fail)
    while (second := await running.wait()) is first:
        await anyio.lowlevel.checkpoint()
    assert "a defect" in caplog.text
    await second.hub.open(key)
    await running.close()
