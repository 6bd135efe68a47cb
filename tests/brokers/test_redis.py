"""The broker on Redis: the contract, and what it does when the server is away."""

from __future__ import annotations

import os
import signal
import socket
import struct
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import quote

import anyio.lowlevel
import anyio.to_thread
import pytest
from anyio.abc import SocketAttribute, SocketStream
from redis.asyncio import Redis
from redis.exceptions import RedisError

from crdtchat.brokers.base import Broker
from crdtchat.brokers.redis import RedisBroker
from crdtchat.brokers.redis_address import BadBroker, read_address
from crdtchat.testing.broker_contract import BrokerContract, MakeBroker, arrive, listening
from tests.certificates import certified
from tests.redis_groups import running_cluster, running_sentinel
from tests.redis_server import RedisServer, running_redis


@pytest.fixture
def anyio_backend() -> str:
    """Its client knows asyncio alone."""
    return "asyncio"


class TestRedisBroker(BrokerContract):
    @pytest.fixture
    def make_broker(self, redis: RedisServer) -> MakeBroker:
        return partial(RedisBroker, redis.url)


async def away(broker: Broker) -> None:
    """Wait until it knows that no messages pass."""
    while broker.connected:  # noqa: ASYNC110 - nobody but tests waits for that
        await anyio.sleep(0.01)


async def test_a_server_that_comes_back_is_found_again() -> None:
    with running_redis() as server:
        async with (
            listening(RedisBroker(server.url)) as one,
            listening(RedisBroker(server.url)) as two,
        ):
            one.broker.subscribe("t")
            await arrive(two.broker, one, "t")
            await anyio.to_thread.run_sync(server.stop)
            await away(one.broker)
            await away(two.broker)
            one.broker.subscribe("meanwhile")
            two.broker.publish("t", b"may be lost")
            await anyio.to_thread.run_sync(server.start)
            await one.until(lambda: one.connections == 2)
            await two.until(lambda: two.connections == 2)
            assert one.broker.connected
            await arrive(two.broker, one, "t")
            await arrive(two.broker, one, "meanwhile")


async def test_a_server_that_says_nothing_counts_as_away() -> None:
    with running_redis() as server:
        async with listening(RedisBroker(server.url)) as one:
            os.kill(server.pid, signal.SIGSTOP)
            await away(one.broker)
            os.kill(server.pid, signal.SIGCONT)
            await one.until(lambda: one.connections == 2)


async def test_a_connection_that_the_server_ends_is_told_of() -> None:
    """What was published meanwhile is lost: who waits for it has to look."""
    with running_redis() as server:
        async with (
            listening(RedisBroker(server.url)) as one,
            listening(RedisBroker(server.url)) as two,
            Redis.from_url(server.url) as operator,
        ):
            for times in range(2, 12):
                await operator.client_kill_filter(_type="pubsub")
                await one.until(lambda: one.connections == times)  # noqa: B023
                await two.until(lambda: two.connections == times)  # noqa: B023
            one.broker.subscribe("t")
            await arrive(two.broker, one, "t")


