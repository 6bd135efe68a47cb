"""Who is on the pages of this node at other nodes, and what those hear of its own people.

1. A node that is not heard of for `LEASE_S` has nobody anywhere.
2. What changes is told within a tick, all of it at once, so that a message that is lost is healed
   by the next, or by the one that comes every `_RENEW_S` as long as there is anybody.
3. A node that does not tell of its people on a page for `_FORGET_S` has nobody there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import anyio

from crdtchat.host.gathering import Gathering
from crdtchat.host.telling import Kind, decode_presence, encode_presence
from crdtchat.sync.presence import Far

LEASE_S = 5.0
_BEAT_S = 1.0
_RENEW_S = 15.0
_FORGET_S = 2.5 * _RENEW_S
_ANSWER_S = 1.0
"""Within it others have answered who asked."""
_NOBODY = Far([], {})
_ANEW = -1
"""No number of changes: all is told once more."""

Publish = Callable[[Gathering | None, Kind, bytes], None]
"""Tells all nodes that have the room's page open, or all there are."""


class FarPresence:
    """Knows which nodes live. The rooms' people are in their `Presence`."""

    def __init__(
        self,
        node: str,
        rooms: Callable[[], Iterable[Gathering]],
        publish: Publish,
        now: Callable[[], float] = anyio.current_time,
    ) -> None:
        """`now()` in seconds that never go back."""
        self._node = node
        self._rooms = rooms
        self._publish = publish
        self._now = now
        self._alive: dict[str, float] = {}
        """When each node was heard of last."""
        self._told: dict[Gathering, tuple[int, float]] = {}
        """What changes were told, and when to tell them all the same."""
        self._opened: dict[Gathering, float] = {}
        self._heard: dict[Gathering, dict[str, float]] = {}
        """When each node last told of its people in a room."""
        self._beat_at = 0.0

    @property
    def alive(self) -> set[str]:
        """The other nodes that were heard of lately."""
        return set(self._alive)

    def opened(self, room: Gathering) -> None:
        """A room was opened: ask who is there."""
        self._opened[room] = self._now()
        self._publish(room, Kind.ASKED, b"")

    def closed(self, room: Gathering) -> None:
        """A room was given up, and everybody in it."""
        self._opened.pop(room, None)
        self._heard.pop(room, None)
        if self._told.pop(room, None) is not None:
            self._publish(room, Kind.PRESENCE, encode_presence(self._node, _NOBODY))

    def connected(self) -> None:
        """Messages pass again: tell everything, and ask everybody."""
        for room in list(self._told):
            self._tell_anew(room)
        for room in self._rooms():
            self._publish(room, Kind.ASKED, b"")

    def leave(self) -> None:
        """This node stops."""
        self._publish(None, Kind.GONE, self._node.encode())

    async def answered(self, room: Gathering) -> None:
        """Wait until those who were asked when the room was opened have answered."""
        opened = self._opened.get(room, 0.0)
        await anyio.sleep(max(0.0, opened + _ANSWER_S - self._now()))

    def receive(self, room: Gathering | None, kind: int, body: bytes) -> None:
        """A message of another node. Raises Malformed."""
        now = self._now()
        if kind == Kind.ALIVE:
            self._alive[body.decode(errors="replace")] = now
        elif kind == Kind.GONE:
            self._forget(body.decode(errors="replace"))
        elif kind == Kind.ASKED and room is not None:
            self._tell_anew(room)
        elif kind == Kind.PRESENCE and room is not None:
            node, far = decode_presence(body)
            self._alive[node] = now
            self._heard.setdefault(room, {})[node] = now
            room.hear_presence(node, far)

    def tick(self) -> None:
        """To be called every half second."""
        now = self._now()
        if now >= self._beat_at:
            self._beat_at = now + _BEAT_S
            self._publish(None, Kind.ALIVE, self._node.encode())
        for node in [node for node, at in self._alive.items() if at < now - LEASE_S]:
            self._forget(node)
        for room, heard in self._heard.items():
            for node in [node for node, at in heard.items() if at < now - _FORGET_S]:
                del heard[node]
                room.hear_presence(node, _NOBODY)
        for room in self._rooms():
            presence = room.room.presence
            changes, renew_at = self._told.get(room, (0, now + _RENEW_S))
            if changes != presence.changes or (now >= renew_at and room.room.sessions):
                far = presence.near()
                self._publish(room, Kind.PRESENCE, encode_presence(self._node, far))
                self._told[room] = (presence.changes, now + _RENEW_S)

    def _tell_anew(self, room: Gathering) -> None:
        # Not forgotten: where the room is given up before, others have to hear of that.
        if room in self._told:
            self._told[room] = (_ANEW, self._now())

    def _forget(self, node: str) -> None:
        self._alive.pop(node, None)
        for room in self._rooms():
            if node in room.room.presence.nodes():
                room.hear_presence(node, _NOBODY)
