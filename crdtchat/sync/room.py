"""A room: the live gathering around one page. Takes input, answers effects, does nothing itself.

Invariants (tests cite the numbers):

R1. A change leaves the room for anybody's outbox only after `committed`.
R2. Nothing is sent to the session that wrote it, except what the server added.
R3. A session's outbox receives batches only after its first state, and every batch after it,
    or one difference in place of those that were dropped.
R4. Every operation of an open v1 session is answered once, by ack or reject, or the session is
    closed with a code that says retry; after a reject later ones are ignored until a resync.
R5. Nothing that arrives on a session raises out of the room or touches another session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crdtchat.sync import message
from crdtchat.sync.arrears import answer_owed, catch_up, remember
from crdtchat.sync.awareness import decode_awareness
from crdtchat.sync.codes import CloseCode, Malformed
from crdtchat.sync.desk import Desk
from crdtchat.sync.doubts import Behind, Doubts
from crdtchat.sync.effects import Apply, Effect, LogEntry, Publish, Settled
from crdtchat.sync.fanout import Fanout
from crdtchat.sync.history import Document, History
from crdtchat.sync.intake import Intake
from crdtchat.sync.leases import Lease
from crdtchat.sync.ledger import Ledger, Operation
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.message import Event
from crdtchat.sync.outbox import Outbox
from crdtchat.sync.presence import Presence, activity, awareness_client
from crdtchat.sync.presence_desk import PresenceDesk
from crdtchat.sync.rebase import rebase
from crdtchat.sync.rules import Law
from crdtchat.sync.sendings import Sendings
from crdtchat.sync.session import Peer, Session
from crdtchat.sync.tuning import Moment, Tuning
from crdtchat.sync.update import Value
from crdtchat.sync.welcome import welcome


class Room:
    """See the invariants above. Inputs return the effects they cause, in order."""

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
        """`document` holds everything up to `sequence`."""
        self.tuning = tuning or Tuning()
        self.presence = Presence()
        self.ledger = Ledger(law, document, epoch=epoch, leases=leases, now=now, tuning=self.tuning)
        self.history = History(document, epoch, sequence, self.tuning.ring_bytes)
        self._law = law
        self._sessions: dict[int, Session] = {}
        self._numbers = 0
        self._desk = Desk(self.tuning.answers_bytes)
        self._shown = PresenceDesk(self.presence, self._desk, self.tuning)
        self._doubts = Doubts(self._desk)
        self._sendings = Sendings(self.presence.connections_of)
        self._intake = Intake(self.ledger, self.history, self._desk, self.tuning, self._sendings)

    @property
    def sessions(self) -> int:
        """Number of open sessions."""
        return len(self._sessions)

    @property
    def backlog(self) -> int:
        """Operations that wait for the append under way to end."""
        return len(self.ledger.waiting)

    @property
    def busy(self) -> bool:
        """Whether operations wait or fly."""
        return self.ledger.busy

    @property
    def wake_at(self) -> float:
        """Steady time at which the room wants `wake`; infinity for never."""
        at = self._shown.clock.wake_at
        ledger = self.ledger
        if ledger.waiting and not ledger.flying and ledger.next_flush < at:
            return ledger.next_flush
        return at

    def outbox(self, session: int) -> Outbox:
        """The frames of a session, for the host to take."""
        return self._sessions[session].outbox

    # ---- sessions come and go

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
        page_versions: bool = False,
    ) -> tuple[int, list[Effect]]:
        """Open a session; answer its number. `nonce` is fresh and unguessable."""
        self._numbers += 1
        number = self._numbers
        lease: Lease | None = None
        if v1:
            leases = self.ledger.leases
            lease = leases.resume(*resume, peer.user) if resume is not None else None
            lease = lease or leases.lease(peer.user, nonce, now.steady)
        session = Session(number, peer, v1, Outbox(self.tuning.outbox_bytes), lease)
        self._sessions[number] = session
        if lease is None:
            self.presence.join(number, peer.user, peer.name)
            self._intake.ask_for_state(session)
            self._shown.answer(session)
            self._shown.clock.renew(now)
        else:
            shown = awareness_client(nonce)
            self.presence.join(number, peer.user, peer.name, leased=lease.client, client=shown)
            info = welcome(
                peer,
                lease,
                epoch=self.history.epoch,
                sequence=self.history.sequence,
                clock=self.ledger.footing.next_clock(lease.client),
                law=self._law,
                tuning=self.tuning,
                now=now.wall,
            )
            info |= {"server": server, "token": token, "page_versions": page_versions}
            self._desk.answer(session, message.encode_welcome(info))
            self._desk.answer(session, message.encode_presence(self.presence.snapshot(number)))
        self._shown.note(len(self._sessions), now)
        return number, self._desk.take()

    def leave(self, number: int, now: Moment) -> list[Effect]:
        """A session's connection is gone."""
        session = self._sessions.pop(number)
        self._desk.forget(number)
        if session.lease is not None:
            used = self.ledger.footing.next_clock(session.lease.client) > 0
            self.ledger.leases.give_back(session.lease, used=used, now=now.steady)
            self._sendings.leave(session.peer.user)
        self.presence.leave(number)
        self._shown.note(len(self._sessions), now)
        return self._desk.take()

    def close(self, number: int, code: CloseCode, reason: str) -> list[Effect]:
        """End a session: nothing that arrives on it from now on is looked at."""
        self._desk.close(self._sessions[number], code, reason)
        return self._desk.take()

    def close_all(self, code: CloseCode, reason: str) -> list[Effect]:
        """End every session."""
        for session in self._sessions.values():
            self._desk.close(session, code, reason)
        return self._desk.take()

    # ---- input

    def receive(self, number: int, frame: bytes, now: Moment) -> list[Effect]:
        """A frame arrived on a session."""
        session = self._sessions[number]
        if not session.closing:
            self._take_in(session, frame, now)
            self._shown.note(len(self._sessions), now)
            self._evaluate(now)
        return self._desk.take()

    def assured(self, now: Moment) -> list[Effect]:
        """The room holds all that was in the log when it doubted: see `effects.Doubt`."""
        self._intake.in_doubt = False
        for session in list(self._sessions.values()):
            session.assured = True
            for frame in self._doubts.take(session):
                if not session.closing:
                    self._take_in(session, frame, now)
            session.assured = False
        self._shown.note(len(self._sessions), now)
        self._evaluate(now)
        return self._desk.take()

    def unsure(self, reason: str) -> list[Effect]:
        """What is in the log cannot be seen now."""
        self._doubts.give_up(self._sessions.values(), reason)
        return self._desk.take()

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
        if not self.ledger.write(peer, writes, broadcast_id, ticket, now):
            self._intake.settle(ticket)
        self._evaluate(now)
        return self._desk.take()

    def wake(self, now: Moment) -> list[Effect]:
        """The time of `wake_at` has come (or any other: early wakes are harmless)."""
        self._evaluate(now)
        self._shown.send_due(self._sessions.values(), now)
        self._shown.note(len(self._sessions), now)  # behind it: there may be more to tell
        return self._desk.take()

    def flush(self, now: Moment) -> list[Effect]:
        """Append what waits without waiting for its tick."""
        self.ledger.next_flush = now.steady
        self._evaluate(now)
        return self._desk.take()

    def tidy(self, now: Moment) -> None:
        """Let go of what nobody will ask for. To be called now and then."""
        for session in self._sessions.values():
            remember(session, self.history)
        self.history.forget(now.wall - self.tuning.ring_ms)
        self._sendings.tidy(now.steady)

    def drained(self, number: int) -> list[Effect]:
        """A session's outbox was sent: if it is behind, send it one difference."""
        session = self._sessions[number]
        if session.outbox.behind and not session.closing:
            catch_up(session, self.history, self.presence, self._desk)
        return self._desk.take()

    # ---- the append under way

    def committed(self, now: Moment) -> Iterator[Effect]:
        """The append is on disk: send, apply, acknowledge.

        Each effect is made when it is asked for, so that others have the change while the rest is
        worked out. They must all be asked for before any other input.
        """
        operations = self.ledger.landed()
        first, update = self.history.advance(operations)
        fanout = Fanout(first, self.history.sequence, update, operations)
        yield from fanout.to(self._sessions.values(), self.history)
        self._desk.add(Apply(update))
        self._intake.acknowledge(operations, self._sessions)
        for operation in operations:
            if operation.ticket:
                self._desk.add(Settled(operation.ticket, self.history.sequence))
        self._publish(first, operations)
        self._evaluate(now)
        yield from self._desk.take()

    def failed(self, reason: str) -> list[Effect]:
        """The append failed, made or not: forget what was queued.

        Its authors' sessions are closed with a code that says retry; they hold the operations and
        send them again. So are stock sessions that owe an answer to sync step 1: it leaves out what
        the server no longer has. Other stock sessions are asked for it: what was lost may be theirs
        from an earlier connection. Everybody else stays.
        """
        self._intake.in_doubt = True
        lost = [(late.session, late.ticket) for late in self._intake.take_late()]
        lost += [(one.session, one.ticket) for one in self.ledger.abandon()]
        lost += [(session.number, 0) for session in self._sessions.values() if session.asked]
        for number, ticket in lost:
            if ticket:
                self._desk.add(Settled(ticket, 0))
            session = self._sessions.get(number)
            if session is not None:
                self._desk.close(session, CloseCode.UNAVAILABLE, reason)
        for session in self._sessions.values():
            if not session.v1 and not session.closing:
                self._intake.ask_for_state(session)
        return self._desk.take()

    def absorb(
        self, entries: Sequence[LogEntry], leases: Iterable[Lease], now: Moment
    ) -> list[Effect]:
        """Others appended these behind what is committed here. An append of ours that is under
        way, if any, was refused for them; what waits is judged again and appended behind them.

        Raises FoldError or Malformed if they do not fit: the room must be given up.
        """
        rules = self._law.rules
        rebased = rebase(self.ledger, rules, entries, leases, now)
        for entry in entries:
            self._sendings.hear((entry.principal, entry.broadcast_id))
        if rebased.operations:
            first, update = self.history.advance(rebased.operations)
            fanout = Fanout(first, self.history.sequence, update, rebased.operations)
            for send in fanout.to(self._sessions.values(), self.history):
                self._desk.add(send)
            self._desk.add(Apply(update))
            self._publish(first, rebased.operations)
        for session in self._sessions.values():
            if session.lease is not None and session.lease.client in rebased.taken:
                self._desk.close(session, CloseCode.UNAVAILABLE, "the client id is another's now")
        self._intake.answer_overtaken(rebased.overtaken, self._sessions)
        self._intake.acknowledge((), self._sessions)
        self._evaluate(now)
        return self._desk.take()

    # ---- messages

    def _take_in(self, session: Session, frame: bytes, now: Moment) -> None:
        if session.held:
            self._doubts.keep(session, frame)
            return
        try:
            self._dispatch(session, message.decode_from_client(frame, v1=session.v1), now)
        except Malformed as error:
            self._desk.end_for(session, error)
        except Behind:
            self._doubts.keep(session, frame)

    def _dispatch(self, session: Session, decoded: message.FromClient, now: Moment) -> None:
        if self._desk.is_tired_of(session, decoded, now.steady, self.tuning):
            return
        match decoded:
            case message.Operation(broadcast_id, update):
                self._intake.receive_operation(session, broadcast_id, update, now)
            case message.SyncUpdate(update):
                self._intake.receive_stock_update(session, update, now, answer=False)
            case message.SyncStep2(update):
                self._intake.receive_stock_update(session, update, now, answer=True)
            case message.SyncStep1(state_vector):
                self._desk.answer(session, self.history.missing(state_vector).as_step2())
                self._enter(session)
            case message.Resync():
                self._doubts.weigh(session, decoded, self.history)
                owed = session.owed
                self._enter(session)
                if owed:
                    answer_owed(session, decoded, self.history, self._desk)
                else:
                    self._desk.answer(session, self.history.answer(decoded))
            case message.Awareness(update):
                states = decode_awareness(update, OPERATION)
                client = self.presence.awareness(session.number, states, now.wall // 1000)
                if client and not session.v1:
                    self.ledger.leases.announce(client, session.peer.user)
            case message.QueryAwareness():
                self._shown.answer(session)
            case message.Presence(info):
                self.presence.update(session.number, activity(info))

    def _evaluate(self, now: Moment) -> None:
        append = self.ledger.start(self.history.sequence, len(self._sessions), now)
        if append is not None:
            self._desk.add(append)

    # ---- sending

    def _publish(self, first: int, operations: Sequence[Operation]) -> None:
        told: list[Event] = []
        sequences: list[int] = []
        for sequence, operation in enumerate(operations, first):
            for event in operation.events:
                told.append(event)
                sequences.append(sequence)
        if told:
            self._desk.add(Publish(first, self.history.sequence, tuple(told), tuple(sequences)))

    def _enter(self, session: Session) -> None:
        """The session just got all there is: from now on batches are for it."""
        session.diverged = self._intake.is_refusing(session)
        session.joined = True
        session.owed = False
        session.delivered = self.history.sequence
        session.had = b""
        session.outbox.caught_up()
