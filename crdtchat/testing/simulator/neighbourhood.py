"""What a node tells others and hears of them, and where it looks for what it was not told."""

from __future__ import annotations

from crdtchat.host.far_presence import FarPresence
from crdtchat.host.gathering import Gathering
from crdtchat.host.telling import Kind, decode_news, encode_news
from crdtchat.stores.base import Append, DocumentKey, StoreError
from crdtchat.sync.codes import CloseCode
from crdtchat.testing.simulator.disk import Disk
from crdtchat.testing.simulator.grapevine import Grapevine, Hearer
from crdtchat.testing.simulator.timeline import Timeline

_LOOK = 5.0
"""Seconds between two looks at all pages, as of `crdtchat.host.neighbours`."""


class Neighbourhood:
    """`crdtchat.host.neighbours` and `crdtchat.host.watch` without an event loop."""

    def __init__(
        self,
        node: Hearer,
        name: str,
        rooms: dict[DocumentKey, Gathering],
        disk: Disk,
        grapevine: Grapevine | None,
        timeline: Timeline,
    ) -> None:
        """`grapevine`: None where there are no other nodes; then only erasures are looked for."""
        self._node = node
        self._rooms = rooms
        self._disk = disk
        self._grapevine = grapevine
        self._fresh: set[DocumentKey] = set()
        """Opened since the last look: what was told meanwhile may have been missed."""
        self._look_at = 0.0
        self._revision = 0
        """The newest that a look has seen; a room has the one that it was loaded under."""
        self._loads: dict[DocumentKey, int] = {}

        def publish(room: Gathering | None, kind: Kind, body: bytes) -> None:
            if grapevine is not None:
                grapevine.publish(node, room.key if room else None, kind, body)

        self._far = FarPresence(
            name, lambda: list(rooms.values()), publish, lambda: timeline.steady
        )

    def loading(self, key: DocumentKey) -> None:
        """A page begins to be read."""
        self._loads[key] = self._revision

    def opened(self, room: Gathering) -> None:
        """A room was opened."""
        room.revision = self._loads.pop(room.key, self._revision)
        if self._grapevine is not None:
            self._fresh.add(room.key)
            self._far.opened(room)

    def closed(self, room: Gathering) -> None:
        """A room was given up."""
        if self._grapevine is not None:
            self._far.closed(room)

    def leave(self) -> None:
        """The node stops in good order."""
        if self._grapevine is not None:
            self._far.leave()

    def tell(self, append: Append) -> None:
        """An append of this node is in the log."""
        if self._grapevine is not None:
            self._grapevine.publish(self._node, append.key, Kind.NEWS, encode_news(append))

    def hear(self, room: Gathering | None, kind: Kind, body: bytes) -> None:
        """Another node tells something."""
        if kind == Kind.NEWS and room is not None:
            news = decode_news(body)
            assert news is not None, "nodes of one version understand each other"
            room.following.hear(room, news)
        else:
            self._far.receive(room, kind, body)

    def tick(self, steady: float) -> bool:
        """To be called every half second; answers whether rooms were given up."""
        look, self._fresh = self._fresh, set()
        if steady >= self._look_at:
            self._look_at = steady + _LOOK
            look |= self._rooms.keys()
        if self._grapevine is not None:
            self._far.tick()
        for room in list(self._rooms.values()):
            if room.following.is_doubtful:
                room.following.doubt(room)
        try:
            return self._look(look)
        except StoreError:
            self._fresh |= look
            return False

    def _look(self, keys: set[DocumentKey]) -> bool:
        """Compare rooms with the store: all of them if something was erased. Raises StoreError."""
        revision = self._disk.revision()
        given_up = False
        for key, room in list(self._rooms.items()):
            if room.revision == revision and key not in keys:
                continue
            head = self._disk.head(key)
            if head.epoch != room.head.epoch:
                room.drop(CloseCode.UNAVAILABLE, "the page was rebuilt")
                given_up = True
            elif self._grapevine is not None:
                room.following.look(room, head)
            room.revision = revision
        self._revision = revision
        return given_up