async def test_topics_that_change_while_the_server_comes_and_goes() -> None:
    """Whoever reads, writes and subscribes at that moment: `run` goes on."""
    with running_redis() as server:
        async with (
            listening(RedisBroker(server.url)) as one,
            listening(RedisBroker(server.url)) as two,
            Redis.from_url(server.url) as operator,
            anyio.create_task_group() as tasks,
        ):

            async def change() -> None:
                for number in count():
                    one.broker.subscribe(f"t{number}")
                    one.broker.publish("t", b"x" * 1_000)
                    one.broker.unsubscribe(f"t{number - 5}")
                    await anyio.lowlevel.checkpoint()

            tasks.start_soon(change)
            for times in range(2, 12):
                await operator.client_kill_filter(skipme=True)
                await one.until(lambda: one.connections == times)  # noqa: B023
                await two.until(lambda: two.connections == times)  # noqa: B023
            tasks.cancel_scope.cancel()
            one.broker.subscribe("t")
            await arrive(two.broker, one, "t")


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True}), "asyncio"])
async def test_a_server_that_resets_each_connection_is_away() -> None:
    """uvloop has an error of its own for what is written a moment after that."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)

        async def reset_each() -> None:
            while True:
                await anyio.wait_readable(server)
                with suppress(BlockingIOError), server.accept()[0] as connection:
                    connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reset_each)
            client = read_address(
                f"redis://127.0.0.1:{server.getsockname()[1]}", connect_s=60, answer_s=60
            ).clients[0]
            for _ in range(300):
                with pytest.raises(RedisError):
                    await client.ping()
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    "answer",
    [
        b":x\r\n",
        b"$-5\r\n",
        b"x" * 100_000,
        b"*0\r\n",
        b"*3\r\n$7\r\nmessage\r\n:1\r\n:2\r\n",
        b"*3\r\n$7\r\nmessage\r\n$1\r\nt\r\n:2\r\n",
        b"*2\r\n*0\r\n:1\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
async def test_a_server_that_does_not_speak_redis_is_away(answer: bytes) -> None:
    connections = 0
    another = anyio.Event()

    async def answer_all(stream: SocketStream) -> None:
        nonlocal connections, another
        connections += 1
        another.set()
        another = anyio.Event()
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    await stream.receive()
                    await stream.send(answer)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer_all)
        broker = RedisBroker(f"redis://127.0.0.1:{listener.extra(SocketAttribute.local_port)}")
        tasks.start_soon(broker.run, lambda topic, message: None, lambda: None)
        while connections < 3:
            await another.wait()
        assert not broker.connected
        tasks.cancel_scope.cancel()


async def test_what_may_not_be_published_is_not_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running_redis() as server:
        async with (
            listening(RedisBroker(server.url)) as one,
            Redis.from_url(server.url) as operator,
        ):
            await operator.acl_setuser("default", enabled=True, commands=["-publish"])
            one.broker.publish("t", b"what somebody wrote")
            await away(one.broker)
            await operator.acl_setuser("default", enabled=True, commands=["+publish"])
            await one.until(lambda: one.connections == 2)
    assert "no permissions" in caplog.text
    assert "somebody" not in caplog.text


async def test_one_that_was_never_there() -> None:
    broker = RedisBroker("redis://127.0.0.1:1")
    with anyio.move_on_after(0.5):
        await broker.run(lambda topic, message: None, lambda: None)
    assert not broker.connected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1", "cannot be read"),
        ("redis+cluster://", "names no host"),
        ("redis+cluster://one,two/3", "no databases"),
        ("redis+cluster://one:port", "cannot be read"),
        ("redis+sentinel://one,two", "what Sentinel calls"),
        ("redis+sentinel:///main", "names no host"),
        ("redis+sentinel://one:port/main", "cannot be read"),
    ],
)
def test_what_is_no_url(url: str, why: str) -> None:
    with pytest.raises(BadBroker, match=why):
        RedisBroker(url)


def test_its_place_is_told_without_a_password() -> None:
    for url, place in (
        ("redis://ann:s3cret@host:1", "host"),
        ("rediss+cluster://ann:s3cret@one:1,two", "one:1,two"),
        (
            "redis+sentinel://ann:s3cret@one,two:2/main?sentinel_password=s3cret",
            "main of one,two:2",
        ),
    ):
        assert RedisBroker(url).place == place


async def test_tls_and_a_user(tmp_path: Path) -> None:
    certificate, key = certified(tmp_path, days=1)
    user = "user chat on >s3/cret &crdtchat:* &t +publish +subscribe +unsubscribe\nrequirepass x\n"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--tls-port", str(port), "--tls-auth-clients", "no"]
    options += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    with running_redis(*options, config=user) as server:
        url = f"rediss://chat:s3%2Fcret@127.0.0.1:{port}?ssl_ca_certs={quote(str(certificate))}"
        async with listening(RedisBroker(url)) as one, listening(RedisBroker(url)) as two:
            one.broker.subscribe("t")
            await arrive(two.broker, one, "t")
        stranger = RedisBroker(server.url)
        with anyio.move_on_after(0.5):
            await stranger.run(lambda topic, message: None, lambda: None)
        assert not stranger.connected


async def test_a_cluster_is_one_broker_on_all_its_nodes() -> None:
    with running_cluster() as (first, second):
        hosts = [f"127.0.0.1:{server.port}" for server in (first, second)]
        urls = [f"redis+cluster://{','.join(one)}" for one in (hosts, hosts[::-1])]
        async with listening(RedisBroker(urls[0])) as one, listening(RedisBroker(urls[1])) as two:
            one.broker.subscribe("t")
            await arrive(two.broker, one, "t")
            await anyio.to_thread.run_sync(second.stop)
            await two.until(lambda: two.connections == 2)
            await arrive(two.broker, one, "t")


async def test_sentinel_names_who_leads() -> None:
    with running_sentinel() as group:
        url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{group.sentinel.port}/main"
        async with listening(RedisBroker(url)) as one, listening(RedisBroker(url)) as two:
            one.broker.subscribe("t")
            await arrive(two.broker, one, "t")
            await anyio.to_thread.run_sync(group.leader.stop)
            await one.until(lambda: one.connections == 2)
            await two.until(lambda: two.connections == 2)
            await arrive(two.broker, one, "t")
            assert group.leading() == group.follower.port
