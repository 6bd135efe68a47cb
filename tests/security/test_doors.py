"""Bounds before anybody is known: against a real server, with raw sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import cast

import httpx
import pytest

from crdtchat.access.tokens import digest
from crdtchat.server.doors import Crowded, DoorLimits, Doors, address_key
from crdtchat.server.front import FrontConfig
from crdtchat.stores.base import Token
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.tuning import Tuning
from tests.raw_client import raw_client
from tests.security.flood import flood
from tests.server_here import running
from tests.server_process import ServerProcess, running_server

TLS = Path(__file__).parents[1] / "client" / "tls"


def address(server: ServerProcess) -> tuple[str, int]:
    """Where it listens."""
    return "127.0.0.1", int(server.url.rpartition(":")[2])


def answer(server: ServerProcess, sent: bytes) -> bytes:
    """Say something to a server, and read until it closes."""
    with closing(socket.create_connection(address(server), timeout=20)) as line:
        line.sendall(sent)
        found = b""
        with suppress(ConnectionResetError):
            while part := line.recv(65_536):
                found += part
        return found


async def test_hundreds_of_hostile_connections_lock_nobody_out(tmp_path: Path) -> None:
    """The short form of `python -m tests.security.flood`."""
    with running_server(tmp_path / "data") as server:
        seen = await flood(server, connections=400)
    assert seen.joins >= 8


def test_silence_and_slowness_before_the_request_are_cut_off(server: ServerProcess) -> None:
    """The three wait for one deadline, not for three."""
    lines = [socket.create_connection(address(server), timeout=30) for _ in range(3)]
    lines[1].sendall(b"GET /health HTT")
    lines[2].sendall(b"POST /api/v1/demo/annotations?page=p HTTP/1.1\r\nHost: localhost\r\nX")
    for line in lines:
        with closing(line), suppress(ConnectionResetError):
            assert line.recv(1_000) == b""


@pytest.mark.parametrize(("size", "is_read"), [(1_000, True), (300, False)])
async def test_a_large_body_has_the_time_it_takes(tmp_path: Path, size: int, is_read: bool) -> None:
    """An import over a slow line was cut off after 30 seconds, without an answer. Time is turned
    forward by 20 for each part."""
    loop = asyncio.get_running_loop()
    now, later = loop.time, 0

    def time() -> float:
        return now() + later

    loop.time = time  # type: ignore[method-assign]
    async with running(tmp_path, Tuning()) as server:
        doors = cast(FrontConfig, server.config).doors
        doors.limits = replace(doors.limits, body_bytes=1_000)
        own = Token("t1", digest("cct_own"), "demo", "owner", "own", "Own")
        await server.hub.store.add_token(own)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"POST /api/v1/demo/import?page=p HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Authorization: Bearer cct_own\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % (4 * size + 2)
        )
        for part in (b" " * size, b" " * size, b" " * size, b" " * size + b"[]"):
            writer.write(part)
            for _ in range(50):  # passes of the loop, in each of which what was sent can be read
                await asyncio.sleep(0)
            later += 20
        found = b""
        with suppress(ConnectionResetError):
            found = await reader.read()
        writer.close()
        assert found.startswith(b"HTTP/1.1 200") == is_read
        assert doors.cut_off == (0 if is_read else 1)


def test_large_heads_and_nonsense_are_refused(server: ServerProcess) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
    assert b" 200 " in answer(server, head + b"Connection: close\r\n\r\n")
    for sent in (
        head + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n",
        head + b"X-A: " + b"a" * 20_000,
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        head + b"".join(b"x-%d: y\r\n" % number for number in range(3_000)) + b"\r\n",
    ):
        status, _, rest = answer(server, sent).partition(b"\r\n")
        assert b" 431 " in status and rest.count(b"HTTP/1.1") == 0, sent[:40]
    for sent in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"\x00" * 100,
    ):
        found = answer(server, sent)
        assert found == b"" or b" 400 " in found.partition(b"\r\n")[0], sent[:40]
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_there_is_nothing_under_odd_names(server: ServerProcess) -> None:
    """Beside the demo page; for some the system has an error of its own."""
    for name in ("a" * 300, "%00", "..", "%2e%2e%2fpages.py", ".", "demo.js%20", "ż", "%ED%A0%80"):
        assert httpx.get(f"{server.url}/{name}").status_code in (200, 404), name
    assert httpx.get(f"{server.url}/demo.js").status_code == 200
    assert "Traceback" not in server.log.read_text()


def test_a_hundred_requests_in_one_breath_are_too_many(server: ServerProcess) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    few = answer(server, request * 5 + b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert few.count(b"HTTP/1.1 200") == 6
    many = answer(server, request * 100)
    assert many.count(b"HTTP/1.1 200") < 20


def test_doors_count_by_address_and_forget() -> None:
    doors = Doors(DoorLimits(connections=7, per_address=2), [ip_network("10.0.0.0/8")])
    first = [doors.arrive("192.0.2.1") for _ in range(5)]
    assert [one is not None for one in first] == [True] * 4 + [False]
    assert doors.arrive(None) is None
    proxied = [doors.arrive("10.1.1.1") for _ in range(4)]
    assert [one is not None for one in proxied] == [True] * 3 + [False]
    for one in first + proxied:
        if one is not None:
            one.leave()
            one.leave()
    assert doors.connections == 0 and doors.refused == 3
    with doors.socket_of("192.0.2.1"), doors.socket_of("::ffff:192.0.2.1"):
        with pytest.raises(Crowded), doors.socket_of("192.0.2.1"):
            pass
        with doors.socket_of("192.0.2.2"):
            pass
    with doors.socket_of("192.0.2.1"):
        pass


def test_a_household_is_one_address() -> None:
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff:1%eth0") == "2001:db8::/64"
    assert address_key("2001:db8:0:1::1") != address_key("2001:db8::1")
    assert address_key("a socket's path") == "a socket's path"


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[ServerProcess]:
    config = tmp_path / "crdtchat.toml"
    config.write_text(
        "connections_per_address = 2\ntrusted_proxies = ['127.0.0.1']\nmetrics_token = 'm'\n"
        "[tenants.demo]\nguests = 'commenter'\n"
    )
    with running_server(tmp_path / "data", ["--config", str(config)]) as server:
        yield server


async def test_sockets_of_one_address_are_bounded_as_the_proxy_names_it(
    proxied: ServerProcess,
) -> None:
    def named(address: str) -> dict[str, str]:
        return {"X-Forwarded-For": address}

    url = proxied.socket_url
    async with (
        raw_client(url, "page", headers=named("192.0.2.1")) as one,
        raw_client(url, "page", headers=named("192.0.2.1")) as two,
        raw_client(url, "page", headers=named("198.51.100.9, 192.0.2.1")) as three,
        raw_client(url, "page", headers=named("192.0.2.2")) as other,
    ):
        for client in (one, two, other):
            await client.join()
        assert await three.closed() == CloseCode.TOO_FAST


async def test_so_are_streams_of_events(proxied: ServerProcess) -> None:
    """One stranger behind the proxy could hold all connections that there are."""
    url, page = f"{proxied.url}/api/v1/demo/events", {"page": "page"}
    named, other = ({"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2))
    async with (
        httpx.AsyncClient(verify=False, params=page) as http,
        raw_client(proxied.socket_url, "page", headers=named) as one,
        http.stream("GET", url, headers=named) as two,
    ):
        await one.join()
        assert two.status_code == 200
        three = await http.get(url, headers=named)
        assert (three.status_code, three.json()["code"]) == (429, "rate-limited")
        async with http.stream("GET", url, headers=other) as elsewhere:
            assert elsewhere.status_code == 200


async def test_a_stranger_cannot_name_an_address(tmp_path: Path) -> None:
    """Without trusted proxies the header is nobody's."""
    flags = ["--config", str(tmp_path / "crdtchat.toml")]
    (tmp_path / "crdtchat.toml").write_text(
        "connections_per_address = 1\n[tenants.demo]\nguests = 'commenter'\n"
    )
    with running_server(tmp_path / "data", flags) as server:
        named = {"X-Forwarded-For": "192.0.2.7"}
        async with (
            raw_client(server.socket_url, "page") as one,
            raw_client(server.socket_url, "page", headers=named) as two,
        ):
            await one.join()
            assert await two.closed() == CloseCode.TOO_FAST


async def test_tls_from_the_server_itself(tmp_path: Path) -> None:
    """HTTPS and WSS; a client that does not shake hands harms nobody."""
    flags = ["--tls-cert", str(TLS / "certificate.pem"), "--tls-key", str(TLS / "key.pem")]
    context = ssl.create_default_context(cafile=TLS / "certificate.pem")
    with running_server(tmp_path / "data", flags) as server:
        assert server.url.startswith("https://")
        with closing(socket.create_connection(address(server))) as silent:
            assert answer(server, b"GET /health HTTP/1.1\r\n\r\n")[:4] != b"HTTP"
            async with httpx.AsyncClient(verify=context) as http:
                assert (await http.get(f"{server.url}/health")).status_code == 200
            async with raw_client(server.socket_url, "page", tls=context) as guest:
                await guest.join()
                value = (guest.user, 1_700_000_000_000, "x" * 300, "", "", 0, 300)
                for number in range(40):
                    await guest.write(number, "a", f"anno{number}", value)
            silent.settimeout(30)
            with suppress(ConnectionResetError):
                assert silent.recv(100) == b""
