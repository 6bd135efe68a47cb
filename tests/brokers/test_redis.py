"""The broker on Redis: the contract, and what it does when the server is away."""

from __future__ import annotations

import os
import signal
from functools import partial

import anyio.to_thread
import pytest

from crdtchat.brokers.base import Broker
from crdtchat.brokers.redis import BadBroker, RedisBroker
from crdtchat.testing.broker_contract import BrokerContract, MakeBroker, arrive, listening
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


async def test_one_that_was_never_there() -> None:
    broker = RedisBroker("redis://127.0.0.1:1")
    with anyio.move_on_after(0.5):
        await broker.run(lambda topic, message: None, lambda: None)
    assert not broker.connected


def test_what_is_no_url() -> None:
    with pytest.raises(BadBroker, match="cannot be read"):
        RedisBroker("http://127.0.0.1")
