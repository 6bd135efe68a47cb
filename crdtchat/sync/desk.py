"""Where a room lays down what it wants done, until the host takes it."""

from __future__ import annotations

from crdtchat.sync import message
from crdtchat.sync.codes import (
    FORBIDDEN,
    CloseCode,
    Malformed,
    Refused,
    RejectCode,
    TooFast,
    close_reason,
)
from crdtchat.sync.effects import Close, Count, Effect, Refusal, Send
from crdtchat.sync.session import Session
from crdtchat.sync.tuning import Tuning


class Desk:
    """Effects in order, and the sessions that have something to be sent."""

    def __init__(self, answers_bytes: int) -> None:
        """`answers_bytes`: what a session may leave unread of what it asked for."""
        self._answers_bytes = answers_bytes
        self._effects: list[Effect] = []
        self._ready: dict[int, None] = {}

    def add(self, effect: Effect) -> None:
        """Lay down an effect."""
        self._effects.append(effect)

    def answer(self, session: Session, frame: bytes, source: object | None = None) -> None:
        """Queue a frame that must arrive, made of `source`."""
        session.outbox.answer(frame, source)
        self._ready[session.number] = None
        if session.outbox.answers_bytes > self._answers_bytes:
            self.close(session, CloseCode.TOO_SLOW, "does not read what it asks for")

    def push(self, session: Session, frame: bytes) -> None:
        """Queue a frame that one difference may replace."""
        session.outbox.push(frame, session.delivered)
        self._ready[session.number] = None

    def close(self, session: Session, code: CloseCode, reason: str) -> None:
        """End a session, once."""
        if not session.closing:
            session.closing = True
            self._effects.append(Close(session.number, code, close_reason(reason)))

    def note_refusal(self, session: Session, refused: Refused) -> None:
        """Count a refused operation by its code, and tell who tried what they may not."""
        code = refused.code
        self._effects.append(Count(f"refused_{code}"))
        if code.hard or code in FORBIDDEN:
            self._effects.append(Refusal(session.peer.user, session.peer.role, code))

    def end_for(self, session: Session, error: Malformed) -> None:
        """What came is no message: count it, note who sent it, and end the session."""
        self.add(Count("malformed"))
        self.add(Refusal(session.peer.user, session.peer.role, RejectCode.MALFORMED))
        self.close(session, CloseCode.MALFORMED, error.reason)

    def is_tired_of(
        self, session: Session, said: message.FromClient, now: float, tuning: Tuning
    ) -> bool:
        """Whether a message that writes nothing is one too many: then the session ends."""
        try:
            session.overhear(said, now, tuning)
        except TooFast as error:
            self.add(Count("chatty"))
            self.close(session, CloseCode.TOO_FAST, error.reason)
            return True
        return False

    def forget(self, number: int) -> None:
        """The session is gone."""
        self._ready.pop(number, None)

    def take(self) -> list[Effect]:
        """Take everything. Frames come first: no close overtakes the reject that explains it."""
        taken, self._effects = self._effects, []
        if self._ready:
            taken.insert(0, Send(tuple(self._ready)))
            self._ready = {}
        return taken
