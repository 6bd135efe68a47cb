"""Attacks over HTTP on a real server: nothing leaks, nothing foreign changes, nothing is logged."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from crdtchat.server.rest.routes import rest_routes
from crdtchat.sync.codes import CloseCode
from tests.raw_client import RawClient, raw_client
from tests.security.bystanders import bystanders
from tests.server.conftest import Api
from tests.server_process import ServerProcess, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("attacked")
    config = folder / "crdtchat.toml"
    config.write_text(
        "[tenants.demo]\norigins = ['https://docs.example.org']\n"
        "[tenants.other]\nguests = 'viewer'\n"
    )
    with running_server(folder / "data", ["--config", str(config)]) as found:
        yield found


@pytest.fixture
def apis(server: ServerProcess, tokens: dict[str, str], page: str) -> Iterator[dict[str, Api]]:
    with httpx.Client(verify=False) as http:
        yield {user: Api(http, server.url, page, token) for user, token in tokens.items()}


async def test_what_is_anothers_stays_as_it_is(
    server: ServerProcess, tokens: dict[str, str], apis: dict[str, Api], page: str
) -> None:
    """Every way of changing or signing Ann's words, by one who may comment and one who may not."""
    async with bystanders(server, tokens, page) as others:
        before = apis["ann"]("GET", "/annotations/anno").json()
        words = {"body": "what I never said"}
        target = {"target": {"exact": "elsewhere"}}
        for user, statuses in (("eve", {403}), ("vic", {403})):
            api = apis[user]
            for method, path, body in (
                ("PATCH", "/annotations/anno", words),
                ("PATCH", "/annotations/anno", target),
                ("DELETE", "/annotations/anno", None),
                ("PATCH", "/annotations/anno/comments/c001", words),
                ("DELETE", "/annotations/anno/comments/c001", None),
            ):
                answer = api(method, path, json=body)
                assert answer.status_code in statuses, (user, method, path, answer.text)
        forged = {"target": {"exact": "x"}, "body": "signed", "creator": "ann", "author": "ann"}
        made = apis["eve"]("POST", json=forged)
        assert made.status_code in (201, 422)
        if made.status_code == 201:
            assert made.json()["creator"]["id"] == "eve"
        await others.are_undisturbed()
        after = apis["ann"]("GET", "/annotations/anno").json()
        for part in ("creator", "created", "target", "body", "resolved"):
            assert after[part] == before[part]
        assert after["comments"][: len(before["comments"])] == before["comments"]


def test_no_route_opens_to_anothers_token(server: ServerProcess, tokens: dict[str, str]) -> None:
    """Each route and method: no token, a wrong one, another tenant's; from a foreign page."""
    theirs = server.token("own", "owner", tenant="other")
    bearer = {"Authorization": f"Bearer {tokens['ann']}"}
    with httpx.Client(verify=False) as http:
        for route in rest_routes():
            path = route.path.replace("{tenant}", "demo").replace("{aid}", "anno")
            path = path.replace("{cid}", "c001").replace("{emoji}", "+").replace("{name}", "a" * 22)
            for method in sorted(route.methods or ()):
                for headers, expected in (
                    ({}, {401}),
                    ({"Authorization": "Bearer cct_wrong"}, {401}),
                    ({"Authorization": f"Bearer {theirs}"}, {401}),
                    ({"Authorization": f"Bearer {tokens['ann']}x"}, {401}),
                    ({**bearer, "Origin": "https://evil.example"}, {403}),
                    ({**bearer, "Origin": "https://docs.example.org.evil.example"}, {403}),
                ):
                    url = f"{server.url}{path}"
                    answer = http.request(method, url, params={"page": "p"}, headers=headers)
                    assert answer.status_code in expected, (method, path, headers, answer.text)
                    assert "Traceback" not in answer.text


