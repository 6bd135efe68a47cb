"""A room at work: carries out its effects, owns its live document, and wakes its sessions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import anyio

from crdtchat.document.replica import EngineFailure, Write
from crdtchat.document.rules import LAW
from crdtchat.host.attendance import Attendance
from crdtchat.host.channel import Direct
from crdtchat.host.committer import Committer, Outcome
from crdtchat.host.counters import Counters
from crdtchat.host.damage import unreadable
from crdtchat.host.folding import replica_of
from crdtchat.host.following import Following
from crdtchat.host.hook_list import HookList
from crdtchat.host.progress import Progress
from crdtchat.host.sources import Sources
from crdtchat.stores import base
from crdtchat.stores.base import StoreUnavailable
from crdtchat.sync import effects
from crdtchat.sync.codes import FORBIDDEN, CloseCode, Malformed, Refused
from crdtchat.sync.fold import FoldError
from crdtchat.sync.leases import Lease
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.presence import Far
from crdtchat.sync.room import Room
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning

logger = logging.getLogger("crdtchat.host")

Listener = Callable[[effects.Publish | None], None]
"""Hears of committed operations; None: this room tells no more, as it was given up."""

_LOST = "the write could not be saved now; try again"
_UNKNOWN = "it is not known whether this was saved; try again with the same broadcastId"
BACKLOG = 2_048
"""Operations a room may have waiting before its readers pause."""


class Keeper(Protocol):
    """Whoever holds a room, as the room knows it."""

    def changed(self, room: Gathering) -> None:
        """The room did something: it may want to be woken at another time, or be dropped."""

    def read_rest(self, room: Gathering) -> None:
        """Start to read what the room misses; answer by `Following.loaded` or `failed`."""

    def tell(self, room: Gathering, append: base.Append) -> None:
        """The room's append is in the log."""


