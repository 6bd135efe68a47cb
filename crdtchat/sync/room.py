"""A room: the live gathering around one page. Takes input, answers effects, does nothing itself.

Invariants (tests cite the numbers):

R1. A change leaves the room for anybody's outbox only after `committed`.
R2. At most one append is under way; sequence numbers have no holes.
R3. The mirror is ahead of the document by exactly the queued and flying operations.
R4. Nothing is sent to the session that wrote it, except what the server added.
R5. A session's outbox receives batches only after its first state, and every batch after it.
R6. Every operation of an open v1 session is answered once, by ack or reject, or the session is
    closed with a code that says retry; after a reject later ones are ignored until a resync.
R7. Nothing that arrives on a session raises out of the room or touches another session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from crdtchat.sync import message
from crdtchat.sync.awareness import decode_awareness
from crdtchat.sync.codes import CloseCode, Malformed, Refused, RejectCode
from crdtchat.sync.effects import (
    Append,
    Close,
    Count,
    Effect,
    LogEntry,
    Publish,
    Send,
    Settled,
)
from crdtchat.sync.encode import EMPTY_UPDATE, encode_deletion, encode_write, join_updates
from crdtchat.sync.fold import fold
from crdtchat.sync.leases import Lease, LeaseBook
from crdtchat.sync.limits import OPERATION, REJOIN, TRUSTED, Limits
from crdtchat.sync.message import NO_BROADCAST_ID, Event
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.outbox import Outbox
from crdtchat.sync.presence import Presence
from crdtchat.sync.ring import Ring
from crdtchat.sync.rules import SERVER_CLIENT, Actor, Law
from crdtchat.sync.session import Peer, Session
from crdtchat.sync.statevector import decode_state_vector, encode_state_vector
from crdtchat.sync.update import Update, Value, decode_update
from crdtchat.sync.verifier import Accepted, events, integrate, verify


class Document(Protocol):
    """The live document as the room needs it: committed operations only."""

    def apply(self, update: bytes) -> None:
        """Apply a verified update."""

    def state(self) -> bytes:
        """The whole document as one update."""

    def difference(self, state_vector: bytes) -> bytes:
        """What is missing from a state vector."""


class Moment(NamedTuple):
    """Now."""

    steady: float
    """Seconds that never go back, for durations."""
    wall: int
    """Milliseconds since 1970, for records."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Figures of a room; the defaults are those of the measurements in docs/performance.md."""

    longest_tick: float = 0.02
    """Seconds that operations wait for company under load. The first of an idle room does not."""
    tick_per_session: float = 0.0001
    batch: int = 256
    """Operations in one append at most."""
    early: int = 64
    """That many waiting operations do not wait for the tick."""
    in_flight: int = 256
    outbox_bytes: int = 49_152
    answers_bytes: int = 4_194_304
    ring_bytes: int = 131_072
    presence_tick: float = 0.05
    presence_tick_per_session: float = 0.0004
    longest_presence_tick: float = 0.8
    renewal: float = 15.0
    """Stock clients forget awareness after 30 seconds, and hang up after as long a silence."""
    heartbeat: float = 20.0


class _Operation(NamedTuple):
    session: int
    """0: the server's own, or by `write`."""
    update: Update
    size: int
    entry: LogEntry
    events: tuple[Event, ...]
    ticket: int


