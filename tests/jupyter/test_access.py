"""What a real Jupyter process stands: garbage, and kill -9. Who may do what is in `auth`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.raw_client import raw_client

TARGET = ("y", "", "", 0, 1)
AT = 1_700_000_000_000


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    return f"jupyter/{request.node.name}/file.ipynb"


async def test_text_frames_and_garbage_end_the_connection_only(
    jupyter: JupyterProcess, page: str
) -> None:
    url = f"{jupyter.socket_url}/sync/jupyter/garbage?token=ann-token"
    async with raw_client(jupyter.socket_url, page, token="bob-token", tenant="jupyter") as bob:
        await bob.join()
        for frame in ("text", b"\xff" * 9, b""):
            async with connect(url) as socket:
                await socket.send(frame)
                await socket.wait_closed()
                assert socket.close_code == 4400
        await bob.write(1, "a", "anno", ("bob", AT, *TARGET))


@pytest.mark.parametrize("page", ["a%00b", "x" * 2_049])
async def test_a_page_that_cannot_be_called_so_is_refused_for_good(
    jupyter: JupyterProcess, page: str
) -> None:
    async with connect(f"{jupyter.socket_url}/sync/jupyter/{page}?token=ann-token") as socket:
        await socket.wait_closed()
        assert socket.close_code == 4403


async def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    with running_jupyter(tmp_path) as jupyter:
        async with raw_client(
            jupyter.socket_url, "jupyter/x", token="ann-token", tenant="jupyter"
        ) as ann:
            await ann.join()
            await ann.write(1, "a", "anno", ("ann", AT, *TARGET))
            jupyter.kill()
        jupyter.start()
        async with raw_client(
            jupyter.socket_url, "jupyter/x", token="vic-token", tenant="jupyter"
        ) as vic:
            await vic.join()
            assert vic.replica.get("a", "anno") == ("ann", AT, *TARGET)
        jupyter.stop()
    log = jupyter.log.read_text()
    warned = [line for line in log.splitlines() if re.match(r"- \w+ of \w+ registered", line)]
    assert not [line for line in warned if "crdtchat" in line], "every route asks who you are"
    assert "Traceback" not in log
    assert "-token" not in log, "tokens stay out of logs"
