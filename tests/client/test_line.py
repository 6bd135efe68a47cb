"""The client's line and WebSocket against a server that misbehaves in every way it is told to."""

from __future__ import annotations

import socket
import ssl
import struct
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from websockets.frames import Frame, Opcode

import crdtchat
from crdtchat.client import line
from crdtchat.client.address import Address
from crdtchat.client.errors import Stopped
from crdtchat.client.line import now_ms
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode, RejectCode
from crdtchat.sync.encode import EMPTY_UPDATE
from tests.client.by_hand import WELCOME
from tests.client.fake_server import Visitor, fake_server

TLS = Path(__file__).parent / "tls"
JOINED = message.encode_batch(0, 0, EMPTY_UPDATE, [])


def welcome(**changes: object) -> bytes:
    return message.encode_welcome({**WELCOME, **changes})


async def live(visitor: Visitor) -> None:
    """Behave."""
    await visitor.send(welcome(), JOINED)
    await visitor.silence()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "delay", lambda attempt, chance: 0.0)


def test_addresses() -> None:
    page = "https://example.org/ä page?x=1&y=2#z"
    url = Address("https://example.org:8443/prefix/", "my tenant", page).socket_url(
        name="Ann & Bob", lease="5-nonce"
    )
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("wss", "example.org:8443")
    *_, sync, tenant, last = parts.path.split("/")
    assert parts.path.startswith("/prefix/sync/")
    assert (sync, unquote(tenant), unquote(last)) == ("sync", "my tenant", page)
    assert parse_qs(parts.query) == {"name": ["Ann & Bob"], "lease": ["5-nonce"]}
    assert Address("http://h", "t", "p").socket_url() == "ws://h/sync/t/p"


@pytest.mark.parametrize(
    "url", ["h:80", "http://", "http://h:80000", "http://h:0", "http://h:https", "http://[::1"]
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ValueError, match="not a server's URL"):
        crdtchat.connect(url, page="p")


async def test_tokens_travel_in_a_header_and_the_lease_in_the_url() -> None:
    seen: list[tuple[str, str | None]] = []
    again = anyio.Event()

    async def first(visitor: Visitor) -> None:
        seen.append((visitor.request.path, visitor.request.headers.get("Authorization")))
        await visitor.send(welcome(token="granted"), JOINED)

    async def second(visitor: Visitor) -> None:
        seen.append((visitor.request.path, visitor.request.headers.get("Authorization")))
        again.set()
        await live(visitor)

    async with (
        fake_server(first, second) as url,
        crdtchat.connect(url, page="p", name="Ann") as page,
    ):
        await again.wait()
        await page.wait_live()
        assert page.token == "granted"
    assert seen == [
        ("/sync/demo/p?name=Ann", None),
        ("/sync/demo/p?lease=5-nonce", "Bearer granted"),
    ]


@pytest.mark.parametrize(("status", "code"), [(401, 4401), (403, 4403), (404, 4404)])
async def test_a_proxy_that_refuses_stops(status: int, code: int) -> None:
    async with fake_server(live, status=status) as url:
        with pytest.raises(Stopped) as caught:
            async with crdtchat.connect(url, page="p"):
                raise AssertionError("entered")
        assert caught.value.code == code


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_proxy_without_its_server_is_tried_again(status: int) -> None:
    async with fake_server(live, status=status) as url, crdtchat.connect(url, page="p") as page:
        assert page.state in ("offline", "connecting")
        assert f"HTTP {status}" in page.trouble


async def test_a_server_that_asks_for_a_pause_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def note(code: int) -> float:
        asked.append(code)
        return 0.0

    monkeypatch.setattr(line, "pause", note)

    async def busy(visitor: Visitor) -> None:
        await visitor.send(welcome(), JOINED)
        visitor.protocol.send_close(CloseCode.TOO_FAST, "too fast")
        await visitor.flush()
        await visitor.silence()

    async with fake_server(busy, live) as url, crdtchat.connect(url, page="p") as page:
        await page.wait_for(lambda page: page.trouble == "too fast")
        await page.wait_live()
    assert asked[0] == CloseCode.TOO_FAST


async def test_a_server_of_another_protocol() -> None:
    async with (
        fake_server(live, subprotocol=False) as url,
        crdtchat.connect(url, page="p") as page,
    ):
        assert "crdtchat.v1" in page.trouble


async def test_a_server_that_dies_in_the_handshake() -> None:
    async def die(stream: anyio.abc.SocketStream) -> None:
        await stream.receive()
        await stream.aclose()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, die)
        async with crdtchat.connect(f"http://127.0.0.1:{port}", page="p") as page:
            assert page.state in ("offline", "connecting")
            assert page.trouble
        tasks.cancel_scope.cancel()


async def test_a_server_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "DIAL_S", 0.02)

    async def nothing(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, nothing)
        async with crdtchat.connect(f"http://127.0.0.1:{port}", page="p") as page:
            assert "no answer" in page.trouble
        tasks.cancel_scope.cancel()


async def test_a_dead_connection_is_noticed() -> None:
    pinged = anyio.Event()

    async def dead(visitor: Visitor) -> None:
        await visitor.send(welcome(heartbeat=0.02), JOINED)
        while True:
            got = await visitor.next()
            if isinstance(got, Frame) and got.opcode is Opcode.PING:
                pinged.set()

    async with fake_server(dead, live) as url, crdtchat.connect(url, page="p") as page:
        await pinged.wait()
        await page.wait_for(lambda page: page.trouble == "the server does not answer")
        await page.wait_live()


