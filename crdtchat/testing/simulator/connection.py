"""A connection between a client and the server process, seen from both ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from crdtchat.host.attendance import Attendance
from crdtchat.host.gathering import Gathering
from crdtchat.stores.base import DocumentKey
from crdtchat.sync.session import Peer
from crdtchat.testing.simulator.pipe import Pipe


class Opened(NamedTuple):
    """The handshake succeeded."""


class Closing(NamedTuple):
    """The other side said goodbye."""

    code: int
    reason: str


class Server(Protocol):
    """A node, as its connections know it."""

    def accept(self, connection: Connection) -> None:
        """A client asks to be served."""

    def receive(self, connection: Connection, frame: bytes) -> None:
        """A frame arrived."""

    def hang_up(self, connection: Connection) -> None:
        """The connection is gone, and the node has noticed."""


@dataclass(eq=False)
class Connection:
    """Made by the client; the server fills in the lower half when it serves it."""

    serial: int
    who: str
    key: DocumentKey
    peer: Peer
    v1: bool
    honest: bool
    resume: tuple[int, str] | None
    up: Pipe[bytes | Closing]
    """From client to server."""
    down: Pipe[bytes | Closing | Opened]
    """From server to client."""
    node: Server
    """Which it leads to."""
    on_broken: Callable[[], None]
    """The client's side notices that the connection broke."""
    room: Gathering | None = None
    number: int = 0
    attendance: Attendance | None = None
    unsent: deque[bytes] = field(default_factory=deque)
    """Taken from the outbox, waiting for the client to read."""
    wrote: bool = False
    was_behind: bool = False
    """Whether frames were dropped on it, which told who is gone among other things."""

    def serve(self, room: Gathering, number: int, attendance: Attendance) -> None:
        """The server has a session for it."""
        self.room, self.number, self.attendance = room, number, attendance

    def opened(self) -> None:
        """Tell the client that it is connected."""
        self.down.push(Opened())

    def broken(self) -> None:
        """Both directions are lost, at once; who notices when is another matter."""
        if self.up.alive or self.down.alive:
            self.up.cut()
            self.down.cut()
            self.on_broken()
