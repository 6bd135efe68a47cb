"""One server process: `crdtchat.host.hub` and its committer without an event loop.

Rooms, sessions, the live documents and `Gathering` are the real ones; what is played here is only
what awaits: reading and writing connections, the committing thread, the timer.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from crdtchat.document.replica import EngineFailure, Write
from crdtchat.host.counters import Counters
from crdtchat.host.gathering import Gathering
from crdtchat.host.hook_list import HookList
from crdtchat.host.sources import Sources
from crdtchat.stores.base import Append, DocumentKey, StoreError
from crdtchat.sync.codes import CloseCode, Refused
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment, Tuning
from crdtchat.testing.simulator.committing import CommittingThread
from crdtchat.testing.simulator.connection import Closing, Connection
from crdtchat.testing.simulator.disk import Disk
from crdtchat.testing.simulator.timeline import Timeline
from crdtchat.testing.simulator.trace import Trace, describe
from crdtchat.testing.simulator.witness import Witness

GONE = 1006
"""Close code of a connection that broke."""


class _Sources(Sources):
    def __init__(self, timeline: Timeline, chance: Random) -> None:
        self._timeline = timeline
        self._chance = chance

    def now(self) -> Moment:
        return self._timeline.now()

    def nonce(self) -> str:
        return f"{self._chance.getrandbits(64):016x}"


class Node:
    """Serves connections until it crashes or is restarted, which both may happen again."""

    def __init__(
        self,
        timeline: Timeline,
        disk: Disk,
        trace: Trace,
        witness: Witness,
        chance: Random,
        tuning: Tuning,
    ) -> None:
        self.up = True
        self.rooms: dict[DocumentKey, Gathering] = {}
        self.counters = Counters()
        self._timeline = timeline
        self._disk = disk
        self._trace = trace
        self._witness = witness
        self._chance = chance
        self._tuning = tuning
        self._hooks = HookList()
        self._sources = _Sources(timeline, chance)
        self._life = 0
        self._connections: dict[int, Connection] = {}
        self._commits = self._committing()

    # ---- connections

    def accept(self, connection: Connection) -> None:
        """A client asks to be served."""
        if not self.up:
            connection.broken()
            return
        try:
            room = self.open(connection.key)
        except StoreError as error:
            connection.opened()
            connection.down.push(Closing(CloseCode.UNAVAILABLE, str(error)))
            return
        number, wanted = room.room.join(
            connection.peer,
            v1=connection.v1,
            nonce=self._sources.nonce(),
            now=self._timeline.now(),
            resume=connection.resume,
        )
        connection.serve(room, number, room.attend(number))
        connection.down.on_drained(self._pump)
        self._connections[connection.serial] = connection
        self._trace.note(connection.who, f"joins {connection.key.tenant} as session {number}")
        connection.opened()
        room.perform(wanted)
        self._pump()

    def receive(self, connection: Connection, frame: bytes) -> None:
        """A frame arrived."""
        room = connection.room
        if connection.serial not in self._connections or room is None:
            return
        self._trace.note(connection.who, f"> {describe(frame)}")
        self._witness.receives(
            connection.key, connection.peer.user, frame, honest=connection.honest
        )
        backlog = len(room.room.ledger.waiting)
        try:
            wanted = room.room.receive(connection.number, frame, self._timeline.now())
        except EngineFailure as error:
            raise self._trace.fail(f"{connection.who} made the engine fail: {error}") from error
        if len(room.room.ledger.waiting) > backlog and not connection.peer.may_comment:
            raise self._trace.fail(f"{connection.who} may not write and did")
        room.perform(wanted)
        self._pump()

    def hang_up(self, connection: Connection) -> None:
        """The connection is gone, and this process has noticed."""
        if self._connections.pop(connection.serial, None) is None:
            return
        self._trace.note(connection.who, "leaves")
        if connection.room is not None:
            connection.room.leave(connection.number)
        self._pump()

    # ---- the process

    def crash(self, *, kept: bool) -> None:
        """Die at once. `kept`: a transaction under way is on disk all the same."""
        self._trace.note("node", f"crashes, its transaction {'kept' if kept else 'lost'}")
        if kept:
            self._commits.write_down()
        self._die()

    def stop(self) -> None:
        """Stop in good order: send everybody away, commit what waits."""
        self._trace.note("node", "stops")
        for room in self.rooms.values():
            room.perform(room.room.close_all(CloseCode.RESTART, "restarting"))
        self._pump()
        while any(room.room.busy for room in self.rooms.values()):
            for room in self.rooms.values():
                room.flush()
            self._commits.flush_now()
        self._die()

    def start(self) -> None:
        """Begin anew, with nothing but what is on disk."""
        self._trace.note("node", "starts")
        self.up = True

    def _die(self) -> None:
        self.up = False
        self._life += 1
        self.rooms.clear()
        self._commits.stop()
        self._commits = self._committing()
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.broken()

    def _committing(self) -> CommittingThread:
        return CommittingThread(self._timeline, self._disk, self._trace, self._chance, self._pump)

    # ---- rooms

    def open(self, key: DocumentKey) -> Gathering:
        """Find or load a room. Raises StoreUnavailable."""
        if key not in self.rooms:
            self.rooms[key] = Gathering(
                key,
                self._disk.load(key),
                committer=self._commits,
                counters=self.counters,
                sources=self._sources,
                tuning=self._tuning,
                hooks=self._hooks,
                keeper=self,
            )
        return self.rooms[key]

    def evict(self, key: DocumentKey) -> None:
        """Let go of a room if nobody uses it."""
        room = self.rooms.get(key)
        if room is not None and not room.in_use:
            self._trace.note("node", f"evicts {key.tenant}")
            del self.rooms[key]

    def compact(self, key: DocumentKey) -> None:
        """Fold a room's log into a snapshot."""
        room = self.rooms.get(key)
        if room is not None and self._disk.available:
            self._trace.note("node", f"compacts {key.tenant}")
            self._disk.snapshot(key, room.room.history.sequence, room.replica.state())

    def write(
        self,
        key: DocumentKey,
        peer: Peer,
        writes: tuple[Write, ...],
        broadcast_id: bytes,
        settle: Callable[[int], None],
    ) -> None:
        """Write for somebody without a session; `settle` hears of it as `Gathering.ticket` says.

        Raises Refused, StoreUnavailable.
        """
        room = self.open(key)
        ticket = room.ticket(settle)
        try:
            wanted = room.room.write(peer, writes, broadcast_id, ticket, self._timeline.now())
        except Refused:
            room.forget(ticket)
            raise
        room.perform(wanted)
        self._pump()

    def read_rest(self, room: Gathering) -> None:
        """See `Keeper`. There is no other node: only of an ended epoch a room misses something."""
        room.drop(CloseCode.UNAVAILABLE, "the page was rebuilt")

    def tell(self, room: Gathering, append: Append) -> None:
        """See `Keeper`. There is nobody to tell."""

    def changed(self, room: Gathering) -> None:
        """See `Keeper`."""
        at = room.room.wake_at
        if at >= room.wake_at or room.dropped:
            return
        room.wake_at = at
        life = self._life

        def wake() -> None:
            if life == self._life and room.wake_at == at and not room.dropped:
                room.wake_at = float("inf")
                room.perform(room.room.wake(self._timeline.now()))
                self._pump()

        self._timeline.at(at, wake)

    # ---- sending

    def _pump(self) -> None:
        """Write what may be written to every connection."""
        for connection in list(self._connections.values()):
            if connection.serial in self._connections and self._write_to(connection):
                self.hang_up(connection)

    def _write_to(self, connection: Connection) -> bool:
        """As `Hub._send` does; True when the connection has been told to end."""
        room, attendance = connection.room, connection.attendance
        if room is None or attendance is None:
            return False
        outbox = attendance.outbox
        while True:
            while connection.unsent and not connection.down.full:
                frame = connection.unsent.popleft()
                self._witness.sends(connection.key, connection.who, frame, honest=connection.honest)
                connection.down.push(frame)
            if connection.unsent:
                return False
            if outbox.behind and (connection.wrote or not outbox):
                self._trace.note(connection.who, "is behind and gets a difference")
                room.perform(room.room.drained(connection.number))
            connection.wrote = bool(outbox)
            if not outbox:
                break
            connection.unsent.extend(outbox.take())
        if attendance.ending is None:
            return False
        code, reason = attendance.ending
        self._witness.closes(
            connection.who, connection.honest, not connection.v1, int(code), reason
        )
        connection.down.push(Closing(int(code), reason))
        return True

    def connections_of(self, key: DocumentKey) -> list[Connection]:
        """The connections this process serves on a page."""
        return [one for one in self._connections.values() if one.key == key]
