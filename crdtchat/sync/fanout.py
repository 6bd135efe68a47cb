"""One tick's committed operations as each session gets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from crdtchat.sync.arrears import remember
from crdtchat.sync.effects import Send
from crdtchat.sync.encode import join_updates
from crdtchat.sync.history import History
from crdtchat.sync.ledger import Operation
from crdtchat.sync.message import encode_batch, encode_sync_update
from crdtchat.sync.session import Session

_TOGETHER = 4
"""Sessions that are woken in one go."""


class Fanout:
    """Encodes once what is the same for all, when somebody gets it, and once more for each writer,
    without its own."""

    def __init__(
        self, first: int, last: int, update: bytes, operations: Sequence[Operation]
    ) -> None:
        """`update` joins all `operations`, which are numbers `first .. last` of the log."""
        self._first = first
        self._last = last
        self._operations = operations
        self._update = update
        self._writers = {operation.session for operation in operations}
        self._encoded: dict[bool, bytes] = {}

    def to(self, sessions: Iterable[Session], history: History) -> Iterator[Send]:
        """Queue it for those it is for, a few at a time: the first readers need not wait until the
        last one's frame is queued."""
        ready: list[int] = []
        for session in sessions:
            if not session.joined or session.owed or session.closing:
                continue
            frame = self.frame(session)
            if frame is not None:
                session.outbox.push(frame, session.delivered)
                ready.append(session.number)
            if session.outbox.behind:
                remember(session, history)
            session.delivered = self._last
            if len(ready) == _TOGETHER:
                yield Send(tuple(ready))
                ready.clear()
        if ready:
            yield Send(tuple(ready))

    def frame(self, session: Session) -> bytes | None:
        """The frame for a session; None if all of it is its own."""
        if session.number not in self._writers:
            frame = self._encoded.get(session.v1)
            if frame is None:
                frame = self._encode(self._update, self._operations, v1=session.v1)
                self._encoded[session.v1] = frame
            return frame
        others = [
            operation for operation in self._operations if operation.session != session.number
        ]
        if not others:
            return None
        update = join_updates([operation.update for operation in others])
        return self._encode(update, others, v1=session.v1)

    def _encode(self, update: bytes, operations: Sequence[Operation], *, v1: bool) -> bytes:
        if not v1:
            return encode_sync_update(update)
        news = [event for operation in operations for event in operation.events]
        return encode_batch(self._first, self._last, update, news)
