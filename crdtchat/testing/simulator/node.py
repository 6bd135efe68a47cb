"""One server process: `crdtchat.host.hub` and what belongs to it without an event loop.

Rooms, sessions, the live documents, `Gathering`, `Following` and `FarPresence` are the real ones;
what is played here is only what awaits: reading and writing connections, the committing thread,
reading from the store, the timers, the broker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from crdtchat.document.replica import EngineFailure, Write
from crdtchat.host.counters import Counters
from crdtchat.host.gathering import Gathering
from crdtchat.host.hook_list import HookList
from crdtchat.host.sources import Sources
from crdtchat.host.telling import Kind
from crdtchat.stores.base import Append, DocumentKey, Loaded, StoreError
from crdtchat.sync.codes import CloseCode, Refused
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment, Tuning
from crdtchat.testing.simulator.committing import CommittingThread
from crdtchat.testing.simulator.connection import Closing, Connection
from crdtchat.testing.simulator.disk import Disk
from crdtchat.testing.simulator.grapevine import Grapevine
from crdtchat.testing.simulator.neighbourhood import Neighbourhood
from crdtchat.testing.simulator.reading import Reading
from crdtchat.testing.simulator.sending import write_to
from crdtchat.testing.simulator.timeline import Timeline
from crdtchat.testing.simulator.trace import Trace, describe
from crdtchat.testing.simulator.witness import Witness

GONE = 1006
"""Close code of a connection that broke."""
_TICK = 0.5
"""Seconds between two looks, as of `crdtchat.host.neighbours` and `crdtchat.host.watch`."""

_Opened = Callable[[Gathering], None]
_Refused = Callable[[StoreError], None]


class _Sources(Sources):
    def __init__(self, node: Node, timeline: Timeline, chance: Random) -> None:
        self._node = node
        self._timeline = timeline
        self._chance = chance

    def now(self) -> Moment:
        return self._timeline.now(self._node.skew_ms)

    def nonce(self) -> str:
        return f"{self._chance.getrandbits(64):016x}"


class Node:
    """Serves connections until it crashes or is restarted, which both may happen again."""

    def __init__(
        self,
        number: int,
        timeline: Timeline,
        disk: Disk,
        grapevine: Grapevine | None,
        trace: Trace,
        witness: Witness,
        chance: Random,
        tuning: Tuning,
    ) -> None:
        """`grapevine`: the way to the other nodes, if there are others."""
        self.name = f"node {number}"
        self.up = True
        self.skew_ms = 0
        """How far its wall clock is off."""
        self.rooms: dict[DocumentKey, Gathering] = {}
        self.touched: set[DocumentKey] = set()
        """Pages on which something happened since the witness looked."""
        self.counters = Counters()
        self._timeline = timeline
        self._disk = disk
        self._grapevine = grapevine
        self._trace = trace
        self._witness = witness
        self._chance = chance
        self._tuning = tuning
        self._hooks = HookList()
        self._sources = _Sources(self, timeline, chance)
        self._life = 0
        self._connections: dict[int, Connection] = {}
        self._loading: dict[DocumentKey, list[tuple[_Opened, _Refused]]] = {}
        self._reading = Reading(disk, chance, self._later)
        self._commits = self._committing()
        self._neighbours = self._meet()
        if grapevine is not None:
            grapevine.nodes.append(self)
        self._later(_TICK, self._tick)

    # ---- connections

    def accept(self, connection: Connection) -> None:
        """A client asks to be served."""
        if not self.up:
            connection.broken()
            return
        self.touched.add(connection.key)
        self._connections[connection.serial] = connection

        def refused(error: StoreError) -> None:
            if self._connections.pop(connection.serial, None) is not None:
                connection.opened()
                connection.down.push(Closing(CloseCode.UNAVAILABLE, str(error)))

        self.open(connection.key, lambda room: self._serve(connection, room), refused)

    def _serve(self, connection: Connection, room: Gathering) -> None:
        if connection.serial not in self._connections:
            return
        number, wanted = room.room.join(
            connection.peer,
            v1=connection.v1,
            nonce=self._sources.nonce(),
            now=self._sources.now(),
            resume=connection.resume,
        )
        connection.serve(room, number, room.attend(number))
        connection.down.on_drained(self._pump)
        self._note(connection.who, f"joins {connection.key.tenant} as session {number}")
        connection.opened()
        room.perform(wanted)
        self._pump()

    def receive(self, connection: Connection, frame: bytes) -> None:
        """A frame arrived."""
        room = connection.room
        if connection.serial not in self._connections or room is None or room.dropped:
            return
        self.touched.add(connection.key)
        self._trace.note(connection.who, f"> {describe(frame)}")
        self._witness.receives(connection, frame)
        backlog = len(room.room.ledger.waiting)
        try:
            wanted = room.room.receive(connection.number, frame, self._sources.now())
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
        self.touched.add(connection.key)
        self._note(connection.who, "leaves")
        if connection.room is not None:
            connection.room.leave(connection.number)
        self._pump()

    # ---- the process

    def crash(self, *, kept: bool) -> None:
        """Die at once. `kept`: a transaction under way is on disk all the same."""
        self._note(self.name, f"crashes, its transaction {'kept' if kept else 'lost'}")
        if kept:
            self._commits.write_down()
        self._die()

    def stop(self) -> None:
        """Stop in good order: send everybody away, commit what waits."""
        self._note(self.name, "stops")
        self._neighbours.leave()
        for room in list(self.rooms.values()):
            room.perform(room.room.close_all(CloseCode.RESTART, "restarting"))
        self._pump()
        while busy := [room for room in self.rooms.values() if room.room.busy]:
            for room in busy:
                room.flush()
            self._commits.flush_now()
            for room in busy:
                if room.room.ledger.flying and not room.dropped:
                    self._read_now(room)
        self._die()

    def start(self) -> None:
        """Begin anew, with nothing but what is on disk."""
        self._note(self.name, "starts")
        self.up = True
        self._later(_TICK, self._tick)

    def _die(self) -> None:
        self.up = False
        self._life += 1
        self.rooms.clear()
        self._loading.clear()
        self._commits.stop()
        self._commits = self._committing()
        self._neighbours = self._meet()
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.broken()

    def _committing(self) -> CommittingThread:
        return CommittingThread(self._timeline, self._disk, self._trace, self._chance, self._pump)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something unless this process has died by then."""
        life = self._life

        def act() -> None:
            if life == self._life and self.up:
                action()

        self._timeline.after(seconds, act)

    def _note(self, who: str, what: str) -> None:
        self._trace.note(who, what if self._grapevine is None else f"{what} ({self.name})")

    # ---- rooms

    def open(self, key: DocumentKey, opened: _Opened, refused: _Refused) -> None:
        """Find or load a room, as `Hub.open` does: many may ask at once, one loads."""
        if key in self.rooms:
            opened(self.rooms[key])
            return
        self._loading.setdefault(key, []).append((opened, refused))
        if len(self._loading[key]) == 1:
            self._neighbours.loading(key)
            loaded, failed = partial(self._loaded, key), partial(self._not_loaded, key)
            self._reading.load(key, _nowhere, loaded, failed)

    def _not_loaded(self, key: DocumentKey, error: StoreError) -> None:
        for _, refused in self._loading.pop(key):
            refused(error)

    def _loaded(self, key: DocumentKey, loaded: Loaded) -> None:
        room = self._gather(key, loaded)
        for opened, _ in self._loading.pop(key):
            opened(room)

    def open_now(self, key: DocumentKey) -> Gathering:
        """The room, loaded without letting time pass. Raises StoreUnavailable."""
        return self.rooms.get(key) or self._gather(key, self._disk.load(key))

    def _gather(self, key: DocumentKey, loaded: Loaded) -> Gathering:
        room = self.rooms[key] = Gathering(
            key,
            loaded,
            committer=self._commits,
            counters=self.counters,
            sources=self._sources,
            tuning=self._tuning,
            hooks=self._hooks,
            keeper=self,
        )
        self._neighbours.opened(room)
        return room

    def evict(self, key: DocumentKey) -> None:
        """Let go of a room if nobody uses it."""
        room = self.rooms.get(key)
        if room is not None and not room.in_use:
            self._note(self.name, f"evicts {key.tenant}")
            self._forget(room)

    def compact(self, key: DocumentKey) -> None:
        """Fold a room's log into a snapshot, as it is now; the store has it a moment later."""
        room = self.rooms.get(key)
        if room is None:
            return
        self._note(self.name, f"compacts {key.tenant}")
        head, state = room.head, room.replica.state()

        def write() -> None:
            try:
                self._disk.snapshot(key, head.epoch, head.sequence, state)
            except StoreError as error:
                self._note(self.name, f"could not: {error}")

        self._later(self._reading.moment(), write)

    def write(
        self,
        room: Gathering,
        peer: Peer,
        writes: tuple[Write, ...],
        broadcast_id: bytes,
        settle: Callable[[int], None],
    ) -> None:
        """Write for somebody without a session; `settle` hears of it as `Gathering.ticket` says.

        Raises Refused.
        """
        self.touched.add(room.key)
        ticket = room.ticket(settle)
        try:
            wanted = room.room.write(peer, writes, broadcast_id, ticket, self._sources.now())
        except Refused:
            room.forget(ticket)
            raise
        room.perform(wanted)
        self._pump()

    def read_rest(self, room: Gathering) -> None:
        """See `Keeper`: as `crdtchat.host.catching_up` does."""

        def arrive(hand_over: Callable[[], None]) -> None:
            self.touched.add(room.key)
            hand_over()
            self._pump()

        self._reading.load(
            room.key,
            lambda: room.head,
            lambda loaded: arrive(lambda: room.following.loaded(room, loaded)),
            lambda error: arrive(lambda: room.following.failed(room, error)),
        )

    def _read_now(self, room: Gathering) -> None:
        try:
            loaded = self._disk.load(room.key, known=room.head)
        except StoreError as error:
            room.following.failed(room, error)
        else:
            room.following.loaded(room, loaded)

    def tell(self, room: Gathering, append: Append) -> None:
        """See `Keeper`."""
        self._neighbours.tell(append)

    def changed(self, room: Gathering) -> None:
        """See `Keeper`."""
        self.touched.add(room.key)
        if room.dropped:
            self._note(self.name, f"drops {room.key.tenant}")
            self._forget(room)
            return
        at = room.room.wake_at
        if at >= room.wake_at:
            return
        room.wake_at = at

        def wake() -> None:
            if room.wake_at == at and not room.dropped:
                room.wake_at = float("inf")
                room.perform(room.room.wake(self._sources.now()))
                self._pump()

        self._later(max(0.0, at - self._timeline.steady), wake)

    def _forget(self, room: Gathering) -> None:
        if self.rooms.get(room.key) is room:
            del self.rooms[room.key]
            self._neighbours.closed(room)

    # ---- other nodes

    def hear(self, key: DocumentKey | None, kind: Kind, body: bytes) -> None:
        """Another node tells something."""
        room = self.rooms.get(key) if key is not None else None
        if not self.up or (key is not None and room is None):
            return
        if key is not None:
            self.touched.add(key)
        self._neighbours.hear(room, kind, body)
        if room is not None:
            self._pump()

    def _tick(self) -> None:
        if self._neighbours.tick(self._timeline.steady):
            self._pump()
        self._later(_TICK, self._tick)

    def _meet(self) -> Neighbourhood:
        """New neighbours, who know nothing of this process's last life."""
        name = f"{self.name}, life {self._life}"
        return Neighbourhood(self, name, self.rooms, self._disk, self._grapevine, self._timeline)

    # ---- sending

    def _pump(self) -> None:
        """Write what may be written to every connection."""
        for connection in list(self._connections.values()):
            if connection.serial in self._connections and write_to(
                connection, self._trace, self._witness
            ):
                self.hang_up(connection)

    def connections_of(self, room: Gathering) -> list[Connection]:
        """The connections this process serves in a room."""
        return [one for one in self._connections.values() if one.room is room]


def _nowhere() -> None:
    """The place of a room that is not there yet."""
