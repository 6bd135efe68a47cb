"""The provider: keeps one page's replica in sync. Takes input, answers effects, does nothing.

Invariants (tests cite the numbers):

C1. The replica holds what the server sent and this client's own operations written under the
    leased id, nothing else. Operations that wait are seen through `values` only.
C2. Nothing is sent before the answer to the resync, and no more than `in_flight` unanswered.
C3. After a refusal, a lost lease, a new epoch or a log set back the replica is replaced whole by
    the server's state. Until that comes the old one stays readable; then what waits is replayed.
C4. An operation leaves the outbox only when it was acknowledged, when the document holds it or
    something that overtook it, or when it became a draft.
C5. Own operations are no news; what others did is told once.
C6. A close code 4400-4499 stops for good; any other end of the connection is tried again.
C7. What the server refuses as dated ahead of its clock waits for the next welcome, which tells the
    time, and is sent once more, dated anew; refused again it becomes a draft.
C8. Bytes that may be in the log are never replaced by others under the same id and clock: where
    the server's state ends below them, the lease is left for another.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from crdtchat.client.clock import ServerClock, redate
from crdtchat.client.due import Due
from crdtchat.client.effects import Draft, Effect, Hangup, Happened, Send, WakeAt, drafted
from crdtchat.client.greeting import Greeting, read_greeting
from crdtchat.client.intents import LATER, Operation, attained, obstacle
from crdtchat.client.news import seen, told
from crdtchat.client.outbox import Outbox
from crdtchat.client.patience import Patience
from crdtchat.client.presence import Presence
from crdtchat.client.working_copy import WorkingCopy
from crdtchat.document.replica import EngineFailure
from crdtchat.sync import message
from crdtchat.sync.codes import Malformed, RejectCode
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.update import Value

NORMAL, PROTOCOL_ERROR = 1000, 1002
_REMEMBERED = 4_096
"""Own operations whose events are recognised when they come back after a reconnect."""
_NO_STATE = b"\x00"


class Phase(StrEnum):
    """How far a provider is."""

    OFFLINE = "offline"
    JOINING = "joining"
    LIVE = "live"
    STOPPED = "stopped"


class Provider:
    """See the invariants above. Use it from one thread only. `now` is milliseconds since 1970.

    Feed it `receive_*` and carry out what comes back, in order. Nothing here raises for what a
    server sends.
    """

    def __init__(self) -> None:
        self.phase = Phase.OFFLINE
        self.greeting: Greeting | None = None
        """The newest welcome; None before the first."""
        self.stopped: tuple[int, str] = (0, "")
        """Close code and reason that stopped this provider."""
        self.epoch = 0
        self.sequence = 0
        """Everything up to this operation of the log is in the replica."""
        self.clock = ServerClock()
        self.presence = Presence()
        self.outbox = Outbox()
        self.drafts: list[Draft] = []
        self._copy = WorkingCopy(self.outbox)
        self._lease: tuple[int, str] = (0, "")
        self._due = Due.NOTHING
        self._live_ahead = False
        """Whether live batches may come before the whole state that is due."""
        self._replace = False
        """Whether the replica is to be dropped for the server's state."""
        self._resend = False
        """Whether what was written has to be sent (again) after the join."""
        self._withdrawn: set[tuple[str, str]] = set()
        """Places of refused operations, still in the replica that is to be dropped."""
        self._mine: dict[bytes, None] = {}
        self._patience = Patience()
        self._activity: dict[str, object] = {}

    # ---- reading

    @property
    def user(self) -> str:
        """This client's user id; empty before the first welcome."""
        return self.greeting.principal.id if self.greeting else ""

    @property
    def lease(self) -> str:
        """What to ask for when connecting again; empty before the first welcome."""
        client, nonce = self._lease
        return f"{client}-{nonce}" if nonce else ""

    @property
    def version(self) -> int:
        """Grows whenever what `values` answers may have changed."""
        return self._copy.version

    def values(self, root: str) -> dict[str, Value]:
        """Values of a root, with what waits to be written."""
        return self._copy.values(root)

    def get(self, root: str, key: str) -> Value | None:
        """One value, with what waits to be written."""
        return self._copy.get(root, key)

    def state(self) -> bytes:
        """The replica as one Yjs v1 update, without what waits."""
        return self._copy.state()

    # ---- what people do here

    def submit(self, operation: Operation, now: int) -> list[Effect]:
        """Take an operation: shown at once, written and sent when the connection allows."""
        self._mine[operation.broadcast_id] = None
        if len(self._mine) > _REMEMBERED:
            del self._mine[next(iter(self._mine))]
        if self.user:
            operation.sign(self.user)
        self.outbox.waiting.append(operation)
        self._copy.appended(operation)
        effects = self._pump(now)
        operation.waited = not operation.update
        return effects

    def receive_activity(
        self, typing: str | None, selection_cp: tuple[int, int] | None
    ) -> list[Effect]:
        """What this person does: types in a thread, selects text."""
        activity: dict[str, object] = {}
        if typing is not None:
            activity["typing"] = typing
        if selection_cp is not None:
            activity["selection"] = list(selection_cp)
        if activity == self._activity:
            return []
        self._activity = activity
        return [self._tell_activity()] if self.phase is Phase.LIVE else []

    # ---- what the connection brings

    def receive_opened(self) -> list[Effect]:
        """A connection is open."""
        self.phase = Phase.JOINING
        self._due = Due.NOTHING
        self._live_ahead = False
        self._resend = True
        # Of what was written, the welcome decides whether its bytes are still good.
        return [] if self.outbox.written else [self._join()]

    def receive_closed(self, code: int, reason: str) -> None:
        """The connection ended, or could not be made."""
        self.outbox.doubt()
        self._due = Due.NOTHING
        self.presence.clear()
        if 4400 <= code <= 4499:
            self.phase = Phase.STOPPED
            self.stopped = (code, reason)
        else:
            self.phase = Phase.OFFLINE

    def receive_time(self, now: int) -> list[Effect]:
        """The time of a WakeAt has come; early calls are harmless."""
        return [WakeAt(self._patience.until)] if self._patience.waits(now) else self._pump(now)

    def receive_frame(self, frame: bytes, now: int) -> list[Effect]:
        """A frame arrived."""
        try:
            return self._receive(message.decode_from_server(frame), now)
        except Malformed as error:
            return [Hangup(PROTOCOL_ERROR, error.reason)]
        except EngineFailure as error:
            return self._start_over(str(error))

    def _receive(self, received: message.FromServer, now: int) -> list[Effect]:
        match received:
            case message.Welcome(info):
                return self._receive_welcome(read_greeting(info), now)
            case message.Batch():
                return self._receive_batch(received, now)
            case message.Ack():
                return self._receive_ack(received, now)
            case message.Reject():
                return self._receive_reject(received, now)
            case message.ResyncRequest(epoch):
                return self._receive_resync_request(epoch)
            case message.Presence(info):
                self.presence.receive(info)
        return []  # Sync steps and awareness are for stock clients.

    def _receive_welcome(self, greeting: Greeting, now: int) -> list[Effect]:
        self.clock.learn(greeting.now, now)
        self.greeting = greeting
        self._sign(greeting.principal.id)
        lease = (greeting.client, greeting.lease)
        if self.epoch not in (0, greeting.epoch):
            self._abandon()
            if self._due:
                self._due = Due.WHOLE  # So is a resync from another epoch answered.
        elif not self._still_good(lease, greeting):
            self._abandon()
        else:
            self._copy.write_under(greeting.client)
        if lease != self._lease:
            self._lease, self.outbox.reached = lease, 0
        return [] if self._due else [self._join()]

    def _still_good(self, lease: tuple[int, str], greeting: Greeting) -> bool:
        """Whether the server has, or will get, all that this replica has."""
        written = self.outbox.written
        if lease != self._lease:
            return not written and not self._replace
        if written:
            return written[0].clock <= greeting.clock and len(written) <= greeting.in_flight
        return not self._replace and self._copy.next_clock() <= greeting.clock

    def _sign(self, user: str) -> None:
        """Put this user's name under what has none; what somebody else wrote becomes a draft."""
        for operation in list(self.outbox):
            if not operation.user:
                operation.sign(user)
            elif operation.user != user:
                if operation.update:
                    self._abandon()
                self.outbox.settle(operation.broadcast_id)
                reason = f"written as {operation.user}, signed in as {user}"
                self.drafts.append(drafted(operation, RejectCode.FORGED_AUTHOR, reason))
        self._copy.changed()

    def _receive_batch(self, batch: message.Batch, now: int) -> list[Effect]:
        if self.greeting is None:
            raise Malformed("a batch before the welcome")
        due = self._due
        effects: list[Effect] = [
            Happened(told(event)) for event in batch.events if event.broadcast_id not in self._mine
        ]
        if due is Due.WHOLE:
            if batch.first and self._live_ahead:
                self._copy.apply(batch.update)  # The old replica serves readers until then.
                return effects
            effects += self._take_whole(batch.update, self.greeting.client)
        elif batch.first or batch.update == EMPTY_UPDATE:
            self._copy.apply(batch.update)
        else:
            before = self._copy.content()
            self._copy.apply(batch.update)
            effects += map(Happened, seen(before, self._copy.content(), ()))
        if due is Due.NOTHING:
            self.sequence = max(self.sequence, batch.last)
            return effects
        self._replace |= due is Due.DIFFERENCE and batch.last < self.sequence  # a backup
        if due is Due.DIFFERENCE and self._replace:
            self._live_ahead = True
            return [*effects, self._join()]  # The welcome showed that it takes the whole.
        self.sequence = batch.last
        return effects + self._joined(self.greeting, now)

    def _take_whole(self, update: bytes, client: int) -> list[Effect]:
        before = self._copy.content() if self.epoch else None
        self._copy.replace(update, client)
        self._replace = False
        withdrawn, self._withdrawn = self._withdrawn, set()
        if before is None:
            return []
        own = {(root, key) for operation in self.outbox for root, key, _ in operation.intents}
        return [Happened(event) for event in seen(before, self._copy.content(), own | withdrawn)]

    def _joined(self, greeting: Greeting, now: int) -> list[Effect]:
        self._due = Due.NOTHING
        self._live_ahead = False
        if greeting.epoch != self.epoch:
            self.epoch, self.outbox.reached = greeting.epoch, 0
        self.phase = Phase.LIVE
        effects: list[Effect] = []
        if self._resend:
            self._resend = False
            effects += [self._send(operation) for operation in self.outbox.written]
            if self._activity:
                effects.append(self._tell_activity())
        return effects + self._pump(now)

    def _receive_ack(self, ack: message.Ack, now: int) -> list[Effect]:
        for broadcast_id in ack.broadcast_ids:
            if self.outbox.settle(broadcast_id) is not None:
                self._patience.end()
        self._copy.changed()
        if not self._due:
            self.sequence = max(self.sequence, ack.sequence)
        return self._pump(now)

    def _receive_reject(self, reject: message.Reject, now: int) -> list[Effect]:
        operation = self.outbox.refuse(reject.broadcast_id)
        if operation is None:
            return []
        effects: list[Effect] = []
        if operation.waits_after(reject.code):
            operation.update = b""
            self.outbox.waiting.appendleft(operation)
            if reject.code in LATER:
                effects.append(WakeAt(self._patience.begin(now)))
        elif not attained(operation, reject.code):
            self.drafts.append(drafted(operation, reject.code, reject.reason, hard=reject.hard))
        self._withdrawn.update((root, key) for root, key, _ in operation.intents)
        self._copy.changed()
        self._replace = True
        self.phase = Phase.JOINING
        if not reject.hard and self._due is not Due.DIFFERENCE:
            self._live_ahead = True
            effects.append(self._join())
        return effects

    def _receive_resync_request(self, epoch: int) -> list[Effect]:
        if self.greeting is None:
            raise Malformed("a resync before the welcome")
        if epoch != self.epoch:
            self._abandon()
            self.greeting = replace(self.greeting, epoch=epoch)
        self.phase = Phase.JOINING
        self._live_ahead = True
        return [self._join()]

    # ---- the common parts

    def _abandon(self) -> None:
        """The replica is worthless, and so are the bytes of what was written into it."""
        self.outbox.unwrite()
        self._replace = True
        self._copy.changed()

    def _start_over(self, reason: str) -> list[Effect]:
        self._abandon()
        self.phase = Phase.JOINING
        return [Hangup(PROTOCOL_ERROR, reason)]

    def _leave_lease(self) -> Hangup:
        """Come in again under another client id (C8)."""
        self._lease = (0, "")
        self.phase = Phase.JOINING
        return Hangup(NORMAL, "asks for another client id")

    def _join(self) -> Send:
        if self._replace or not self.epoch:
            self._due = Due.WHOLE
            return Send(message.encode_resync(0, 0, _NO_STATE))
        self._due = Due.DIFFERENCE
        vector = self._copy.state_vector()
        return Send(message.encode_resync(self.epoch, self.sequence, vector))

    def _pump(self, now: int) -> list[Effect]:
        """Write and send what waits, as far as it may be sent."""
        greeting = self.greeting
        if self.phase is not Phase.LIVE or greeting is None or self._patience.waits(now):
            return []
        effects: list[Effect] = []
        waiting, written = self.outbox.waiting, self.outbox.written
        while waiting and len(written) < greeting.in_flight:
            operation = waiting.popleft()
            redate(operation, self._copy.written, self.clock.now(now))
            self._copy.changed()
            if self._copy.holds(operation):
                continue
            if refused := self._refused(operation, greeting):
                if not attained(operation, refused.code):
                    self.drafts.append(refused)
                continue
            if self._copy.next_clock() < self.outbox.reached:
                waiting.appendleft(operation)
                return [*effects, self._leave_lease()]
            try:
                self._copy.write(operation)
            except EngineFailure as error:
                self.drafts.append(drafted(operation, RejectCode.MALFORMED, str(error)))
                return effects + self._start_over(str(error))
            written.append(operation)
            effects.append(self._send(operation))
        return effects

    def _refused(self, operation: Operation, greeting: Greeting) -> Draft | None:
        """What the server would refuse, so that it need not."""
        if greeting.readonly:
            return drafted(operation, RejectCode.READ_ONLY, "this role may not write here")
        code = obstacle(self._copy.written, operation)
        return drafted(operation, code, "it is gone") if code else None

    def _send(self, operation: Operation) -> Send:
        operation.sent = True
        return Send(message.encode_operation(operation.broadcast_id, operation.update))

    def _tell_activity(self) -> Send:
        return Send(message.encode_presence(self._activity))
