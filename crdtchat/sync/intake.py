"""What sessions write: judged, queued, and answered once it is on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode, Malformed, Refused, RejectCode, close_code
from crdtchat.sync.desk import Desk
from crdtchat.sync.doubts import Behind
from crdtchat.sync.effects import Settled
from crdtchat.sync.history import History
from crdtchat.sync.ledger import Ledger, Operation, is_gap
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.message import NO_BROADCAST_ID
from crdtchat.sync.rebase import Overtaken
from crdtchat.sync.sendings import Sendings
from crdtchat.sync.session import Session
from crdtchat.sync.tuning import Moment, Tuning
from crdtchat.sync.verifier import Accepted

_GAPS = 3
"""So many answers with gaps end a stock session."""


_ELSEWHERE = "the page was written elsewhere"
_SENT_BEFORE = "it was sent before, on another connection"
_CERTAIN = (RejectCode.MALFORMED, RejectCode.RATE_LIMITED, RejectCode.QUOTA_SPENT)
"""Whatever else is in the log, these stand."""


_ITEM_BYTES = 32
"""What is held of an item as long as the page is."""


def _unsaid(accepted: Accepted) -> int:
    """Bytes that will be held of items which came as a mere number: their author pays for them as
    for those that were written out."""
    sections = accepted.update.sections
    return _ITEM_BYTES * sum([one.end - one.clock - one.structs for one in sections])


class Late(NamedTuple):
    """An answer that stands on operations which may not be on disk yet."""

    sequence: int
    """Where the log ends once they are."""
    session: int = 0
    broadcast_id: bytes = NO_BROADCAST_ID
    rejection: bytes = b""
    """The frame that refuses the operation; empty for one that repeats another: it gets an ack."""
    ticket: int = 0
    """Of a write without a session that had nothing left to do."""

    @property
    def is_repeated(self) -> bool:
        """Whether it answers an operation that repeats another."""
        return not self.rejection and not self.ticket


class Intake:
    """The way in of a room's sessions. R4: one answer to each operation."""

    def __init__(
        self, ledger: Ledger, history: History, desk: Desk, tuning: Tuning, sendings: Sendings
    ) -> None:
        self._ledger = ledger
        self._history = history
        self._desk = desk
        self._tuning = tuning
        self._sendings = sendings
        self._late: list[Late] = []
        self.in_doubt = False
        """Whether an append failed of which nobody knows if it was made."""

    def receive_operation(
        self, session: Session, broadcast_id: bytes, update: bytes, now: Moment
    ) -> None:
        if session.diverged:
            return
        if session.lease is None or not session.joined:
            raise Malformed("an operation before the first sync")
        if session.in_flight >= self._tuning.in_flight:
            raise Malformed("more operations in flight than allowed")
        client = session.lease.client
        actor = session.peer.actor(now.wall)
        try:
            session.peer.charge(len(update), now)
            accepted = self._ledger.judge(update, actor, client.__eq__, OPERATION)
        except Refused as refused:
            if self._may_be_behind(session, refused):
                raise Behind from None
            self._refuse(session, broadcast_id, refused)
            return
        if accepted is not None:
            name = (session.peer.user, broadcast_id)
            if name in self._sendings:
                self._refuse(session, broadcast_id, Refused(RejectCode.EXISTS, _SENT_BEFORE))
                return
            self._sendings.begin(name)
            session.in_flight += 1
            self._ledger.accept(
                accepted,
                session.peer,
                now,
                session=session.number,
                broadcast_id=broadcast_id,
                leased=client,
            )
        elif self._ledger.busy:
            # What it repeats may not be on disk yet.
            session.in_flight += 1
            self._late.append(Late(self._all, session.number, broadcast_id))
        else:
            self._send_ack(session, [broadcast_id])

    def receive_stock_update(
        self, session: Session, data: bytes, now: Moment, *, answer: bool
    ) -> None:
        """A stock client's change; `answer`: it is the reply to the server's sync step 1."""
        if session.v1:
            raise Malformed("changes of this subprotocol are operations")
        actor = session.peer.actor(now.wall)
        try:
            session.peer.charge(len(data), now)
            accepted = self._ledger.judge_stock(data, actor)
            if accepted is not None and (more := _unsaid(accepted)):
                session.peer.charge(more, now)
        except Refused as refused:
            if answer and self._may_be_behind(session, refused):
                raise Behind from None
            session.asked = session.asked and not answer
            session.gaps += answer
            if is_gap(refused) and session.gaps < _GAPS:
                # Sent before its answer to step 1, or built on another tab's change: the answer
                # has it all. An answer lacks what was lost since it was asked for.
                if not session.asked:
                    self.ask_for_state(session)
            else:
                self._desk.note_refusal(session, refused)
                self._desk.close(session, close_code(refused, v1=False), str(refused))
            return
        if answer:
            session.asked = False
            session.gaps = 0
        if accepted is not None:
            self._ledger.leases.bind(accepted.clocks, session.peer.user)
            self._ledger.accept(accepted, session.peer, now, session=session.number)

    def _may_be_behind(self, session: Session, refused: Refused) -> bool:
        """Whether it may be in order, for what the log holds and this room does not: it was
        written at other nodes, or by an append whose answer was lost."""
        knows = session.assured or not (self._tuning.spread_clients or self.in_doubt)
        return not knows and refused.code not in _CERTAIN

    def acknowledge(self, operations: Sequence[Operation], sessions: Mapping[int, Session]) -> None:
        """Answer the authors of committed operations, and those who repeated older ones."""
        by_session: dict[int, list[bytes]] = {}
        for operation in operations:
            if operation.session:
                entry = operation.entry
                name = (entry.principal, entry.broadcast_id)
                self._sendings.land(name, operation.session in sessions)
                ids = by_session.setdefault(operation.session, [])
                ids.append(entry.broadcast_id)
        due = [late for late in self._late if late.sequence <= self._history.sequence]
        self._late = self._late[len(due) :]
        for late in due:
            if late.ticket:
                self._desk.add(Settled(late.ticket, self._history.sequence))
            elif late.is_repeated:
                by_session.setdefault(late.session, []).append(late.broadcast_id)
        for number, ids in by_session.items():
            session = sessions.get(number)
            if session is not None and session.v1:
                session.in_flight -= len(ids)
                self._send_ack(session, ids)
        for late in due:
            session = sessions.get(late.session)
            if session is not None and late.rejection:
                self._desk.answer(session, late.rejection)

    def _send_ack(self, session: Session, ids: list[bytes]) -> None:
        # Batches that wait may yet be dropped, an ack is not: then it must not claim them.
        outbox = session.outbox
        owed = outbox.behind or session.owed or outbox.droppable_bytes
        sequence = 0 if owed else self._history.sequence
        self._desk.answer(session, message.encode_ack(sequence, self._clock(session), ids))

    def answer_overtaken(
        self, overtaken: Sequence[Overtaken], sessions: Mapping[int, Session]
    ) -> None:
        """Answer the authors of operations that others' entries made needless or impossible."""
        known: dict[int, list[bytes]] = {}
        late = []
        for operation, refused in overtaken:
            self._sendings.give_up((operation.entry.principal, operation.entry.broadcast_id))
            if operation.ticket:
                sequence = 0 if refused else self._history.sequence
                self._desk.add(Settled(operation.ticket, sequence))
            session = sessions.get(operation.session)
            if session is None or session.closing:
                continue
            broadcast_id = operation.entry.broadcast_id
            if refused is None and session.v1 and self._ledger.busy:
                # There is nothing left to do because of what may be lost yet.
                late.append(Late(self._all, session.number, broadcast_id))
                continue
            session.in_flight -= session.v1
            if refused is None:
                known.setdefault(session.number, []).append(broadcast_id)
            elif not session.v1 or refused.code.hard:
                # It was sound when it came: whoever sends it again learns how it stands now.
                self._desk.close(session, CloseCode.UNAVAILABLE, _ELSEWHERE)
            elif not session.diverged:
                self._refuse(session, broadcast_id, refused)
        for number, ids in known.items():
            if sessions[number].v1 and not sessions[number].closing:
                self._send_ack(sessions[number], ids)
        if any(one.refused and not one.operation.leased for one in overtaken):
            # Its author may have come again, and have left out what the server seemed to have.
            for session in sessions.values():
                if not session.v1 and not session.closing:
                    self.ask_for_state(session)
        gone = {one.operation.entry.broadcast_id for one in overtaken if one.refused}
        before, self._late = self._late, late
        for one in before:
            if not gone or (one.is_repeated and one.broadcast_id not in gone):
                # It stands on those that are left of what is on its way.
                self._late.append(one._replace(sequence=self._all))
            elif one.ticket:
                self._desk.add(Settled(one.ticket, 0))
            elif one.session in sessions:
                self._desk.close(sessions[one.session], CloseCode.UNAVAILABLE, _ELSEWHERE)

    def settle(self, ticket: int) -> None:
        """A write without a session has nothing to do: what it wants is there, or on its way."""
        if self._ledger.busy:
            self._late.append(Late(self._all, ticket=ticket))
        else:
            self._desk.add(Settled(ticket, self._history.sequence))

    def take_late(self) -> list[Late]:
        """The append failed: hand over the answers that stood on it."""
        self._sendings.give_up_all()
        late, self._late = self._late, []
        return late

    def is_refusing(self, session: Session) -> bool:
        """Whether the session has yet to hear of a refusal."""
        return any(late.session == session.number and late.rejection for late in self._late)

    @property
    def _all(self) -> int:
        """The sequence number at which everything accepted so far is on disk."""
        ledger = self._ledger
        return self._history.sequence + len(ledger.flying) + len(ledger.waiting)

    def ask_for_state(self, session: Session) -> None:
        """Send sync step 1: a stock client answers with all the server lacks."""
        session.asked = True
        vector = self._ledger.footing.encoded_vector()
        self._desk.answer(session, message.encode_sync_step1(vector))

    def _refuse(self, session: Session, broadcast_id: bytes, refused: Refused) -> None:
        self._desk.note_refusal(session, refused)
        clock = self._clock(session)
        frame = message.encode_reject(broadcast_id, clock, refused.code, refused.reason)
        session.diverged = True
        if self._ledger.busy and not refused.code.hard:
            # It may rest on what is not on disk yet, and would be wrong if that is lost.
            self._late.append(Late(self._all, session.number, broadcast_id, frame))
            return
        self._desk.answer(session, frame)
        if refused.code.hard:
            self._desk.close(session, close_code(refused, v1=True), str(refused))

    def _clock(self, session: Session) -> int:
        return self._ledger.footing.next_clock(session.lease.client) if session.lease else 0
