"""The exam of a broker: what `crdtchat.brokers.base` promises, as tests.

A broker's test module subclasses `BrokerContract` and gives the fixture `make_broker`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from crdtchat.brokers.base import Broker

MakeBroker = Callable[[], Broker]
"""Makes a broker that is not running; all of one test's hear each other."""


class Ear:
    """A running broker and what it heard."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.heard: list[tuple[str, bytes]] = []
        self.connections = 0
        self._changed = anyio.Event()

    def receive(self, topic: str, message: bytes) -> None:
        self.heard.append((topic, message))
        self._wake()

    def connected(self) -> None:
        self.connections += 1
        self._wake()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that was heard makes it true."""
        while not condition():
            await self._changed.wait()

    def _wake(self) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[Ear]:
    """Run a broker for the block, which begins when messages pass."""
    ear = Ear(broker)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(broker.run, ear.receive, ear.connected)
        await ear.until(lambda: ear.connections > 0)
        yield ear
        tasks.cancel_scope.cancel()


async def arrive(sender: Broker, ear: Ear, topic: str) -> None:
    """Publish until it is heard: a subscription takes effect soon, not at once."""
    marks = 0
    while (topic, b"mark") not in ear.heard:
        sender.publish(topic, b"mark")
        marks += 1
        await anyio.sleep(0.01)
    ear.heard = [one for one in ear.heard if one[1] != b"mark"]


class BrokerContract:
    """Subclass with a fixture `make_broker` that returns a `MakeBroker`."""

    async def test_who_subscribed_hears_what_others_publish(self, make_broker: MakeBroker) -> None:
        async with (
            listening(make_broker()) as one,
            listening(make_broker()) as two,
            listening(make_broker()) as three,
        ):
            assert one.broker.connected
            for ear in (one, two):
                ear.broker.subscribe("t")
            await arrive(three.broker, one, "t")
            await arrive(three.broker, two, "t")
            for ear in (one, two):
                ear.broker.subscribe("end")
            for number in range(100):
                three.broker.publish("t", b"%d" % number)
            three.broker.publish("other", b"nobody hears")
            two.broker.publish("t", b"own")
            three.broker.publish("t", bytes(range(256)) * 1_000)
            await one.until(lambda: len([m for m in one.heard if m[1] != b"mark"]) >= 102)
            await two.until(lambda: len([m for m in two.heard if m[1] != b"mark"]) >= 101)
            heard = [message for _, message in two.heard if message != b"mark"]
            assert heard == [*(b"%d" % number for number in range(100)), bytes(range(256)) * 1_000]
            assert ("t", b"own") in one.heard
            assert not three.heard

    async def test_who_unsubscribed_hears_no_more(self, make_broker: MakeBroker) -> None:
        async with listening(make_broker()) as one, listening(make_broker()) as two:
            one.broker.subscribe("left")
            one.broker.subscribe("kept")
            await arrive(two.broker, one, "left")
            await arrive(two.broker, one, "kept")
            one.broker.unsubscribe("left")
            two.broker.publish("left", b"?")
            await arrive(two.broker, one, "kept")
            one.heard.clear()
            two.broker.publish("left", b"?")
            two.broker.publish("kept", b"!")
            await one.until(lambda: ("kept", b"!") in one.heard)
            assert ("left", b"?") not in one.heard

    async def test_what_was_subscribed_before_it_runs(self, make_broker: MakeBroker) -> None:
        broker = make_broker()
        broker.subscribe("early")
        assert not broker.connected
        async with listening(broker) as one, listening(make_broker()) as two:
            await arrive(two.broker, one, "early")
        assert not broker.connected
