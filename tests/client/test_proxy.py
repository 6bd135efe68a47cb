"""The proxy that the environment names, between the client and a real server."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute, SocketStream

import crdtchat
from crdtchat.client.address import Address
from crdtchat.client.api import Answer, Api
from crdtchat.client.proxy import BadProxy, proxy_to
from crdtchat.client.websocket import Ended, WebSocket
from tests.certificates import certified
from tests.server_process import ServerProcess, running_server

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class Tunnels:
    """A proxy that leads to this machine under the name `comments`, which only it knows."""

    def __init__(self, refusal: bytes) -> None:
        self.port = 0
        self.heads: list[bytes] = []
        """What it was asked."""
        self.ended = anyio.Event()
        """Whoever asked in vain has hung up."""
        self.asked = anyio.Event()
        self.answers = anyio.Event()
        self.answers.set()
        self._refusal = refusal

    async def handle(self, stream: SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive()
            self.heads.append(head)
            self.asked.set()
            await self.answers.wait()
            if self._refusal:
                await stream.send(self._refusal)
                return
            host, _, port = head.split()[1].decode().rpartition(":")
            assert host == "comments"
            await stream.send(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
            async with (
                await anyio.connect_tcp("127.0.0.1", int(port)) as there,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(_pump, there, stream)
                await _pump(stream, there)
                tasks.cancel_scope.cancel()
            self.ended.set()


async def _pump(source: ByteStream, target: ByteStream) -> None:
    try:
        async for data in source:
            await target.send(data)
        await target.send_eof()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # It went away.


@asynccontextmanager
async def tunnels(refusal: bytes = b"") -> AsyncIterator[Tunnels]:
    """`refusal`: what it answers to all."""
    proxy = Tunnels(refusal)
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        proxy.port = listener.extra(SocketAttribute.local_port)
        tasks.start_soon(listener.serve, proxy.handle)
        yield proxy
        tasks.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def _no_other_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def write_through(url: str, page_id: str, context: ssl.SSLContext | None = None) -> None:
    """All that goes to the server: the connection, and texts over HTTP."""
    async with crdtchat.connect(url, page=page_id, name="Ann", ssl_context=context) as page:
        assert page.state == "live", page.trouble
        await page.annotate("words", "Whose?", page_text="select words")
        await page.wait_saved()
    async with crdtchat.connect(url, page=page_id, name="Bob", ssl_context=context) as page:
        (annotation,) = page.annotations
        assert await page.page_text(annotation.target.version) == "select words"


async def test_through_a_proxy(
    server: ServerProcess, page_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tunnels() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://ann:p%40ss@127.0.0.1:{proxy.port}/")
        port = Address(server.url, "demo", "p").port
        await write_through(f"http://comments:{port}", page_id)
    assert len(proxy.heads) >= 4
    for head in proxy.heads:
        assert head.startswith(f"CONNECT comments:{port} HTTP/1.".encode())
        assert b"Proxy-Authorization: Basic YW5uOnBAc3M=\r\n" in head


async def test_through_a_proxy_with_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy carries it unread, and the certificate is the server's."""
    certificate, key = certified(tmp_path, 90, "comments")
    context = ssl.create_default_context(cafile=certificate)
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with running_server(tmp_path / "data", flags) as server:
        async with tunnels() as proxy:
            monkeypatch.setenv("ALL_PROXY", f"127.0.0.1:{proxy.port}")
            port = Address(server.url, "demo", "p").port
            await write_through(f"https://comments:{port}", "page", context)
            async with crdtchat.connect(f"https://comments:{port}", page="p") as page:
                assert "certificate" in page.trouble
    assert len(proxy.heads) >= 5


async def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with tunnels(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:secret@127.0.0.1:{proxy.port}")
        async with crdtchat.connect("https://comments", page="p") as page:
            assert page.state == "offline"
            assert page.trouble == (
                f"cannot reach comments:443 by the proxy 127.0.0.1:{proxy.port}: "
                "Tunnel connection failed: 407 Proxy Authentication Required"
            )
        api = Api(Address("https://comments", "demo", "p"), str, None)
        assert await api.request("GET", "export") == Answer(0)


async def test_who_gives_up_leaves_no_tunnel(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tunnels() as proxy:
        proxy.answers = anyio.Event()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        address = Address(f"http://comments:{server.url.rpartition(':')[2]}", "demo", "p")

        async def dial() -> None:
            await WebSocket.dial(address, name="", lease="", token="", context=None)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dial)
            await proxy.asked.wait()
            tasks.cancel_scope.cancel()
        proxy.answers.set()
        await proxy.ended.wait()


@pytest.mark.parametrize(
    ("environment", "url", "direct", "port"),
    [
        ({"HTTP_PROXY": "http://p:1"}, "http://h", False, 1),
        ({"http_proxy": "http://p:1"}, "ws://h", False, 1),
        ({"HTTP_PROXY": "http://p:1"}, "https://h", False, None),
        ({"HTTPS_PROXY": "http://p"}, "wss://h", False, 80),
        ({"HTTPS_PROXY": "http://p:1"}, "http://h", False, None),
        ({"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://p:2"}, "https://h", False, 2),
        ({"ALL_PROXY": "http://p:1"}, "https://h", True, None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "x,.example"}, "http://a.example", False, None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "h:81"}, "http://h:80", False, 1),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "h:81"}, "http://h:81", False, None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://h", False, None),
        *(
            ({"ALL_PROXY": "http://p:1"}, f"http://{here}:8000", False, None)
            for here in ("localhost", "127.0.0.1", "127.9.9.9", "[::1]", "a.localhost")
        ),
    ],
)
def test_which_proxy(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    url: str,
    direct: bool,
    port: int | None,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = proxy_to(Address(url, "demo", "p", direct))
    assert (proxy and proxy.port) == port


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("socks5://ann:secret@p:1080", "a proxy of the kind socks5://"),
        ("https://ann:secret@p", "a proxy of the kind https://"),
        ("http://ann:secret@p:port", "is no URL"),
        ("http://", "a proxy of the kind http://"),
    ],
)
async def test_proxies_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, named: str, says: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", named)
    address = Address("https://comments", "demo", "p")
    with pytest.raises(BadProxy, match=says) as caught:
        proxy_to(address)
    assert "secret" not in str(caught.value)
    with pytest.raises(Ended, match=says):
        await WebSocket.dial(address, name="", lease="", token="", context=None)
    assert await Api(address, str, None).request("GET", "export") == Answer(0)
