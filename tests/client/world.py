"""A world without sockets: real providers, a real room, and pipes that tests move by hand."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from itertools import count

from crdtchat.client.actions import Actions
from crdtchat.client.effects import Effect as ClientEffect
from crdtchat.client.effects import Hangup, Happened, Send, WakeAt
from crdtchat.client.intents import Operation
from crdtchat.client.news import PageEvent
from crdtchat.client.provider import NORMAL, Phase, Provider
from crdtchat.document.replica import Replica
from crdtchat.document.rules import LAW
from crdtchat.document.schema import ROOTS
from crdtchat.document.view import Annotation, read_view
from crdtchat.sync import effects
from crdtchat.sync.leases import Lease
from crdtchat.sync.room import Room
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment, Tuning
from crdtchat.sync.update import Value

START = 1_800_000_000_000
Content = dict[str, dict[str, Value]]


class Clock:
    """Goes on by one millisecond whenever somebody looks."""

    def __init__(self) -> None:
        self.wall = START
        self.set_back = 0
        """Milliseconds by which the server's clock was set back."""

    def now(self) -> int:
        self.wall += 1
        return self.wall

    def moment(self) -> Moment:
        return Moment(self.now() / 1_000, self.wall - self.set_back)


class Server:
    """A room over a log in memory. Appends wait until `commit` or `fail`."""

    def __init__(self, clock: Clock, tuning: Tuning | None = None) -> None:
        self.clock = clock
        self.tuning = tuning
        self.log: list[effects.LogEntry] = []
        self.leases: dict[int, Lease] = {}
        self.epoch = 1
        self.nonces = count(1)
        self.start()

    def start(self) -> None:
        """Open the room anew from the log; every session is gone."""
        self.document = Replica()
        for entry in self.log:
            self.document.apply(entry.update)
        self.pending: effects.Append | None = None
        self.closed: dict[int, tuple[int, str]] = {}
        self.room = Room(
            law=LAW,
            document=self.document,
            epoch=self.epoch,
            sequence=len(self.log),
            leases=self.leases.values(),
            now=self.clock.moment(),
            tuning=self.tuning,
        )

    def perform(self, wanted: Iterable[effects.Effect]) -> None:
        for effect in wanted:
            match effect:
                case effects.Append():
                    self.pending = effect
                case effects.Apply(update):
                    self.document.apply(update)
                case effects.Close(session, code, reason):
                    self.closed[session] = (int(code), reason)
                case effects.Doubt():
                    self.look()

    def look(self) -> None:
        """The log was looked at, and is no longer than the room knows."""
        self.perform(self.room.assured(self.clock.moment()))

    def commit(self) -> None:
        if self.pending is not None:
            append, self.pending = self.pending, None
            self.log += append.entries
            self.leases.update({lease.client: lease for lease in append.leases})
            self.perform(self.room.committed(self.clock.moment()))

    def fail(self) -> None:
        if self.pending is not None:
            self.pending = None
            self.perform(self.room.failed("disk full"))

    def content(self) -> Content:
        return {root: self.document.values(root) for root in ROOTS}

    def count_differences(self) -> list[bytes]:
        """A list to which the vector of each difference that is computed from now on is added."""
        asked: list[bytes] = []
        whole = self.document.difference

        def difference(state_vector: bytes) -> bytes:
            asked.append(state_vector)
            return whole(state_vector)

        self.document.difference = difference  # type: ignore[method-assign]
        return asked


class Client:
    """A provider and its connection."""

    def __init__(self, server: Server, user: str, seed: int, role: str = "commenter") -> None:
        self.server = server
        self.peer = Peer(user, user.title(), role, role != "viewer", role == "moderator")
        self.provider = Provider()
        chance = random.Random(seed)
        self.actions = Actions(self.provider, chance.randbytes)
        self.session: int | None = None
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.news: list[PageEvent] = []
        self.submitted: list[Operation] = []
        self.wake_at = 0
        self.ahead = 0
        """Milliseconds that this machine's clock is ahead of the server's."""

    def now(self) -> int:
        return self.server.clock.now() + self.ahead

    # ---- the network

    def connect(self) -> None:
        if self.session is not None or self.provider.phase is Phase.STOPPED:
            return
        client, _, nonce = self.provider.lease.partition("-")
        self.session, wanted = self.server.room.join(
            self.peer,
            v1=True,
            nonce=f"n{next(self.server.nonces)}",
            now=self.server.clock.moment(),
            resume=(int(client), nonce) if nonce else None,
        )
        self.server.perform(wanted)
        self.perform(self.provider.receive_opened())

    def cut(self, code: int = 1006, *, known: bool = True) -> None:
        """The connection breaks and what was on the way is lost. `known`: the server sees it."""
        if self.session is None:
            return
        if known:
            self.server.perform(self.server.room.leave(self.session, self.server.clock.moment()))
        self.session = None
        self.up.clear()
        self.down.clear()
        self.provider.receive_closed(code, "")

    def carry_up(self) -> bool:
        """One frame from client to server."""
        if self.session is None or not self.up:
            return False
        frame = self.up.popleft()
        moment = self.server.clock.moment()
        self.server.perform(self.server.room.receive(self.session, frame, moment))
        return True

    def transmit(self) -> bool:
        """What waits in the server's outbox goes on its way."""
        if self.session is None:
            return False
        frames = self.server.room.outbox(self.session).take()
        self.down.extend(frames)
        self.server.perform(self.server.room.drained(self.session))
        return bool(frames)

    def carry_down(self) -> bool:
        """One frame from server to client."""
        if self.session is None:
            return False
        if self.down:
            frame = self.down.popleft()
            self.perform(self.provider.receive_frame(frame, self.now()))
            return True
        if self.session in self.server.closed and not self.server.room.outbox(self.session):
            self.cut(self.server.closed[self.session][0])
            return True
        return False

    def perform(self, wanted: Iterable[ClientEffect]) -> None:
        for effect in wanted:
            match effect:
                case Send(frame):
                    assert self.session is not None, "sent without a connection"
                    self.up.append(frame)
                case Happened(event):
                    self.news.append(event)
                case WakeAt(at):
                    self.wake_at = at
                case Hangup(code, reason):
                    assert code == NORMAL, f"hung up: {code} {reason}"
                    self.cut(code)

    # ---- people

    def submit(self, operation: Operation) -> None:
        self.submitted.append(operation)
        self.perform(self.provider.submit(operation, self.now()))

    def view(self) -> tuple[Annotation, ...]:
        return read_view(self.provider)

    def content(self) -> Content:
        return {root: self.provider.values(root) for root in ROOTS}


def settle(server: Server, clients: Iterable[Client]) -> None:
    """Connect everybody and go on until nothing moves."""
    everybody = list(clients)
    for _ in range(10_000):
        moved = False
        for client in everybody:
            client.connect()
            while client.carry_up() or client.transmit() or client.carry_down():
                moved = True
            if client.wake_at and client.session is not None:
                server.clock.wall = max(server.clock.wall, client.wake_at)
                client.wake_at = 0
                client.perform(client.provider.receive_time(client.now()))
                moved = True
        server.perform(server.room.wake(Moment(float("inf"), server.clock.moment().wall)))
        if server.pending is not None:
            server.commit()
            moved = True
        if not moved and not any(client.up or client.down for client in everybody):
            return
    raise AssertionError("the world does not come to rest")