async def test_pings_are_answered() -> None:
    ponged = anyio.Event()

    async def curious(visitor: Visitor) -> None:
        await visitor.send(welcome(), JOINED)
        visitor.protocol.send_ping(b"there?")
        await visitor.flush()
        while True:
            got = await visitor.next()
            if isinstance(got, Frame) and got.opcode is Opcode.PONG:
                assert bytes(got.data) == b"there?"
                ponged.set()

    async with fake_server(curious) as url, crdtchat.connect(url, page="p"):
        await ponged.wait()


async def test_messages_in_fragments() -> None:
    async def fragments(visitor: Visitor) -> None:
        whole = welcome()
        visitor.protocol.send_binary(whole[:10], fin=False)
        visitor.protocol.send_continuation(whole[10:30], fin=False)
        visitor.protocol.send_ping(b"")
        visitor.protocol.send_continuation(whole[30:], fin=True)
        await visitor.flush()
        await visitor.send(JOINED)
        await visitor.silence()

    async with fake_server(fragments) as url, crdtchat.connect(url, page="p") as page:
        assert page.state == "live"


@pytest.mark.parametrize("frame", [b"\x7f", b"", b"\x42\x00\x00\x09"])
async def test_what_is_no_message_ends_the_connection_and_not_the_page(frame: bytes) -> None:
    codes: list[int] = []
    closed = anyio.Event()

    async def rude(visitor: Visitor) -> None:
        await visitor.send(welcome(), JOINED, frame)
        while True:
            got = await visitor.next()
            if isinstance(got, Frame) and got.opcode is Opcode.CLOSE:
                codes.append(int.from_bytes(got.data[:2], "big"))
                closed.set()
                return

    async with fake_server(rude, live) as url, crdtchat.connect(url, page="p") as page:
        await closed.wait()
        assert codes == [1002]
        await page.wait_for(lambda page: bool(page.trouble))
        await page.wait_live()


async def test_bytes_that_are_no_websocket() -> None:
    async def garbage(visitor: Visitor) -> None:
        await visitor.send(welcome(), JOINED)
        await visitor.stream.send(b"\xff" * 100)
        await visitor.silence()

    async with fake_server(garbage, live) as url, crdtchat.connect(url, page="p") as page:
        await page.wait_for(lambda page: bool(page.trouble))
        await page.wait_live()


@pytest.mark.parametrize("code", [1012, 4500, 4503, 4508])
async def test_codes_that_say_retry(code: int) -> None:
    async def close(visitor: Visitor) -> None:
        await visitor.send(welcome(), JOINED)
        visitor.protocol.send_close(code, "later")
        await visitor.flush()
        await visitor.silence()

    async with fake_server(close, live) as url, crdtchat.connect(url, page="p") as page:
        await page.wait_for(lambda page: page.trouble == "later")
        await page.wait_live()


async def test_a_code_that_says_stop() -> None:
    async def close(visitor: Visitor) -> None:
        await visitor.send(welcome(), JOINED)
        visitor.protocol.send_close(4403, "no longer yours")
        await visitor.flush()
        await visitor.silence()

    async with fake_server(close) as url, crdtchat.connect(url, page="p") as page:
        news = page.events()
        with pytest.raises(Stopped, match="no longer yours"):
            await anext(news)
        assert page.state == "stopped"
        with pytest.raises(Stopped):
            await page.annotate("words", "x")
        with pytest.raises(Stopped):
            await page.wait_live()


async def test_a_refusal_of_the_moment_is_retried_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also when this machine's clock is set back meanwhile."""
    tries: list[bytes] = []
    set_back = 0
    monkeypatch.setattr(line, "now_ms", lambda: now_ms() - set_back)

    async def busy(visitor: Visitor) -> None:
        nonlocal set_back
        await visitor.send(welcome(), JOINED)
        while True:
            match await visitor.next():
                case message.Operation(broadcast_id, _):
                    tries.append(broadcast_id)
                    if len(tries) == 1:
                        code = RejectCode.RATE_LIMITED
                        await visitor.send(message.encode_reject(broadcast_id, 0, code, "slow"))
                    else:
                        await visitor.send(message.encode_ack(1, 1, [broadcast_id]))
                case message.Resync():
                    set_back = 3_600_000 * len(tries)
                    await visitor.send(JOINED)

    async with fake_server(busy) as url, crdtchat.connect(url, page="p") as page:
        await page.annotate("words", "x")
        await page.wait_saved()
        assert tries[0] == tries[1]
        assert page.drafts == ()


async def test_tls() -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    client = ssl.create_default_context(cafile=TLS / "certificate.pem")
    async with (
        fake_server(live, context=server) as url,
        crdtchat.connect(url, page="p", ssl_context=client) as page,
    ):
        assert page.state == "live"


async def test_an_untrusted_certificate_is_no_connection() -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    async with (
        fake_server(live, context=server) as url,
        crdtchat.connect(url, page="p") as page,
    ):
        assert "certificate" in page.trouble


@pytest.mark.parametrize("linger", [b"", struct.pack("ii", 1, 0)], ids=["closed", "reset"])
async def test_a_proxy_that_hangs_up_in_the_tls_handshake_is_tried_again(linger: bytes) -> None:
    """As a proxy does that is started anew, or has no server behind it."""
    greeted = 0

    async def hang_up(stream: SocketStream) -> None:
        nonlocal greeted
        async with stream:
            await stream.receive()
            if linger:
                raw = stream.extra(SocketAttribute.raw_socket)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            greeted += 1

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, hang_up)
            async with crdtchat.connect(f"https://127.0.0.1:{port}", page="p") as page:
                await page.wait_for(lambda page: greeted > 1)
                # The system, or TLS, tells of it: which of them depends on what arrived before.
                assert "TLS" in page.trouble or "reset" in page.trouble
            tasks.cancel_scope.cancel()
