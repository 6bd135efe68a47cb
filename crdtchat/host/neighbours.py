"""The other nodes: what this one tells them, and what it hears.

1. A message counts only if it was sealed with the deployment's secret, which lies in the store.
2. What is told is in the store already: a message that is lost is found there, by the next one's
   sequence number or by a look that comes every few seconds, every second without a broker.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import partial

import anyio

from crdtchat.access.gate import Gate
from crdtchat.access.guard import Guard
from crdtchat.brokers.base import Broker
from crdtchat.host.counters import Counters
from crdtchat.host.far_connections import FarConnections
from crdtchat.host.far_presence import FarPresence
from crdtchat.host.gathering import Gathering
from crdtchat.host.lending import Lending
from crdtchat.host.telling import (
    Kind,
    decode_news,
    encode_news,
    page_topic,
    seal,
    topic_of,
    unseal,
)
from crdtchat.stores.base import Append, Store, StoreError
from crdtchat.stores.outage import Outage
from crdtchat.sync.codes import Malformed

logger = logging.getLogger("crdtchat.host")

_SECRET = "nodes"
_TICK_S = 0.5
_LOOK_S = 5.0
_LOOK_ALONE_S = 1.0
_TOGETHER = 1_000
"""Pages that are looked at in one query."""


class Neighbours:
    """Knows the rooms of this node, and speaks for them."""

    def __init__(self, store: Store, broker: Broker, counters: Counters) -> None:
        self.broker = broker
        self._store = store
        self._counters = counters
        self._secret = b""
        self._everybody = ""
        """The topic of all nodes."""
        self._rooms: dict[str, Gathering] = {}
        self._fresh: list[Gathering] = []
        """Opened since the last look: what was appended before the subscription took effect was
        told to nobody here."""
        self._node = secrets.token_hex(8)
        self.presence = FarPresence(self._node, self._open_rooms, self._tell_room)
        self._lending: Lending | None = None
        self._far_connections: FarConnections | None = None
        self._outage = Outage(logger, "it cannot be seen what other nodes wrote")
        self.nodes = 1
        """How many there are, this one included, as far as is known."""

    async def prepare(self) -> None:
        """Learn the secret. Call before anything else. Raises StoreError."""
        self._secret = await self._store.secret(_SECRET)
        self._everybody = topic_of(self._secret, "nodes")
        self.broker.subscribe(self._everybody)

    def share(self, gate: Gate, guard: Guard, steady: Callable[[], float]) -> None:
        """Limits are those of all nodes together. `steady`: the clock of the rooms."""
        tell = partial(self._tell_room, None)
        self._lending = Lending(self._node, gate, tell, steady)
        self._far_connections = FarConnections(self._node, guard, tell, steady)

    async def run(self) -> None:
        """Carry messages and look at the store until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.broker.run, self._receive, self._connected)
            tasks.start_soon(self._watch)

    def opened(self, room: Gathering) -> None:
        """A room was opened."""
        topic = page_topic(self._secret, room.key)
        self._rooms[topic] = room
        self._fresh.append(room)
        self.broker.subscribe(topic)
        self.presence.opened(room)

    def closed(self, room: Gathering) -> None:
        """A room was given up, or is not needed any more."""
        topic = page_topic(self._secret, room.key)
        if self._rooms.get(topic) is room:
            self.presence.closed(room)
            del self._rooms[topic]
            self.broker.unsubscribe(topic)

    def tell(self, room: Gathering, append: Append) -> None:
        """An append of this node is in the log."""
        topic = page_topic(self._secret, room.key)
        self._publish(topic, Kind.NEWS, encode_news(append))

    async def look(self, rooms: list[Gathering]) -> None:
        """Compare rooms with the store. Raises StoreError."""
        for start in range(0, len(rooms), _TOGETHER):
            some = rooms[start : start + _TOGETHER]
            heads = await self._store.heads([room.key for room in some])
            for room, head in zip(some, heads, strict=True):
                if not room.dropped:
                    room.following.look(room, head)

    def _open_rooms(self) -> list[Gathering]:
        return [room for room in self._rooms.values() if not room.dropped]

    def _tell_room(self, room: Gathering | None, kind: Kind, body: bytes) -> None:
        topic = self._everybody if room is None else page_topic(self._secret, room.key)
        self._publish(topic, kind, body)

    def _publish(self, topic: str, kind: Kind, body: bytes) -> None:
        self.broker.publish(topic, seal(self._secret, topic, kind, body))

    def _receive(self, topic: str, message: bytes) -> None:
        room = self._rooms.get(topic)
        if topic != self._everybody and (room is None or room.dropped):
            return
        try:
            kind, body = unseal(self._secret, topic, message)
            if kind == Kind.NEWS and room is not None:
                news = decode_news(body)
                if news is None:
                    room.following.ask(room)
                else:
                    room.following.hear(room, news)
            elif kind in (Kind.LOW, Kind.LOAN):
                if self._lending is not None:
                    self._lending.receive(kind, body)
            elif kind == Kind.CONNECTIONS:
                if self._far_connections is not None:
                    self._far_connections.receive(body)
            else:
                self.presence.receive(room, kind, body)
        except Malformed as error:
            self._counters.add("messages_of_nodes_refused")
            logger.warning("a message between nodes was refused: %s", error)

    def _connected(self) -> None:
        logger.info("messages between nodes pass")
        # What was told meanwhile is in the store.
        self._fresh = list(self._rooms.values())
        self.presence.connected()
        if self._far_connections is not None:
            self._far_connections.renew()

    def _count_nodes(self) -> None:
        alive = self.presence.alive
        if self._far_connections is not None:
            if 1 + len(alive) > self.nodes:
                self._far_connections.renew()
            self._far_connections.tick(alive)
        if self.broker.connected:  # else nobody is heard of, and there may be as many as before
            self.nodes = 1 + len(alive)
            if self._lending is not None:
                self._lending.share(self.nodes)

    async def _watch(self) -> None:
        due = 0.0
        while True:
            await anyio.sleep(_TICK_S)
            self.presence.tick()
            self._count_nodes()
            now = anyio.current_time()
            rooms, self._fresh = self._fresh, []
            if now >= due:
                rooms = list(self._rooms.values())
                due = now + (_LOOK_S if self.broker.connected else _LOOK_ALONE_S)
            try:
                await self.look([room for room in rooms if not room.dropped])
            except StoreError as error:
                self._fresh += rooms
                self._outage.goes_on(error)
            else:
                if rooms:  # else nothing was asked
                    self._outage.is_over()