class Room:
    """See the invariants above. All methods return the effects they cause, in order."""

    def __init__(
        self,
        *,
        law: Law,
        document: Document,
        epoch: int,
        sequence: int,
        leases: Iterable[Lease],
        now: Moment,
        tuning: Tuning | None = None,
    ) -> None:
        """`document` holds everything up to `sequence`; the mirror is folded from its state.

        Raises FoldError or Malformed if that state is not one that a verifier let through.
        """
        self.tuning = tuning or Tuning()
        self.epoch = epoch
        self.sequence = sequence
        """Of the newest committed operation, which the document holds."""
        self.presence = Presence()
        self.mirror = Mirror()
        self._law = law
        self._document = document
        self._leases = LeaseBook(leases, now.steady)
        self._sessions: dict[int, Session] = {}
        self._numbers = 0
        self._waiting: list[_Operation] = []
        self._flying: list[_Operation] = []
        self._flying_leases: tuple[Lease, ...] = ()
        self._late_acks: list[tuple[int, bytes]] = []
        self._ring = Ring(sequence, self.tuning.ring_bytes)
        self._next_flush = now.steady
        self._presence_at = 0.0
        self._renewal_at = 0.0
        self._differences: dict[bytes, bytes] = {}
        self._effects: list[Effect] = []
        self._ready: dict[int, None] = {}
        fold(document.state(), self.mirror, law.rules)

    # ---- sessions

    @property
    def sessions(self) -> int:
        """Number of open sessions."""
        return len(self._sessions)

    @property
    def backlog(self) -> int:
        """Operations that wait for the append under way to end."""
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether operations wait or fly."""
        return bool(self._waiting or self._flying)

    def outbox(self, session: int) -> Outbox:
        """The frames of a session, for the host to take."""
        return self._sessions[session].outbox

    def join(
        self,
        peer: Peer,
        *,
        v1: bool,
        nonce: str,
        now: Moment,
        resume: tuple[int, str] | None = None,
        token: str | None = None,
        server: str = "",
    ) -> tuple[int, list[Effect]]:
        """Open a session; answer its number. `nonce` is fresh and unguessable."""
        self._numbers += 1
        number = self._numbers
        lease: Lease | None = None
        if v1:
            if resume is not None:
                lease = self._leases.resume(*resume, peer.user)
            if lease is None:
                lease = self._new_lease(peer.user, nonce, now)
        session = Session(number, peer, v1, Outbox(self.tuning.outbox_bytes), lease)
        self._sessions[number] = session
        self.presence.join(number, peer.user, peer.name, lease.client if lease else 0)
        if lease is not None:
            info = self._welcome(session, lease, token, server)
            self._answer(session, message.encode_welcome(info))
            snapshot = self.presence.snapshot(number)
            self._answer(session, message.encode_presence(snapshot))
        else:
            vector = encode_state_vector(self.mirror.state_vector())
            self._answer(session, message.encode_sync_step1(vector))
            self._answer_awareness(session)
            if not self._renewal_at:
                self._renewal_at = now.steady + self.tuning.renewal
        self._schedule_presence(now)
        return number, self._take()

    def leave(self, number: int, now: Moment) -> list[Effect]:
        """A session's connection is gone."""
        session = self._sessions.pop(number)
        self._ready.pop(number, None)
        if session.lease is not None:
            client = session.lease.client
            used = self.mirror.next_clock(client) > 0
            self._leases.release(client, used=used, now=now.steady)
        self.presence.leave(number)
        self._schedule_presence(now)
        return self._take()

    def change_peer(self, number: int, peer: Peer) -> list[Effect]:
        """A session's role changed."""
        self._sessions[number].peer = peer
        return self._take()

    def close_all(self, code: CloseCode, reason: str) -> list[Effect]:
        """End every session."""
        for session in self._sessions.values():
            self._close(session, code, reason)
        return self._take()

    # ---- input

    def receive(self, number: int, frame: bytes, now: Moment) -> list[Effect]:
        """A frame arrived on a session."""
        session = self._sessions[number]
        if session.closing:
            return []
        try:
            decoded = message.decode_from_client(frame, v1=session.v1)
            match decoded:
                case message.Operation(broadcast_id, update):
                    self._receive_operation(session, broadcast_id, update, now)
                case message.SyncUpdate(update):
                    self._receive_stock_update(session, update, now, answer=False)
                case message.SyncStep2(update):
                    self._receive_stock_update(session, update, now, answer=True)
                case message.SyncStep1(state_vector):
                    self._receive_step1(session, state_vector)
                case message.Resync():
                    self._receive_resync(session, decoded)
                case message.Awareness(update):
                    states = decode_awareness(update, OPERATION)
                    self.presence.awareness(number, states)
                case message.QueryAwareness():
                    self._answer_awareness(session)
                case message.Presence(info):
                    self.presence.update(number, _activity(info))
        except Malformed as error:
            self._effects.append(Count("malformed"))
            self._close(session, CloseCode.MALFORMED, error.reason)
        self._schedule_presence(now)
        self._evaluate(now)
        return self._take()

    def write(
        self,
        peer: Peer,
        writes: Sequence[tuple[str, str, Value | None]],
        broadcast_id: bytes,
        ticket: int,
        now: Moment,
    ) -> list[Effect]:
        """Write on behalf of a user who has no session (REST): same verifier, same log.

        `ticket` comes back in `Settled`. Raises Refused.
        """
        parts: list[Update] = []
        clock = self.mirror.next_clock(SERVER_CLIENT)
        for root, key, value in writes:
            record = self.mirror.record(root, key)
            origin = record.last if record is not None else None
            if value is not None:
                raw = encode_write(
                    SERVER_CLIENT, clock, root=root, key=key, value=value, origin=origin
                )
                clock += 1
            elif record is not None and not record.dead and origin is not None:
                raw = encode_deletion([origin])
            else:
                continue
            parts.append(decode_update(raw, TRUSTED))
        if not parts:
            return [Settled(ticket, self.sequence)]
        actor = self._actor(peer, now)
        accepted = self._verify(join_updates(parts), actor, SERVER_CLIENT, OPERATION)
        if accepted is None:
            return [Settled(ticket, self.sequence)]
        self._accept(0, peer, accepted, broadcast_id, ticket, now)
        self._evaluate(now)
        return self._take()

    def wake(self, now: Moment) -> list[Effect]:
        """The time of `wake_at` has come (or any other: early wakes are harmless)."""
        self._evaluate(now)
        if self._presence_at and now.steady >= self._presence_at:
            self._presence_at = 0.0
            self._send_presence()
        if self._renewal_at and now.steady >= self._renewal_at:
            self._renew(now)
        return self._take()

    @property
    def wake_at(self) -> float:
        """Steady time at which the room wants to be woken; infinity for never."""
        times = [time for time in (self._presence_at, self._renewal_at) if time]
        if self._waiting and not self._flying:
            times.append(self._next_flush)
        return min(times, default=float("inf"))

    # ---- the append under way

    def committed(self, now: Moment) -> list[Effect]:
        """The append is on disk: apply, send, acknowledge."""
        flying, self._flying = self._flying, []
        update = join_updates([operation.update for operation in flying])
        self._document.apply(update)
        self._differences.clear()
        first = self.sequence + 1
        self.sequence += len(flying)
        for operation in flying:
            self._ring.push(operation.update, operation.size, operation.events)
        self._fan_out(first, update, flying)
        self._acknowledge(flying)
        for operation in flying:
            if operation.ticket:
                self._effects.append(Settled(operation.ticket, self.sequence))
        news = tuple(event for operation in flying for event in operation.events)
        if news:
            writers = tuple({operation.session for operation in flying if operation.session})
            self._effects.append(Publish(first, self.sequence, news, writers))
        self._evaluate(now)
        return self._take()

    def failed(self, reason: str) -> list[Effect]:
        """The append failed and nothing of it is stored: forget what was queued.

        Its authors' sessions are closed with a code that says retry; they still hold the
        operations and send them again. Everybody else stays.
        """
        lost = self._flying + self._waiting
        self._flying, self._waiting, self._late_acks = [], [], []
        self._leases.not_saved(self._flying_leases)
        self.mirror = Mirror()
        fold(self._document.state(), self.mirror, self._law.rules)
        for operation in lost:
            if operation.ticket:
                self._effects.append(Settled(operation.ticket, 0))
            session = self._sessions.get(operation.session)
            if session is not None:
                self._close(session, CloseCode.UNAVAILABLE, reason)
        return self._take()

    def drained(self, number: int, now: Moment) -> list[Effect]:
        """A session's outbox was sent: if it is behind, send it one difference."""
        session = self._sessions[number]
        if session.outbox.behind and not session.closing:
            session.outbox.caught_up()
            self._catch_up(session)
        return self._take()

    # ---- operations

    def _receive_operation(
        self, session: Session, broadcast_id: bytes, update: bytes, now: Moment
    ) -> None:
        if session.diverged:
            return
        if not session.joined:
            raise Malformed("an operation before the first sync")
        if session.in_flight >= self.tuning.in_flight:
            raise Malformed("more operations in flight than allowed")
        assert session.lease is not None
        client = session.lease.client
        actor = self._actor(session.peer, now)
        try:
            accepted = self._verify(update, actor, client, OPERATION)
        except Refused as refused:
            self._refuse(session, broadcast_id, refused)
            return
        if accepted is not None:
            session.in_flight += 1
            session.clients.add(client)
            self._accept(session.number, session.peer, accepted, broadcast_id, 0, now)
        elif self.busy:
            session.in_flight += 1
            self._late_acks.append((session.number, broadcast_id))
        else:
            self._send_ack(session, [broadcast_id])

    def _receive_stock_update(
        self, session: Session, data: bytes, now: Moment, *, answer: bool
    ) -> None:
        """A stock client's change; `answer`: it is the reply to the server's sync step 1."""
        if session.v1:
            raise Malformed("changes of this subprotocol are operations")
        actor = self._actor(session.peer, now)
        try:
            accepted = self._verify_stock(data, actor)
        except Refused as refused:
            missing = (RejectCode.CLOCK_GAP, RejectCode.UNKNOWN_ORIGIN, RejectCode.UNKNOWN_DELETE)
            if refused.code in missing and not answer and not session.asked_again:
                # Sent before its answer to step 1, or built on another tab's change: ask for all.
                session.asked_again = True
                vector = encode_state_vector(self.mirror.state_vector())
                self._answer(session, message.encode_sync_step1(vector))
                return
            self._count_refusal(refused)
            self._close(session, _close_code(refused), str(refused))
            return
        if answer:
            session.asked_again = False
        if accepted is None:
            return
        for client in accepted.clocks:
            self._leases.bind(client, session.peer.user)
            session.clients.add(client)
        self._accept(session.number, session.peer, accepted, NO_BROADCAST_ID, 0, now)

    def _verify(self, data: bytes, actor: Actor, client: int, limits: Limits) -> Accepted | None:
        """Judge under one client id; None for a duplicate."""
        verdict = verify(
            data,
            mirror=self.mirror,
            rules=self._law.rules,
            actor=actor,
            may_write_as=client.__eq__,
            limits=limits,
        )
        return verdict if isinstance(verdict, Accepted) else None

    def _verify_stock(self, data: bytes, actor: Actor) -> Accepted | None:
        leases = self._leases
        user = actor.user
        verdict = verify(
            data,
            mirror=self.mirror,
            rules=self._law.rules,
            actor=actor,
            may_write_as=lambda client: leases.may_bind(client, user),
            limits=REJOIN,
        )
        return verdict if isinstance(verdict, Accepted) else None

    def _accept(
        self,
        number: int,
        peer: Peer,
        accepted: Accepted,
        broadcast_id: bytes,
        ticket: int,
        now: Moment,
    ) -> None:
        """Advance the mirror and queue: the name's attestation, the operation, what it purges."""
        integrate(accepted, self.mirror)
        self._attest(peer, now)
        news = tuple(
            Event(kind, broadcast_id, aid, cid, peer.user, now.wall)
            for kind, aid, cid in events(accepted, self._law.rules)
        )
        entry = LogEntry(accepted.data, peer.user, now.wall, broadcast_id)
        size = len(accepted.data)
        self._waiting.append(_Operation(number, accepted.update, size, entry, news, ticket))
        self._purge(accepted, now)

    def _attest(self, peer: Peer, now: Moment) -> None:
        root, key, value = self._law.attest(peer.user, peer.name)
        record = self.mirror.record(root, key)
        if record is not None and record.facts == self._law.rules[root].facts(key, value):
            return
        origin = record.last if record is not None else None
        clock = self.mirror.next_clock(SERVER_CLIENT)
        data = encode_write(SERVER_CLIENT, clock, root=root, key=key, value=value, origin=origin)
        self._write_as_server(data, now)

    def _purge(self, accepted: Accepted, now: Moment) -> None:
        """Delete what lies behind the tombstones that were just written."""
        rules = self._law.rules
        doomed = [
            record.last
            for root, key in accepted.written
            for record in self.mirror.group(key)
            if not record.dead
            and record.last is not None
            and rules[root].purges(key, record.root, record.key)
        ]
        if doomed:
            self._write_as_server(encode_deletion(dict.fromkeys(doomed)), now)

    def _write_as_server(self, data: bytes, now: Moment) -> None:
        actor = Actor("", now.wall, server=True)
        accepted = self._verify(data, actor, SERVER_CLIENT, TRUSTED)
        assert accepted is not None
        integrate(accepted, self.mirror)
        entry = LogEntry(data, "", now.wall, NO_BROADCAST_ID)
        self._waiting.append(_Operation(0, accepted.update, len(data), entry, (), 0))

    def _evaluate(self, now: Moment) -> None:
        """Start an append if there is something to write and its time has come."""
        if self._flying or not self._waiting:
            return
        if now.steady < self._next_flush and len(self._waiting) < self.tuning.early:
            return
        batch = self.tuning.batch
        self._flying, self._waiting = self._waiting[:batch], self._waiting[batch:]
        clients = {
            section.client for operation in self._flying for section in operation.update.sections
        }
        entries = tuple(operation.entry for operation in self._flying)
        self._flying_leases = self._leases.take_unsaved(clients)
        self._effects.append(Append(self.sequence, entries, self._flying_leases))
        tick = min(self.tuning.longest_tick, self.tuning.tick_per_session * len(self._sessions))
        self._next_flush = now.steady + tick

    # ---- sending

    def _fan_out(self, first: int, update: bytes, flying: list[_Operation]) -> None:
        news = [event for operation in flying for event in operation.events]
        frame = message.encode_batch(first, self.sequence, update, news)
        stock_frame = message.encode_sync_update(update)
        writers = {operation.session for operation in flying}
        for number, session in self._sessions.items():
            if not session.joined or session.closing:
                continue
            if number in writers:
                self._send_without_own(session, first, flying)
            else:
                session.outbox.push(frame if session.v1 else stock_frame)
            session.delivered = self.sequence
            self._ready[number] = None

    def _send_without_own(self, session: Session, first: int, flying: list[_Operation]) -> None:
        others = [operation for operation in flying if operation.session != session.number]
        if not others:
            return
        update = join_updates([operation.update for operation in others])
        if session.v1:
            news = [event for operation in others for event in operation.events]
            session.outbox.push(message.encode_batch(first, self.sequence, update, news))
        else:
            session.outbox.push(message.encode_sync_update(update))

    def _acknowledge(self, flying: list[_Operation]) -> None:
        late, self._late_acks = self._late_acks, []
        if self._waiting:
            # What a duplicate repeats may be among those still waiting.
            self._late_acks, late = late, []
        for operation in flying:
            if operation.session:
                late.append((operation.session, operation.entry.broadcast_id))
        by_session: dict[int, list[bytes]] = {}
        for number, broadcast_id in late:
            by_session.setdefault(number, []).append(broadcast_id)
        for number, ids in by_session.items():
            session = self._sessions.get(number)
            if session is not None and session.v1:
                session.in_flight -= len(ids)
                self._send_ack(session, ids)

    def _send_ack(self, session: Session, ids: list[bytes]) -> None:
        assert session.lease is not None
        sequence = 0 if session.outbox.behind else self.sequence
        clock = self.mirror.next_clock(session.lease.client)
        self._answer(session, message.encode_ack(sequence, clock, ids))

    def _catch_up(self, session: Session) -> None:
        if self._ring.covers(session.delivered):
            update, news = self._ring.since(session.delivered)
            if session.v1:
                first = session.delivered + 1
                frame = message.encode_batch(first, self.sequence, update, news)
            else:
                frame = message.encode_sync_update(update)
        elif session.v1:
            session.joined = False
            frame = message.encode_resync_request(self.epoch)
        else:
            frame = message.encode_sync_update(self._document.state())
        session.delivered = self.sequence
        self._answer(session, frame)

    # ---- joining

    def _receive_step1(self, session: Session, state_vector: bytes) -> None:
        difference = self._difference(state_vector)
        session.diverged = False
        self._answer(session, message.encode_sync_step2(difference))
        self._enter(session)

    def _receive_resync(self, session: Session, request: message.Resync) -> None:
        session.diverged = False
        first = 0
        news: Sequence[Event] = ()
        same = request.epoch == self.epoch
        if same and request.after == self.sequence:
            update = EMPTY_UPDATE
        elif same and request.after and self._ring.covers(request.after):
            first = request.after + 1
            update, news = self._ring.since(request.after)
        elif same or not request.epoch:
            update = self._difference(request.state_vector)
        else:
            update = self._document.state()
        self._answer(session, message.encode_batch(first, self.sequence, update, news))
        self._enter(session)

    def _enter(self, session: Session) -> None:
        session.joined = True
        session.delivered = self.sequence
        session.outbox.caught_up()

    def _difference(self, state_vector: bytes) -> bytes:
        """Everything committed that the vector misses; computed once per vector and version."""
        wanted = decode_state_vector(state_vector, OPERATION)
        known = {
            client: clock for client, clock in wanted.items() if self.mirror.next_clock(client)
        }
        if not known:
            return self._document.state()
        vector = encode_state_vector(known)
        difference = self._differences.get(vector)
        if difference is None:
            if len(self._differences) >= 64:
                self._differences.clear()
            difference = self._differences[vector] = self._document.difference(vector)
        return difference

    def _welcome(
        self, session: Session, lease: Lease, token: str | None, server: str
    ) -> dict[str, object]:
        peer = session.peer
        return {
            "protocol": 1,
            "schema": self._law.version,
            "server": server,
            "principal": {
                "id": peer.user,
                "name": peer.name,
                "role": peer.role,
                "guest": peer.guest,
            },
            "token": token,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "client": lease.client,
            "clock": self.mirror.next_clock(lease.client),
            "lease": lease.nonce,
            "readonly": not peer.may_comment,
            "limits": {
                "update_bytes": OPERATION.update_bytes,
                "in_flight": self.tuning.in_flight,
            },
            "heartbeat": self.tuning.heartbeat,
        }

    def _new_lease(self, user: str, nonce: str, now: Moment) -> Lease:
        return self._leases.lease(user, nonce, now.steady)

    # ---- presence

    def _schedule_presence(self, now: Moment) -> None:
        if self.presence.dirty and not self._presence_at:
            tuning = self.tuning
            tick = tuning.presence_tick + tuning.presence_tick_per_session * len(self._sessions)
            self._presence_at = now.steady + min(tick, tuning.longest_presence_tick)

    def _send_presence(self) -> None:
        info, states = self.presence.flush()
        frame = message.encode_presence(info)
        stock_frame = message.encode_awareness_message(states) if states else b""
        for number, session in self._sessions.items():
            if session.closing:
                continue
            if session.v1:
                session.outbox.push(frame)
            elif stock_frame:
                session.outbox.push(stock_frame)
            else:
                continue
            self._ready[number] = None

    def _renew(self, now: Moment) -> None:
        stock = [session for session in self._sessions.values() if not session.v1]
        if not stock:
            self._renewal_at = 0.0
            return
        self._renewal_at = now.steady + self.tuning.renewal
        frame = message.encode_awareness_message(self.presence.renewal())
        for session in stock:
            session.outbox.push(frame)
            self._ready[session.number] = None

    def _answer_awareness(self, session: Session) -> None:
        states = self.presence.renewal()
        self._answer(session, message.encode_awareness_message(states))

    # ---- refusing

    def _refuse(self, session: Session, broadcast_id: bytes, refused: Refused) -> None:
        self._count_refusal(refused)
        assert session.lease is not None
        clock = self.mirror.next_clock(session.lease.client)
        frame = message.encode_reject(broadcast_id, clock, refused.code, refused.reason)
        self._answer(session, frame)
        session.diverged = True
        if refused.code.hard:
            self._close(session, _close_code(refused), str(refused))

    def _count_refusal(self, refused: Refused) -> None:
        self._effects.append(Count(f"refused_{refused.code.replace('-', '_')}"))

    def _close(self, session: Session, code: CloseCode, reason: str) -> None:
        if not session.closing:
            session.closing = True
            self._effects.append(Close(session.number, code, reason[:120]))

    def _answer(self, session: Session, frame: bytes) -> None:
        session.outbox.answer(frame)
        self._ready[session.number] = None
        if session.outbox.answers_bytes > self.tuning.answers_bytes + len(frame):
            self._close(session, CloseCode.TOO_SLOW, "does not read what it asks for")

    @staticmethod
    def _actor(peer: Peer, now: Moment) -> Actor:
        return Actor(peer.user, now.wall, peer.may_comment, peer.may_moderate)

    def _take(self) -> list[Effect]:
        taken, self._effects = self._effects, []
        if self._ready:
            # Frames first: a Close must not overtake the reject that explains it.
            taken.insert(0, Send(tuple(self._ready)))
            self._ready = {}
        return taken


def _activity(info: dict[str, object]) -> dict[str, object]:
    """What a client may say of itself; anything else is dropped."""
    state: dict[str, object] = {}
    typing = info.get("typing")
    if isinstance(typing, str):
        state["typing"] = typing[:64]
    selection = info.get("selection")
    if (
        isinstance(selection, list)
        and len(selection) == 2
        and all(isinstance(offset, int) for offset in selection)
    ):
        state["selection"] = selection
    return state


def _close_code(refused: Refused) -> CloseCode:
    if refused.code is RejectCode.MALFORMED:
        return CloseCode.MALFORMED
    return CloseCode.FORBIDDEN if refused.code.hard else CloseCode.DIVERGED
