"""A server of which a task fails, by a defect, ends: who started it starts it again."""

from __future__ import annotations

import json
from pathlib import Path

import anyio.to_thread
import pytest

import crdtchat
from tests.server_process import ServerProcess, running_server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_who_was_there_goes_on_with_the_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    dying = ServerProcess(data, module="tests.server.dying").start()
    async with crdtchat.connect(dying.url, tenant="demo", page="p", name="Ann") as page:
        await page.annotate("some words", "a comment")
        assert await anyio.to_thread.run_sync(dying.ended) == 1
        lines = [json.loads(line) for line in dying.log.read_text().splitlines()]
        assert "critical" in {line["level"] for line in lines}
        assert "ArithmeticError: a defect" in str(lines)
        with running_server(data, ["--port", dying.url.rpartition(":")[2]]):
            await page.annotate("other words", "another")
            await page.wait_saved()
            assert len(page.annotations) == 2
