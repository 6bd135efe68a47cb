"""A client that goes in the middle of its request, or between two: nobody is told of an error."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import httpx
import pytest

from crdtchat.server.settings import FILE_NAME
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.tuning import Tuning
from tests.certificates import certified
from tests.raw_client import raw_client
from tests.server_here import running
from tests.server_process import running_server

HEAD = """\
POST /api/v1/demo/annotations?page=p HTTP/1.1
Host: {host}
Authorization: Bearer {token}
Content-Type: application/json
Content-Length: 100
Expect: 100-continue

"""


def test_a_body_that_breaks_off_is_no_error_of_the_server(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        url = httpx.URL(server.url)
        with socket.create_connection((url.host, url.port)) as client:
            head = HEAD.format(host=url.netloc.decode(), token=server.token("ann"))
            client.sendall(head.replace("\n", "\r\n").encode())
            # It says so when it begins to read the body.
            assert client.recv(1_024).startswith(b"HTTP/1.1 100 ")
            client.sendall(b"{")
        assert httpx.get(f"{server.url}/health").status_code == 200
        server.stop()
        assert "Traceback" not in server.log.read_text()


UPGRADE = """\
GET /sync/demo/p HTTP/1.1
Host: {host}
Upgrade: websocket
Connection: Upgrade
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Sec-WebSocket-Version: 13

"""
ASK = bytes((0x82, 0x84, 0, 0, 0, 0, 0, 0, 1, 0))
"""A WebSocket's frame, masked by zeros: step 1 of the synchronisation."""


def test_answers_to_who_has_gone_are_not_in_the_log(tmp_path: Path) -> None:
    """With TLS of its own: whoever likes could fill the disk."""
    certificate, key = certified(tmp_path, 30)
    trusting = ssl.create_default_context(cafile=certificate)
    flags = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    with running_server(tmp_path / "data", flags) as server:
        url = httpx.URL(server.url)
        address = (url.host, url.port or 0)
        for _ in range(5):
            with trusting.wrap_socket(
                socket.create_connection(address), server_hostname=url.host
            ) as client:
                client.sendall(
                    UPGRADE.format(host=url.netloc.decode()).replace("\n", "\r\n").encode()
                )
                assert client.recv(1_024).startswith(b"HTTP/1.1 101 ")
                client.sendall(ASK * 3_000)
        while httpx.get(f"{server.url}/api/v1/demo/presence?page=p", verify=trusting).json()[
            "connections"
        ]:
            pass
        server.stop()
        assert not server.log.read_text()


@pytest.fixture
def anyio_backend() -> str:
    """What uvicorn runs on."""
    return "asyncio"


async def test_clients_let_go_of_a_resting_connection_before_the_server_does(
    tmp_path: Path,
) -> None:
    """Else a request now and then would meet a connection that is just being closed."""
    async with running(tmp_path, Tuning()) as server:
        expiry = httpx.Limits().keepalive_expiry
        assert expiry is not None
        assert server.config.timeout_keep_alive > expiry


async def test_a_reason_with_long_letters_goes_as_far_as_a_close_frame_holds(
    tmp_path: Path,
) -> None:
    """It is bytes that are counted there; else the code would not arrive either."""
    with running_server(tmp_path / ("zażółć-gęślą-jaźń" * 5)) as server:
        database = server.data / FILE_NAME
        database.rename(tmp_path / "away")
        async with raw_client(server.socket_url, "page") as client:
            assert await client.closed() == CloseCode.UNAVAILABLE
        assert "Traceback" not in server.log.read_text()
