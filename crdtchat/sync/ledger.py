"""What is accepted but not yet committed: the mirror, and the operations that wait or fly.

Invariants (tests cite the numbers):

L1. At most one append is under way; operations are appended in the order they were accepted.
L2. The mirror is ahead of the committed document by exactly the waiting and flying operations.
L3. What the server adds to an operation (a name's attestation, a purge) is appended with it.
L4. The mirror is there before anything waits: a page that is only read needs none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from crdtchat.sync.codes import Malformed, Refused, RejectCode
from crdtchat.sync.effects import Append, Deed, LogEntry
from crdtchat.sync.encode import EMPTY_UPDATE, encode_deletion, encode_write, join_updates
from crdtchat.sync.footing import Committed, Footing
from crdtchat.sync.leases import Lease, LeaseBook
from crdtchat.sync.limits import OPERATION, REJOIN, TRUSTED, Limits
from crdtchat.sync.message import NO_BROADCAST_ID, Event, EventKind
from crdtchat.sync.mirror import Mirror, Undo
from crdtchat.sync.pace import Pace
from crdtchat.sync.rules import Actor, Law, is_server_client, server_client
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment, Tuning
from crdtchat.sync.update import Update, Value, decode_update, judged
from crdtchat.sync.verifier import Accepted, events, integrate, removal, verify

IMPORT = "import"
"""What writing for people of elsewhere is called in the audit log."""
Write = tuple[str, str, Value | None]
"""Root, key, and a value or None to remove what is there."""
_NEW = EventKind.NEW
_new = tuple.__new__
"""Makes a named tuple in half the time of its constructor."""


class Operation(NamedTuple):
    """One accepted operation on its way into the log."""

    session: int
    """0: the server's own, or written on behalf of somebody without a session."""
    update: Update
    size: int
    """Bytes of the encoded update."""
    entry: LogEntry
    events: tuple[Event, ...]
    ticket: int = 0
    """Of a write without a session; 0 for none."""
    added: bool = False
    """Whether the server added it to the operation before it (L3)."""
    deeds: tuple[Deed, ...] = ()
    peer: Peer | None = None
    """Who wrote it; None for what the server added, and for others' entries."""
    leased: int = 0
    """The client id that its v1 session held; 0 for other sessions and none."""
    writes: tuple[Write, ...] = ()
    """What a write without a session was made of."""
    undo: Undo | None = None
    """Takes it out of the mirror; kept where other nodes may come first."""


