"""What all clients share: they connect, are cut off, and come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from crdtchat.stores.base import DocumentKey
from crdtchat.sync.backoff import delay
from crdtchat.sync.session import Peer
from crdtchat.testing.simulator.connection import Closing, Connection, Opened
from crdtchat.testing.simulator.node import GONE, Node
from crdtchat.testing.simulator.pipe import Pipe
from crdtchat.testing.simulator.timeline import Timeline
from crdtchat.testing.simulator.trace import Trace
from crdtchat.testing.simulator.witness import Witness


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a client lives in."""

    timeline: Timeline
    nodes: Sequence[Node]
    trace: Trace
    witness: Witness
    chance: Random
    serials: count[int]

    def some_node(self) -> Node:
        """Where a balancer sends somebody: to one that is up, if there is one."""
        up = [node for node in self.nodes if node.up]
        return self.chance.choice(up or self.nodes)


class Visitor:
    """One client of one page. Subclasses say what it does with its connection."""

    v1 = True
    honest = True
    buffers = 4
    """Frames that fit between the server and a client that does not read."""

    def __init__(self, around: Surroundings, who: str, key: DocumentKey, peer: Peer) -> None:
        self.who = who
        self.key = key
        self.peer = peer
        self.network = True
        """Whether there is a network."""
        self.present = True
        """Whether it has not left for good."""
        self.connection: Connection | None = None
        self.around = around
        self._attempts = 0
        self._dialling = 0

    # ---- for subclasses

    def resume(self) -> tuple[int, str] | None:
        """The lease to ask for."""
        return None

    def opened(self) -> None:
        """The connection is open."""

    def received(self, frame: bytes) -> None:
        """A frame arrived."""

    def closed(self, code: int, reason: str) -> None:
        """The connection ended; `dial` again or not."""

    # ---- what it does

    def send(self, frame: bytes) -> None:
        """Send a frame, if there is a connection."""
        if self.connection is not None:
            self.connection.up.push(frame)

    def dial(self, *, again: bool = False) -> None:
        """Connect: soon, or after a growing pause."""
        around = self.around
        self._dialling += 1
        attempt = self._dialling
        pause = 0.001
        if again:
            pause = delay(self._attempts, around.chance.random())
            self._attempts += 1

        def knock() -> None:
            wanted = attempt == self._dialling and self.network and self.present
            if wanted and self.connection is None:
                self._connect()

        around.timeline.after(pause, knock)

    def hang_up(self, code: int = 1000) -> None:
        """Close the connection in good order."""
        if self.connection is not None:
            self.connection.up.push(Closing(code, ""))
            self.connection.down.cut()
            self._lose(code, "closed here")

    def cut(self, noticed: float | None = None) -> None:
        """Break the connection. Each side notices in its own time; `noticed`: seconds after which
        the server does."""
        connection = self.connection
        if connection is not None:
            around = self.around
            around.trace.note(self.who, "is cut off")
            if noticed is None:
                noticed = around.chance.choice((0.0, 0.01, 0.3, 5.0))
            around.timeline.after(noticed, lambda: connection.node.hang_up(connection))
            connection.broken()

    def go_offline(self) -> None:
        """No network until `go_online`."""
        self.network = False
        self.cut()

    def go_online(self) -> None:
        """The network is back."""
        self.network = True
        self._attempts = 0
        self.dial()

    def stall(self, stalled: bool) -> None:
        """Stop reading what the server sends, or read again."""
        if self.connection is not None:
            if stalled:
                self.connection.down.paused = True
            else:
                self.connection.down.resume()

    def depart(self) -> None:
        """Leave for good."""
        self.around.trace.note(self.who, "departs")
        self.present = False
        self.hang_up()

    # ---- the connection

    def _connect(self) -> None:
        around = self.around

        def travel() -> float:
            return around.chance.uniform(0.0005, 0.03)

        node = around.some_node()
        connection = Connection(
            serial=next(around.serials),
            who=self.who,
            key=self.key,
            peer=self.peer,
            v1=self.v1,
            honest=self.honest,
            resume=self.resume(),
            up=Pipe(around.timeline, travel, lambda item: arrive(item), 1_000_000),
            down=Pipe(around.timeline, travel, lambda item: self._arrive(connection, item), 4),
            node=node,
            on_broken=lambda: self._break(connection),
        )

        def arrive(item: bytes | Closing) -> None:
            if isinstance(item, Closing):
                node.hang_up(connection)
            else:
                node.receive(connection, item)

        self.connection = connection
        around.timeline.after(travel(), lambda: node.accept(connection))

    def _arrive(self, connection: Connection, item: bytes | Closing | Opened) -> None:
        if connection is not self.connection:
            return
        if isinstance(item, Opened):
            self._attempts = 0
            self.opened()
        elif isinstance(item, Closing):
            connection.up.cut()
            self._lose(item.code, item.reason)
        else:
            self.received(item)

    def _break(self, connection: Connection) -> None:
        noticed = self.around.chance.choice((0.0, 0.02, 0.5))

        def notice() -> None:
            if connection is self.connection:
                self._lose(GONE, "broken")

        self.around.timeline.after(noticed, notice)

    def _lose(self, code: int, reason: str) -> None:
        self.connection = None
        self.closed(code, reason)