def test_odd_requests_get_an_answer_and_no_insight(
    server: ServerProcess, apis: dict[str, Api]
) -> None:
    """Injections into paths, page ids, bodies, methods: a problem or an honest answer."""
    eve = apis["eve"]
    bodies: list[bytes] = [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"a":' * 5_000,
        b'{"body": 1e999}',
        json.dumps({"body": "x", "target": {"exact": "\ud800"}}).encode(),
        json.dumps({"body": "x" * 10_001, "target": {"exact": "y"}}).encode(),
        json.dumps({"body": "x", "target": {"start": 2**80}}).encode(),
        b'{"__proto__": {"role": "owner"}, "body": "x", "target": {"exact": "y", "__proto__": 1}}',
        b" " * 200_000,
    ]
    with httpx.Client(verify=False, headers={"Authorization": f"Bearer {eve.token}"}) as http:
        for body in bodies:
            made = http.post(
                f"{eve.root}/annotations",
                params={"page": "odd"},
                content=body,
                headers={"Content-Type": "application/json"},
            )
            assert made.status_code in (201, 400, 413, 422), body[:40]
        for page in (
            "'; DROP TABLE entry; --",
            "../../etc/passwd",
            "%00",
            "a\r\nX-Evil: 1",
            "🙂" * 500,
        ):
            assert http.get(f"{eve.root}/annotations", params={"page": page}).status_code == 200
        for page in ("", "x" * 2_049, "\x00"):
            assert http.get(f"{eve.root}/annotations", params={"page": page}).status_code == 400
        for path in ("/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/annotations/%00", "//"):
            answer = http.get(f"{eve.root}{path}", params={"page": "p"})
            assert answer.status_code in (400, 404)
            assert "root:" not in answer.text
        for method in ("TRACE", "PROPFIND", "CONNECT", "PUT"):
            assert http.request(method, f"{eve.root}/annotations").status_code in (400, 404, 405)


def test_own_pages_and_errors_carry_their_headers(server: ServerProcess) -> None:
    own = ("/usage", "/moderate", "/moderate.js")
    for path, policy in (
        *((one, "script-src 'self'") for one in own),
        ("/usage.js", "default-src 'none'"),
    ):
        headers = httpx.get(f"{server.url}{path}").headers
        assert policy in headers["content-security-policy"]
        assert "frame-ancestors" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
    for path in ("/health", "/nothing", "/api/v1/demo/annotations", "/metrics", "/usage.css"):
        answer = httpx.get(f"{server.url}{path}")
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "server" not in answer.headers


async def test_no_secret_is_logged(
    server: ServerProcess, tokens: dict[str, str], page: str, tmp_path: Path
) -> None:
    """Neither of those who get in nor of those who do not, nor anybody's words."""
    word = f"secret{uuid4().hex}"
    async with raw_client(server.socket_url, page, token=tokens["ann"]) as ann:
        await ann.join()
        await ann.write(1, "a", "logged", ("ann", 1_700_000_000_000, word, "", "", 0, len(word)))
    async with raw_client(server.socket_url, page, token=f"cct_{word}") as stranger:
        assert await stranger.closed() == CloseCode.SIGN_IN
    async with httpx.AsyncClient(verify=False) as http:
        url = f"{server.url}/api/v1/demo/annotations"
        for token in (tokens["ann"], word):
            await http.get(url, params={"page": page, "token": token})
            await http.get(f"{server.url}/nowhere?token={token}")
    log = server.log.read_text()
    assert tokens["ann"] not in log and word not in log and "token=" not in log


def test_the_handshake_is_the_only_way_in(server: ServerProcess, tokens: dict[str, str]) -> None:
    """No upgrade, an old version, a broken key, another method, another protocol: no socket."""
    good = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    cases: list[tuple[str, dict[str, str]]] = [
        ("GET", {}),
        ("GET", {**good, "Sec-WebSocket-Version": "8"}),
        ("GET", {**good, "Sec-WebSocket-Key": "short"}),
        ("GET", {**good, "Upgrade": "h2c"}),
        ("POST", good),
    ]
    for method, headers in cases:
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        path = f"/sync/demo/p?token={tokens['ann']}"
        request = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n"
        address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
        with closing(socket.create_connection(address, timeout=20)) as line:
            line.sendall(request.encode())
            status = line.recv(4_096).partition(b"\r\n")[0]
        assert b" 101 " not in status, (method, headers)


async def test_compression_and_text_are_not_spoken(
    server: ServerProcess, tokens: dict[str, str], page: str
) -> None:
    """No extension is agreed on (so no bombs), and text is not read at all."""
    async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
        assert _socket(eve).protocol.extensions == []
        await eve.join()
        await _socket(eve).send("text")
        assert await eve.closed() == CloseCode.MALFORMED
    async with raw_client(server.socket_url, page, token=tokens["eve"]) as eve:
        with suppress(ConnectionClosed):
            await _socket(eve).send(bytes([0x41]) * 10_000 for _ in range(200))  # one message
        assert await eve.closed() in (1009, 1006)  # too big; or cut off while still sending


def _socket(client: RawClient) -> ClientConnection:
    return client._socket