class Gathering:
    """The host's side of one room. Everything here runs in the event loop's thread."""

    def __init__(
        self,
        key: base.DocumentKey,
        loaded: base.Loaded,
        *,
        committer: Committer,
        counters: Counters,
        sources: Sources,
        tuning: Tuning,
        hooks: HookList,
        keeper: Keeper,
    ) -> None:
        """Build the live document. Raises EngineFailure if what is stored cannot be read back."""
        self.key = key
        self.dropped = False
        self.revision = 0
        """The store's, when this room was loaded or last found to be of the page's epoch."""
        self.replica = replica_of(loaded)
        self.since_snapshot = len(loaded.entries)
        self.last_used = sources.now().steady
        self.wake_at = float("inf")
        """When the hub's timer will wake this room."""
        self.progress = Progress()
        self._committer = committer
        self._counters = counters
        self._meter = counters.meter(key.tenant)
        self._sources = sources
        self._hooks = hooks
        self._keeper = keeper
        self.following: Following[Gathering] = Following(keeper.read_rest)
        self._attendances: dict[int, Attendance] = {}
        self._tickets: dict[int, Callable[[int], None]] = {}
        self._next_ticket = 1
        self._listeners: dict[int, Listener] = {}
        self._next_listener = 1
        self._told_of_backup = False
        self.room = Room(
            law=LAW,
            document=self.replica,
            epoch=loaded.epoch,
            sequence=loaded.sequence,
            leases=[Lease(row.client, row.user, row.nonce) for row in loaded.leases],
            now=sources.now(),
            tuning=tuning,
        )

    def attend(self, number: int, direct: Direct | None = None) -> Attendance:
        """Register the connection of a session that just joined."""
        attendance = Attendance(self.room.outbox(number), self._meter, direct)
        self._attendances[number] = attendance
        return attendance

    def leave(self, number: int) -> None:
        """A session's connection ended."""
        del self._attendances[number]
        self.last_used = self._sources.now().steady
        if not self.dropped:
            self.perform(self.room.leave(number, self._sources.now()))

    def end(self, number: int, code: CloseCode, reason: str) -> None:
        """End a session for a reason that the room does not know."""
        self.perform(self.room.close(number, code, reason))

    def departures(self) -> list[Callable[[], None]]:
        """One for each session and listener: sends it away, to come back elsewhere."""
        sessions = [partial(self._send_away, number) for number in self._attendances]
        return [*sessions, *(partial(listener, None) for listener in self._listeners.values())]

    def _send_away(self, number: int) -> None:
        if number in self._attendances and not self.dropped:
            self.end(number, CloseCode.RESTART, "restarting")

    def receive(self, number: int, frame: bytes) -> None:
        """A frame came in on a session."""
        meter = self._meter
        meter.messages_received += 1
        meter.bytes_received += len(frame)
        try:
            self.perform(self.room.receive(number, frame, self._sources.now()))
        except (EngineFailure, FoldError) as error:
            self.fail(error)

    def receive_nowait(self, number: int, frame: bytes) -> bool:
        """The same, unless it has to wait: then False, and it is for the connection's reader."""
        attendance = self._attendances[number]
        if attendance.reading or self.dropped or self.room.backlog > BACKLOG:
            return False
        self.receive(number, frame)
        return True

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for all that is committed from now on; answers how to stop."""
        number = self._next_listener
        self._next_listener += 1
        self._listeners[number] = listener

        def stop() -> None:
            self._listeners.pop(number, None)
            self.last_used = self._sources.now().steady

        return stop

    def hush(self) -> None:
        """Tell all listeners that there is no more to come."""
        for listener in list(self._listeners.values()):
            listener(None)

    def ticket(self, settle: Callable[[int], None]) -> int:
        """Number a write whose outcome `settle` wants to hear (0: it failed)."""
        number = self._next_ticket
        self._next_ticket += 1
        self._tickets[number] = settle
        return number

    def forget(self, ticket: int) -> None:
        """The write of this ticket was refused."""
        del self._tickets[ticket]

    async def write(self, peer: Peer, writes: Sequence[Write], broadcast_id: bytes) -> int:
        """Write on behalf of a user without a session; answers the durable sequence number.

        The writes are judged before this waits for anything: what the caller read in the same
        breath still holds. Raises Refused if a rule is broken, StoreError if it cannot be saved.
        """
        if self.dropped:
            raise StoreUnavailable(_LOST)
        _, done = self.mirror, anyio.Event()
        outcome: list[int] = []

        def settle(sequence: int) -> None:
            outcome.append(sequence)
            done.set()

        ticket = self.ticket(settle)
        try:
            wanted = self.room.write(peer, writes, broadcast_id, ticket, self._sources.now())
        except BaseException as error:
            self.forget(ticket)
            if isinstance(error, Refused) and error.code in FORBIDDEN:
                now, refusals = self._sources.now().wall, self._counters.refusals
                refusals.note(
                    self.key, error.code, now, who=peer.user, role=peer.role, via=peer.via
                )
            raise
        self.perform(wanted)
        await done.wait()
        if not outcome[0]:
            raise StoreUnavailable(_UNKNOWN)
        return outcome[0]

    async def settled(self, aid: str) -> None:
        """Wait until no operation on this annotation is on its way to the log: then `replica`
        holds its newest state. Raises StoreUnavailable if the room was given up meanwhile."""
        while self.room.ledger.touches(aid) and not self.dropped:
            await self.progress.wait()
        if self.dropped:
            raise StoreUnavailable(_LOST)

    @property
    def mirror(self) -> Mirror:
        """See `Ledger.mirror`. Raises StoreCorrupt, and gives the room up, if there can be none."""
        try:
            return self.room.ledger.mirror
        except FoldError as error:
            self.fail(error)
            raise unreadable(self.key) from error

    @property
    def head(self) -> base.Head:
        """The place in the log that this room has come to."""
        return base.Head(self.room.history.epoch, self.room.history.sequence)

    @property
    def flying(self) -> bool:
        """Whether an append of its own is under way."""
        return bool(self.room.ledger.flying)

    @property
    def in_use(self) -> bool:
        """Whether it must stay in memory."""
        return bool(self._attendances or self._tickets or self._listeners or self.room.busy)

    def perform(self, wanted: Iterable[effects.Effect]) -> None:
        """Carry out effects in order. Nothing here waits."""
        for effect in wanted:
            match effect:
                case effects.Send(sessions):
                    for number in sessions:
                        attendance = self._attendances.get(number)
                        if attendance is not None:
                            attendance.wake()
                case effects.Append():
                    self._append(effect)
                case effects.Apply(update):
                    self.replica.apply(update)
                case effects.Close(number, code, reason):
                    self._end(number, code, reason)
                case effects.Publish():
                    for listener in list(self._listeners.values()):
                        listener(effect)
                case effects.Settled(ticket, sequence):
                    self._tickets.pop(ticket)(sequence)
                case effects.Count(name, amount):
                    self._counters.add(name, amount)
                case effects.Doubt():
                    self.following.doubt(self)
                case effects.Ahead():
                    self._tell_of_backup()
                case effects.Refusal(user, role, code):
                    now = self._sources.now().wall
                    refusals = self._counters.refusals
                    refusals.note(self.key, code, now, who=user, role=role, via="socket")
        self._keeper.changed(self)

    def flush(self) -> None:
        """Start the append of whatever waits for its tick."""
        if not self.dropped:
            self.perform(self.room.flush(self._sources.now()))

    def drop(self, code: CloseCode, reason: str) -> None:
        """Give the room up: the log is the truth, the next to come opens it anew."""
        if self.dropped:
            return
        self.dropped = True
        self._counters.add("rooms_dropped")
        for number in list(self._attendances):
            self._end(number, code, reason)
        for settle in self._tickets.values():
            settle(0)
        self._tickets.clear()
        self.progress.end()
        self.hush()
        self._keeper.changed(self)

    def _append(self, effect: effects.Append) -> None:
        append = base.Append(
            key=self.key,
            epoch=self.room.history.epoch,
            after=effect.after,
            entries=effect.entries,
            leases=tuple(
                base.Lease(lease.client, lease.user, lease.nonce) for lease in effect.leases
            ),
            conversations=effect.conversations,
            deeds=effect.deeds,
            notices=self._hooks.notices(
                self.key, self.room.history.epoch, effect.events, effect.sequences
            ),
        )
        self._committer.submit(append, partial(self._settle, append))
        self.since_snapshot += len(append.entries)

    def absorb(self, entries: Sequence[base.Entry], leases: Iterable[base.Lease]) -> None:
        """Take in what others appended: see `Room.absorb`."""
        given = [Lease(row.client, row.user, row.nonce) for row in leases]
        self.since_snapshot += len(entries)
        try:
            self.perform(self.room.absorb(entries, given, self._sources.now()))
        except (EngineFailure, FoldError, Malformed) as error:
            self.fail(error)
        self.progress.tell()

    def _tell_of_backup(self) -> None:
        if not self._told_of_backup:
            self._told_of_backup = True
            logger.warning(
                "a client has seen more of a page's log than there is: was a backup put in its "
                "place? Then run crdtchat restored, lest others go on with what it does not hold"
            )

    def hear_presence(self, node: str, far: Far) -> None:
        """Another node tells who is on this page there."""
        self.room.presence.hear(node, far)
        for _, user, _, _, client in far.named:
            if client:
                self.room.ledger.leases.announce(client, user)
        self.perform(self.room.wake(self._sources.now()))

    def assured(self) -> None:
        """See `Room.assured`."""
        try:
            self.perform(self.room.assured(self._sources.now()))
        except (EngineFailure, FoldError) as error:
            self.fail(error)

    def unsure(self, reason: str) -> None:
        """See `Room.unsure`."""
        self.perform(self.room.unsure(f"cannot be read now: {reason}"))

    def failed(self, reason: str) -> None:
        """The append under way was not made, and what others wrote cannot be read now."""
        self._counters.add("appends_failed")
        self.perform(self.room.failed(f"cannot be saved now: {reason}"))
        self.progress.tell()

    def _settle(self, append: base.Append, outcome: Outcome) -> None:
        if self.dropped:
            return
        try:
            if isinstance(outcome, base.Conflict):
                self._counters.add("appends_conflicting")
                self.following.conflict(self)
            elif isinstance(outcome, base.StoreError):
                self.failed(outcome.told)
                # It may be in the log all the same.
                self.following.doubt(self)
                self.following.settled(self)
            else:
                # Those who read it here come first: for them every tenth of a millisecond counts.
                self.perform(self.room.committed(self._sources.now()))
                self._counters.add("appends")
                if append.notices:
                    self._hooks.on_queued()
                self._keeper.tell(self, append)
                self.following.settled(self)
        except EngineFailure as error:
            self.fail(error)
        self.progress.tell()

    def fail(self, error: Exception) -> None:
        """The engine failed on this document, or it is none of ours."""
        logger.error("page given up: %s", error)
        self._counters.add("engine_failures")
        self.drop(CloseCode.INTERNAL, "the document is being rebuilt")

    def _end(self, number: int, code: CloseCode, reason: str) -> None:
        attendance = self._attendances.get(number)
        if attendance is not None and attendance.ending is None:
            attendance.ending = (code, reason)
            attendance.wake()
            self._counters.add(f"closed_{int(code)}")
