"""A webhook leads out to the public internet, or where the operator said, and nowhere else."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import anyio
import pytest

from crdtchat.host import hook_request
from crdtchat.host.hook_address import BadUrl, Unreachable, find_addresses, is_public, read_url
from crdtchat.host.hook_request import Sender, Undelivered
from tests.host.receiver import NETWORK, Receiver, running_receiver

TLS = Path(__file__).parents[1] / "client" / "tls"
OWN = (
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"),
    *("64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1"),
    *("2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::1", "3fff::1"),
    *("5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1"),
)
PUBLIC = ("1.1.1.1", "93.184.215.14", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2606:4700::1111")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


async def post(url: str, *networks: str) -> None:
    """Send something."""
    await Sender([ip_network(one) for one in networks]).post(url, {}, b"{}")


@pytest.mark.parametrize("address", OWN)
def test_what_belongs_to_a_machine_a_site_or_a_cloud_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "localhost",
            "localhost.",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
        ),
        *("0177.0.0.1", "0", "0.0.0.0", "[::]", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_servers_own_machine_is_not_asked_however_it_is_spelt(
    receiver: Receiver, host: str, scheme: str
) -> None:
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(Undelivered, match=r"no public address|cannot be resolved"):
        await post(f"{scheme}://{host}:{port}", "10.0.0.0/8")
    assert receiver.got.empty()
    await post(receiver.url, NETWORK)  # it would have taken it
    assert receiver.got.get().path == "/"


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let a name lead elsewhere each time it is asked for; answers the list of questions."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *rest, **more)
        asked.append(host)
        return [
            row
            for address in answers[min(len(asked), len(answers)) - 1]
            for row in real(address, port, *rest, **more)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


async def test_a_name_is_asked_for_once_and_what_was_checked_is_what_is_reached(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere a moment later (DNS rebinding) leads nowhere new."""
    asked = names(monkeypatch, ["127.0.0.1"], ["127.9.9.9"])
    port = receiver.url.rpartition(":")[2]
    await post(f"http://rebinding.example:{port}", "127.0.0.1/32")
    got = receiver.got.get()
    assert got.headers["host"].startswith("rebinding.example:")
    assert len(asked) == 1
    with pytest.raises(Undelivered, match=r"127\.9\.9\.9, which is no public address"):
        await post(f"http://rebinding.example:{port}", "127.0.0.1/32")
    assert receiver.got.empty()


async def test_a_name_that_also_leads_inside_is_refused_as_a_whole(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, ["127.0.0.1", "10.0.0.1"])
    with pytest.raises(Undelivered, match=r"10\.0\.0\.1, which is no public address"):
        await post(f"http://rebinding.example:{receiver.url.rpartition(':')[2]}", NETWORK)
    assert receiver.got.empty()


async def test_the_internet_is_reached_by_tls_alone() -> None:
    limiter = anyio.CapacityLimiter(1)
    with pytest.raises(Unreachable, match="only https"):
        await find_addresses(read_url("http://93.184.215.14/"), (), limiter)
    found = await find_addresses(read_url("https://93.184.215.14/"), (), limiter)
    assert found == ["93.184.215.14"]


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///x"),
        *("https://user:word@example.org/", "https://example.org/#x", "https://example.org:x/"),
        *("https://example.org/a b", "https://example.org/\r\nX: y", "https://exämple.org/"),
        *("https://example.org/\x00", "https://[::1/", f"https://example.org/{'x' * 2_048}"),
    ],
)
def test_what_is_no_webhooks_url(url: str) -> None:
    with pytest.raises(BadUrl):
        read_url(url)


@contextmanager
def tls_receiver() -> Iterator[int]:
    """Answers 204 by TLS, with a certificate for 127.0.0.1 that no authority signed."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(HTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_the_receivers_certificate_must_be_its_names_and_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tls_receiver() as port:
        url, own = f"https://127.0.0.1:{port}/", NETWORK
        with pytest.raises(Undelivered, match="SSLCertVerificationError"):
            await post(url, own)
        trusting = ssl.create_default_context(cafile=TLS / "certificate.pem")
        monkeypatch.setattr(hook_request, "_tls", lambda: trusting)
        await post(url, own)
        names(monkeypatch, ["127.0.0.1"])
        with pytest.raises(Undelivered, match="SSLCertVerificationError"):
            await post(f"https://rebinding.example:{port}/", own)
