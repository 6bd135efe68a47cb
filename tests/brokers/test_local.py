"""The broker between processes of one machine: the contract, and readers that stand still."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack

import anyio
import pytest

from crdtchat.brokers.local import Frame, Kind, LocalBroker
from crdtchat.brokers.switch import Switch
from crdtchat.testing.broker_contract import BrokerContract, MakeBroker, arrive, listening


@pytest.fixture
async def attach() -> AsyncIterator[Callable[[], socket.socket]]:
    """Opens sockets to one switch."""
    switch = Switch()
    with ExitStack() as stack:
        async with anyio.create_task_group() as tasks:

            def attach() -> socket.socket:
                here, there = socket.socketpair()
                tasks.start_soon(switch.serve, here)
                return stack.enter_context(there)

            yield attach
            tasks.cancel_scope.cancel()


@pytest.fixture
def make_broker(attach: Callable[[], socket.socket]) -> MakeBroker:
    return lambda: LocalBroker(attach())


class TestLocalBroker(BrokerContract):
    pass


async def test_one_that_does_not_read_delays_nobody(
    attach: Callable[[], socket.socket], make_broker: MakeBroker
) -> None:
    attach().sendall(Frame(Kind.SUBSCRIBE, "t").encode())
    async with listening(make_broker()) as one, listening(make_broker()) as two:
        one.broker.subscribe("t")
        await arrive(two.broker, one, "t")
        for _ in range(40):
            two.broker.publish("t", bytes(1_000_000))
        two.broker.publish("t", b"end")
        await one.until(lambda: ("t", b"end") in one.heard)


async def test_without_its_switch_it_is_away() -> None:
    here, there = socket.socketpair()
    broker = LocalBroker(there)
    connected = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(broker.run, lambda topic, message: None, connected.set)
        await connected.wait()
        assert broker.connected
        here.close()
        while broker.connected:  # noqa: ASYNC110 - nobody but tests waits for that
            await anyio.sleep(0.01)
        broker.publish("t", b"nobody hears")
        tasks.cancel_scope.cancel()
