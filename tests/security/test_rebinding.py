"""A hostile page whose own name was made to stand for the reader's machine (DNS rebinding)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from crdtchat.sync.codes import CloseCode
from tests.server.test_rest import problem
from tests.server_process import ServerProcess, running_server

EVIL = "evil.example"
WORDS = {"target": {"exact": "words"}, "body": "of a stranger"}


def asks(server: ServerProcess, host: str) -> list[httpx.Response]:
    """What the page can do: for the browser it is one of the server's own."""
    name = f"{host}:{urlsplit(server.url).port}"
    headers = {"Host": name, "Origin": f"http://{name}"}
    api = f"{server.url}/api/v1/demo/annotations?page=p"
    return [
        *(httpx.get(f"{server.url}{path}", headers=headers) for path in ("/", "/health")),
        *(httpx.get(one, headers=headers) for one in (api, f"{server.url}/api/v1/demo/pages")),
        httpx.post(api, json=WORDS, headers=headers),
    ]


async def closed_with(server: ServerProcess, host: str) -> tuple[int, str]:
    """How a socket ends that was opened by this name."""
    url = urlsplit(server.url)
    address = f"ws://{host}:{url.port}/sync/demo/p"
    origin = Origin(f"http://{host}:{url.port}")
    async with connect(address, host=url.hostname, origin=origin) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def test_a_server_on_loopback_is_not_its_own(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        for answer in asks(server, EVIL):
            assert EVIL in problem(answer, 403)["detail"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        code, reason = await closed_with(server, EVIL)
        assert (code, EVIL in reason) == (CloseCode.FORBIDDEN, True)
        assert {answer.status_code for answer in asks(server, "localhost")} == {200, 201}
        _, own, _, pages, _ = asks(server, "127.0.0.1")
        assert own.is_success
        assert [page["page"] for page in pages.json()["pages"]] == ["p"]


@pytest.mark.parametrize(
    "setting", [["--allowed-hosts", f"*.example.org,{EVIL}"], ["--trusted-proxies", "127.0.0.1"]]
)
def test_behind_a_proxy_it_has_a_name(tmp_path: Path, setting: list[str]) -> None:
    with running_server(tmp_path, setting) as server:
        assert {answer.status_code for answer in asks(server, EVIL)} == {200, 201}
        elsewhere = {answer.status_code for answer in asks(server, "other.example")}
        assert elsewhere == ({403} if "--allowed-hosts" in setting else {200, 201})
