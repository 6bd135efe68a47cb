"""Redis (or Valkey) between nodes: publish and subscribe, one channel a topic."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
from redis.asyncio.client import PubSub
from redis.exceptions import InvalidResponse, RedisError

from crdtchat.brokers.base import Receive
from crdtchat.brokers.redis_address import read_address

logger = logging.getLogger("crdtchat.brokers")

_BEAT_S = 1.0
_CONNECT_S = 3.0
_SILENCE_S = 4.0
"""A connection that does not bring its own beats back for so long is given up."""
_PAUSES_S = (0.1, 0.5, 1.0, 2.0)
_WAITING_BYTES = 8 * 1024 * 1024
"""What may wait to be published; the oldest is lost first."""
_TOGETHER = 256
_ID_BYTES = 8


class RedisBroker:
    """See `Broker`. Needs asyncio, as its client does.

    1. Whatever the server or the way to it does, `run` goes on, and connects again by itself.
    2. What cannot be published for the time being is bounded, and the oldest of it lost.
    3. `connected` is told by a beat that is published and comes back by the subscription, so it
       covers both ways.
    4. Where the URL names several servers, another is taken when one fails.
    5. One task alone has the connection that subscribes: its client's are not made for two. Its
       beat tells it what others want of it.
    """

    def __init__(self, url: str) -> None:
        """`url`: see `crdtchat.brokers.redis_address`. Raises `BadBroker`."""
        address = read_address(url, connect_s=_CONNECT_S, answer_s=_SILENCE_S)
        self.place = address.place
        self._clients = deque(address.clients)
        self._guides = address.guides
        self._id = secrets.token_bytes(_ID_BYTES)
        self._beat = f"crdtchat:beat:{self._id.hex()}"
        self._topics: set[str] = set()
        self._changes: deque[tuple[bool, str]] = deque()
        self._messages: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._wanted = anyio.Event()
        self.connected = False

    def subscribe(self, topic: str) -> None:
        """See `Broker`."""
        self._topics.add(topic)
        self._change(True, topic)

    def unsubscribe(self, topic: str) -> None:
        """See `Broker`."""
        self._topics.discard(topic)
        self._change(False, topic)

    def publish(self, topic: str, message: bytes) -> None:
        """See `Broker`."""
        self._messages.append((topic, self._id + message))
        self._bytes += len(message)
        while self._bytes > _WAITING_BYTES and len(self._messages) > 1:
            self._bytes -= len(self._messages.popleft()[1]) - _ID_BYTES
        self._wanted.set()

    async def run(self, receive: Receive, connected: Callable[[], None]) -> None:
        """See `Broker`."""
        failures = 0
        try:
            while True:
                try:
                    await self._serve(receive, connected)
                except* (RedisError, OSError, TimeoutError) as group:
                    reason = group.exceptions[0]
                if self.connected:
                    failures = 0
                self.connected = False
                if not failures:
                    logger.warning("the broker at %s is away: %s", self.place, reason)
                self._clients.rotate(-1)
                await anyio.sleep(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
                failures += 1
        finally:
            self.connected = False
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                for client in (*self._clients, *self._guides):
                    await client.aclose()

    def _change(self, wanted: bool, topic: str) -> None:
        if self.connected:
            self._changes.append((wanted, topic))
            if len(self._changes) == 1:
                self.publish(self._beat, b"")

    async def _serve(self, receive: Receive, connected: Callable[[], None]) -> None:
        """Carry messages until something fails."""
        self._changes.clear()
        async with self._clients[0].pubsub() as pubsub:
            with _understanding():
                await pubsub.subscribe(self._beat, *self._topics)
            self._changes.clear()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write)
                tasks.start_soon(self._keep_beating)
                await self._read(pubsub, receive, connected)

    async def _read(self, pubsub: PubSub, receive: Receive, connected: Callable[[], None]) -> None:
        deadline = anyio.current_time() + _SILENCE_S
        while True:
            left = deadline - anyio.current_time()
            if left <= 0:
                raise TimeoutError("it does not answer")
            with _understanding():
                found = await pubsub.get_message(ignore_subscribe_messages=True, timeout=left)
                if found is None:
                    continue
                topic, message = found["channel"].decode(), memoryview(found["data"]).tobytes()
            if topic == self._beat:
                deadline = anyio.current_time() + _SILENCE_S
                if not self.connected:
                    self.connected = True
                    # Asked for between the subscription and now.
                    self._changes.extend((True, one) for one in self._topics)
                    connected()
                await self._apply_changes(pubsub)
            elif message[:_ID_BYTES] != self._id and topic in self._topics:
                receive(topic, message[_ID_BYTES:])

    async def _keep_beating(self) -> None:
        while True:
            self.publish(self._beat, b"")
            await anyio.sleep(_BEAT_S)

    async def _apply_changes(self, pubsub: PubSub) -> None:
        while self._changes:
            changes, self._changes = self._changes, deque()
            for wanted in (True, False):
                topics = {topic for which, topic in changes if which is wanted}
                topics = {topic for topic in topics if (topic in self._topics) is wanted}
                if topics:
                    with _understanding():
                        await (pubsub.subscribe if wanted else pubsub.unsubscribe)(*topics)

    async def _write(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            while self._messages:
                async with self._clients[0].pipeline(transaction=False) as pipeline:
                    for _ in range(min(_TOGETHER, len(self._messages))):
                        topic, message = self._messages.popleft()
                        self._bytes -= len(message) - _ID_BYTES
                        pipeline.publish(topic, message)
                    with _understanding():
                        outcomes = await pipeline.execute(raise_on_error=False)
                    for outcome in outcomes:
                        if isinstance(outcome, RedisError):  # raised there it quotes the message
                            raise outcome


@contextmanager
def _understanding() -> Iterator[None]:
    """Redis' client takes for granted that Redis answers: how it fails at other bytes depends on
    these. Raises RedisError."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidResponse(f"what it says is not Redis: {error}") from error
