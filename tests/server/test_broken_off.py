"""A client that goes in the middle of its request: nobody's log is filled with it."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx

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
