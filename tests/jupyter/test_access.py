"""Jupyter's identity, authorizer, origins and cookies hold for discussions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from crdtchat.sync import message
from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.raw_client import broadcast_id, raw_client

TARGET = ("y", "", "", 0, 1)
AT = 1_700_000_000_000


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    return f"jupyter/{request.node.name}/file.ipynb"


@pytest.mark.parametrize("token", [None, "eve-token", "out-token", "blind-token"])
async def test_who_may_not_read_gets_no_socket(
    jupyter: JupyterProcess, page: str, token: str | None
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with raw_client(jupyter.socket_url, page, token=token, tenant="jupyter"):
            pass
    assert caught.value.response.status_code == 403


def test_who_may_not_read_is_told_nothing_over_http(jupyter: JupyterProcess) -> None:
    for user in ("", "eve", "out", "blind"):
        with jupyter.client(user) as client:
            answer = client.post("crdtchat/api/discussion", json={"path": "any.ipynb"})
            assert answer.status_code == 403


async def test_another_site_cannot_use_a_visitors_cookie(
    jupyter: JupyterProcess, page: str
) -> None:
    with jupyter.client("ann") as client:
        client.get("api/status")
        cookie = f"who={client.cookies['who']}"
    url = f"{jupyter.socket_url}/sync/jupyter/x"
    own = jupyter.url.removesuffix("/far/down/")
    async with connect(url, origin=Origin(own), additional_headers={"Cookie": cookie}):
        pass
    with pytest.raises(InvalidStatus) as caught:
        async with connect(
            url, origin=Origin("https://evil.example"), additional_headers={"Cookie": cookie}
        ):
            pass
    assert caught.value.response.status_code == 403
    with jupyter.client("") as client:
        answer = client.post(
            "crdtchat/api/discussion", json={"path": "any.ipynb"}, headers={"Cookie": cookie}
        )
    assert answer.status_code == 403, "a cookie without the XSRF token changes nothing"


async def test_a_viewer_reads_and_does_not_write(jupyter: JupyterProcess, page: str) -> None:
    async with raw_client(jupyter.socket_url, page, token="vic-token", tenant="jupyter") as vic:
        welcome = await vic.until(message.Welcome)
        assert welcome.info["readonly"] is True
        await vic.join()
        await vic.operate(broadcast_id(1), vic.encode("a", "mine", ("vic", AT, *TARGET)))
        reject = await vic.until(message.Reject)
        assert (reject.code, reject.hard) == ("read-only", False)


async def test_nobody_signs_as_somebody_else(jupyter: JupyterProcess, page: str) -> None:
    async with (
        raw_client(jupyter.socket_url, page, token="ann-token", tenant="jupyter") as ann,
        raw_client(jupyter.socket_url, page, token="bob-token", tenant="jupyter") as bob,
    ):
        await ann.join()
        await bob.join()
        await bob.operate(broadcast_id(1), bob.encode("a", "fake", ("ann", AT, *TARGET)))
        assert (await bob.until(message.Reject)).code == "forged-author"
        assert await bob.closed() == 4403
        await ann.write(2, "a", "anno", ("ann", AT, *TARGET))


async def test_only_a_moderator_deletes_what_is_anothers(
    jupyter: JupyterProcess, page: str
) -> None:
    async with (
        raw_client(jupyter.socket_url, page, token="ann-token", tenant="jupyter") as ann,
        raw_client(jupyter.socket_url, page, token="mod-token", tenant="jupyter") as mod,
    ):
        await ann.join()
        await ann.write(1, "a", "anno", ("ann", AT, *TARGET))
        await mod.join()
        await mod.write(2, "d", "anno", ("mod", AT))


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
