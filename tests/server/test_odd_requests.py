"""Requests at the edge of HTTP: each is served, or answered in a clear sentence, over sockets as
over REST."""

from __future__ import annotations

import gzip
import json
import socket

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from crdtchat.server.doors import HEAD_BYTES
from crdtchat.sync.codes import CloseCode
from tests.raw_client import raw_client
from tests.server.conftest import Api
from tests.server.test_rest import problem
from tests.server_process import ServerProcess

V1 = Subprotocol("crdtchat.v1")
Apis = dict[str, Api]
LONG = ("ż" * 2_048, "本" * 1_600)
"""Percent-encoded they are 12,288 and 14,400 bytes."""
TOO_LONG = ("本" * 2_048, "🙂" * 2_048)


@pytest.fixture
def anyio_backend() -> str:
    """The raw client's."""
    return "asyncio"


@pytest.mark.parametrize("page", LONG, ids=len)
async def test_a_long_page_id_works_on_both(server: ServerProcess, api: Apis, page: str) -> None:
    """A socket of one of more than 8,192 bytes was ended without an answer."""
    api["ann"].page = page
    api["ann"].annotate()
    async with raw_client(server.socket_url, page, token=api["ann"].token) as ann:
        await ann.join()
        assert len(ann.replica.values("a")) == 1


@pytest.mark.parametrize("page", TOO_LONG, ids=len)
async def test_a_longer_one_is_refused_by_both(server: ServerProcess, api: Apis, page: str) -> None:
    api["ann"].page = page
    words = problem(api["ann"]("GET"), 431)["detail"]
    assert str(HEAD_BYTES) in words
    with pytest.raises(InvalidStatus) as refused:
        async with raw_client(server.socket_url, page, token=api["ann"].token):
            pass
    assert refused.value.response.status_code == 431
    assert json.loads(refused.value.response.body)["detail"] == words


async def test_many_headers_work_on_both(server: ServerProcess, api: Apis) -> None:
    many = {f"x-{number}": "y" for number in range(200)} | {"cookie": "c=" + "d" * 10_000}
    assert api["ann"]("GET", headers=many).status_code == 200
    url = f"{server.socket_url}/sync/demo/many?token={api['ann'].token}"
    async with connect(url, subprotocols=[V1], additional_headers=many) as socket:
        assert await socket.recv()


def test_a_compressed_body_is_of_another_kind(api: Apis) -> None:
    own = api["own"]
    for method, path, kind in (
        ("POST", "/annotations", "application/json"),
        ("POST", "/import", "application/x-ndjson"),
    ):
        answer = httpx.request(
            method,
            f"{own.root}{path}",
            params={"page": own.page},
            content=gzip.compress(b"{}"),
            headers={
                "Authorization": f"Bearer {own.token}",
                "Content-Type": kind,
                "Content-Encoding": "gzip",
            },
        )
        assert "Content-Encoding" in problem(answer, 415)["detail"]
        assert answer.headers["accept-encoding"] == "identity"
    made = own(
        "POST",
        json={"target": {"exact": "x"}, "body": "y"},
        headers={"Content-Encoding": "Identity"},
    )
    assert made.status_code == 201


async def test_an_empty_token_is_no_guest(server: ServerProcess, api: Apis) -> None:
    """As from a variable that is not set: what was meant to be signed was a guest's."""
    new = {"target": {"exact": "x"}, "body": "y"}
    for header in ("Bearer", "bearer"):
        answer = api["ann"]("POST", json=new, headers={"Authorization": header})
        assert "the token is empty" in problem(answer, 401)["detail"]
        url = f"{server.socket_url}/sync/demo/empty"
        async with connect(url, additional_headers={"Authorization": header}) as socket:
            await socket.wait_closed()
            assert socket.close_code == CloseCode.SIGN_IN
            assert "the token is empty" in (socket.close_reason or "")
    # Of a proxy's own sign-in nothing is to be read.
    answer = api["ann"]("POST", json=new, headers={"Authorization": "Basic eDp5"})
    assert answer.status_code == 201 and answer.headers["crdtchat-token"]


@pytest.mark.parametrize("reads", [1, 2])
def test_an_offer_of_another_protocol_is_passed_over(api: Apis, reads: int) -> None:
    """Java's client offers HTTP/2 with each request; its bodies were taken for empty."""
    ann = api["ann"]
    url = httpx.URL(f"{ann.root}/annotations", params={"page": ann.page})
    body = json.dumps({"target": {"exact": "x"}, "body": "From Java."}).encode()
    head = [
        f"Host: {url.netloc.decode()}",
        f"Authorization: Bearer {ann.token}",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    ]
    write = [
        f"POST {url.raw_path.decode()} HTTP/1.1",
        *head,
        "Connection: Upgrade, HTTP2-Settings",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *("Expect: 100-continue" for _ in range(reads - 1)),
    ]
    read = [
        f"GET {url.raw_path.decode()} HTTP/1.1",
        *head,
        "Connection: Upgrade, HTTP2-Settings, close",
    ]
    with socket.create_connection((url.host, url.port), timeout=60) as line:
        answer = line.makefile("rb")
        line.sendall("\r\n".join([*write, "", ""]).encode() + body * (2 - reads))
        if reads == 2:
            assert answer.readline().split()[1] == b"100"
            assert answer.readline() == b"\r\n"
            line.sendall(body)
        line.sendall("\r\n".join([*read, "", ""]).encode())
        found = answer.read()
    assert found.startswith(b"HTTP/1.1 201 ")
    assert found.count(b"HTTP/1.1 200 ") == 1
    assert found.count(b"From Java.") == 4  # each has the text as its body, and in its thread