class Ledger:
    """Judges, queues and hands out appends."""

    def __init__(
        self,
        law: Law,
        document: Committed,
        *,
        epoch: int,
        leases: Iterable[Lease],
        now: Moment,
        tuning: Tuning,
    ) -> None:
        self.footing = Footing(document, law.rules)
        self.leases = LeaseBook(leases, now.steady, spread=tuning.spread_clients)
        self.waiting: list[Operation] = []
        self.flying: list[Operation] = []
        self.next_flush = now.steady
        """Steady time at which the next append may start."""
        self._pace = Pace(now.steady)
        self._server = server_client(epoch)
        self._law = law
        self._tuning = tuning
        self._flying_leases: tuple[Lease, ...] = ()

    @property
    def mirror(self) -> Mirror:
        """What is committed, waits and flies. Raises FoldError: see `Footing.mirror`."""
        return self.footing.mirror

    @property
    def busy(self) -> bool:
        """Whether operations wait or fly."""
        return bool(self.waiting or self.flying)

    def touches(self, aid: str) -> bool:
        """Whether an operation on this annotation waits or flies."""
        pending = (*self.flying, *self.waiting)
        return any(event.aid == aid for operation in pending for event in operation.events)

    def judge(
        self, data: bytes, actor: Actor, may_write_as: Callable[[int], bool], limits: Limits
    ) -> Accepted | None:
        """Judge an update; None for one that is known already. Raises Refused, FoldError."""
        if data == EMPTY_UPDATE:
            return None  # A stock client that has nothing says so: that needs no mirror.
        verdict = verify(
            data,
            mirror=self.mirror,
            rules=self._law.rules,
            actor=actor,
            may_write_as=may_write_as,
            limits=limits,
        )
        if not isinstance(verdict, Accepted):
            return None
        if actor.annotations or actor.spend is not None:
            self._check_space(verdict, actor)
        return verdict

    def judge_stock(self, data: bytes, actor: Actor) -> Accepted | None:
        """Judge what a stock client sends: under any ids that are free or bound to its user.

        A replica from before an erasure holds the server's items of another epoch, is refused for
        them, and is told what it is.
        """

        def may_write_as(client: int) -> bool:
            return self.leases.may_bind(client, actor.user)

        try:
            return self.judge(data, actor, may_write_as, REJOIN)
        except Malformed:
            raise
        except Refused:
            update = decode_update(data, REJOIN)
            named = [section.client for section in update.sections]
            named += [client for client, _ in update.deletes]
            if any(is_server_client(client) and client != self._server for client in named):
                raise Refused(RejectCode.STALE, "the page was rebuilt: load it anew") from None
            raise

    def write(
        self,
        peer: Peer,
        writes: Sequence[Write],
        broadcast_id: bytes,
        ticket: int,
        now: Moment,
    ) -> bool:
        """Write on behalf of somebody without a session; False if there is nothing to do.

        Raises Refused.
        """
        accepted = self.judge_writes(peer, writes, now, charged=True)
        if accepted is None:
            return False
        self.accept(
            accepted, peer, now, broadcast_id=broadcast_id, ticket=ticket, writes=tuple(writes)
        )
        return True

    def judge_writes(
        self, peer: Peer, writes: Sequence[Write], now: Moment, *, charged: bool = False
    ) -> Accepted | None:
        """Judge writes on behalf of somebody without a session; None if there is nothing to do.

        `charged`: they pay for it out of budget and quota. Raises Refused.
        """
        data = self._encode_writes(writes)
        if data is None:
            return None
        actor = peer.actor(now.wall)
        if charged:
            peer.charge(len(data), now)
        else:
            actor = actor._replace(spend=None)
        return self.judge(data, actor, self._server.__eq__, OPERATION)

    def accept(
        self,
        accepted: Accepted,
        peer: Peer,
        now: Moment,
        *,
        session: int = 0,
        broadcast_id: bytes = NO_BROADCAST_ID,
        ticket: int = 0,
        leased: int = 0,
        writes: tuple[Write, ...] = (),
    ) -> None:
        """Advance the mirror and queue the operation, with what the server adds to it."""
        user, at = peer.user, now.wall
        deeds = self._deeds(accepted, peer, at, "socket" if session else peer.via)
        undo = self._integrate(accepted)
        news = tuple(
            [
                _new(Event, (kind, broadcast_id, aid, cid, user, at))
                for kind, aid, cid in events(accepted.written, self._law.rules)
            ]
        )
        data = accepted.data
        entry = _new(LogEntry, (data, user, at, broadcast_id))
        operation = (session, judged(accepted.update), len(data), entry, news, ticket, False)
        self.waiting.append(_new(Operation, (*operation, deeds, peer, leased, writes, undo)))
        self._attest(peer, now)
        self._purge(accepted, now)

    def start(self, sequence: int, sessions: int, now: Moment) -> Append | None:
        """Begin an append after `sequence` if there is something to write and its time has come."""
        waiting, tuning = self.waiting, self._tuning
        if self.flying or not waiting:
            return None
        if now.steady < self.next_flush and len(waiting) < tuning.early:
            return None
        cut = tuning.batch
        while cut < len(waiting) and waiting[cut].added:
            cut += 1
        self.flying, self.waiting = waiting[:cut], waiting[cut:]
        tick = min(tuning.longest_tick, tuning.tick_per_session * sessions)
        self.next_flush = self._pace.next_after(len(self.flying), tick, now.steady)
        # One loop: most appends are of one operation, and each loop of its own costs a call.
        clients: set[int] = set()
        entries: list[LogEntry] = []
        events: list[Event] = []
        sequences: list[int] = []
        deeds: list[Deed] = []
        conversations = 0
        for number, operation in enumerate(self.flying, sequence + 1):
            entries.append(operation.entry)
            for section in operation.update.sections:
                clients.add(section.client)
            for event in operation.events:
                events.append(event)
                sequences.append(number)
                conversations += event.kind is _NEW
            deeds += operation.deeds
        leases = self._flying_leases = self.leases.take_unsaved(clients)
        return Append(
            sequence,
            tuple(entries),
            leases,
            conversations,
            counted(deeds),
            tuple(events),
            tuple(sequences),
        )

    def landed(self) -> list[Operation]:
        """The append is on disk: answer its operations."""
        flying, self.flying = self.flying, []
        self._flying_leases = ()
        return flying

    def abandon(self) -> list[Operation]:
        """The append failed: go back to the committed state; answer what is lost."""
        lost = self.take_back()
        self.footing.forget()
        return lost

    def take_back(self) -> list[Operation]:
        """The append was not made: hand over all that was on its way. L2 is the caller's now."""
        pending = self.flying + self.waiting
        self.flying, self.waiting = [], []
        self.leases.not_saved(self._flying_leases)
        self._flying_leases = ()
        return pending

    def _check_space(self, accepted: Accepted, actor: Actor) -> None:
        """The last that may refuse: what is taken out of a quota here was written."""
        root, most = self._law.threads, actor.annotations
        added = sum(one.number < 0 and one.root == root for one in accepted.changed)
        if added and most and self.mirror.alive(root) + added > most:
            raise Refused(RejectCode.TOO_MANY, f"the page holds {most} annotations already")
        if added and actor.spend is not None:
            actor.spend(added, actor.now)

    def _encode_writes(self, writes: Sequence[Write]) -> bytes | None:
        """Encode writes (root, key, value or None to remove) under the server's client id.

        None if there is nothing to do.
        """
        parts: list[Update] = []
        clock = self.mirror.next_clock(self._server)
        for root, key, value in writes:
            record = self.mirror.record(root, key)
            origin = record.last if record is not None else None
            if value is not None:
                raw = encode_write(
                    self._server, clock, root=root, key=key, value=value, origin=origin
                )
                clock += 1
            elif record is not None and not record.dead and origin is not None:
                raw = encode_deletion([origin])
            else:
                continue
            parts.append(decode_update(raw, TRUSTED))
        return join_updates(parts) if parts else None

    def _deeds(self, accepted: Accepted, peer: Peer, at: int, via: str) -> tuple[Deed, ...]:
        """What owners should be able to look up; to be asked before the mirror takes it over."""
        rules, noted, user = self._law.rules, self._law.noted, peer.user
        if peer.may_import or peer.may_restore:
            return (Deed("" if peer.via == "command" else user, peer.role, IMPORT, "", at, via),)
        if noted.isdisjoint([root for root, _ in accepted.written]):
            return ()
        return tuple(
            Deed(user, peer.role, action, record.key, at, via)
            for record in accepted.changed
            if record.root in noted
            for action in rules[record.root].deeds(self.mirror, user, record.key, record.facts)
        )

    def _attest(self, peer: Peer, now: Moment) -> None:
        if peer.may_import or peer.may_restore:
            return  # What is imported names its own people.
        root, key, value = self._law.attest(peer.user, peer.name)
        record = self.mirror.record(root, key)
        if record is not None and record.facts == self._law.rules[root].facts(key, value):
            return
        origin = record.last if record is not None else None
        clock = self.mirror.next_clock(self._server)
        self._write_as_server(
            encode_write(self._server, clock, root=root, key=key, value=value, origin=origin), now
        )

    def _purge(self, accepted: Accepted, now: Moment) -> None:
        """Delete what lies behind the tombstones that were just written."""
        rules = self._law.rules
        doomed = [
            record
            for root, key in accepted.written
            if rules[root].is_tombstone
            for record in self.mirror.group(key)
            if not record.dead and rules[root].purges(key, record.root, record.key)
        ]
        if doomed:
            self._add(removal(dict.fromkeys(doomed)), now)

    def _write_as_server(self, data: bytes, now: Moment) -> None:
        actor = Actor("", now.wall, server=True)
        accepted = self.judge(data, actor, self._server.__eq__, TRUSTED)
        if accepted is None:
            raise AssertionError("the server's own writes are never duplicates")
        self._add(accepted, now)

    def _add(self, accepted: Accepted, now: Moment) -> None:
        """Queue what the server adds to the operation before it (L3)."""
        undo = self._integrate(accepted)
        data = accepted.data
        entry = LogEntry(data, "", now.wall, NO_BROADCAST_ID)
        update = judged(accepted.update)
        self.waiting.append(Operation(0, update, len(data), entry, (), 0, added=True, undo=undo))

    def _integrate(self, accepted: Accepted) -> Undo | None:
        undo = None
        if self._tuning.spread_clients:
            undo = self.mirror.before(accepted.changed, accepted.clocks)
        integrate(accepted, self.mirror)
        return undo


def counted(deeds: Sequence[Deed]) -> tuple[Deed, ...]:
    """Deeds with the operations of an import as one line."""
    imports = [deed for deed in deeds if deed.action == IMPORT]
    if not imports:
        return tuple(deeds)
    others = [deed for deed in deeds if deed.action != IMPORT]
    by_whom = Counter((deed.who, deed.role, deed.via) for deed in imports)
    at = imports[-1].at
    lines = [
        Deed(who, role, IMPORT, "", at, via, times) for (who, role, via), times in by_whom.items()
    ]
    return (*others, *lines)


def is_gap(refused: Refused) -> bool:
    """Whether the update builds on something the server has not seen yet."""
    return refused.code in ("clock-gap", "unknown-origin", "unknown-delete")
