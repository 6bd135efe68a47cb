"""What a room cannot judge before it knows whether the log is longer than it has seen.

A client may come from another node, or from a page that was rebuilt, and know more than the room
that it comes to: what it says then is no offence. It waits until the store was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.desk import Desk
from crdtchat.sync.effects import Ahead, Doubt
from crdtchat.sync.history import History
from crdtchat.sync.session import Session

_BYTES = 1_048_576
_FRAMES = 1_024
"""What one session may have waiting, of either."""


class Behind(Exception):
    """The log may be longer than this room knows."""


class Doubts:
    """Keeps the frames of sessions that wait, in their order."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def weigh(self, session: Session, request: message.Resync, history: History) -> None:
        """Raises Behind for a client that has come further than this room; once the store was
        looked at it is known that the log was set back, as by a backup in its place."""
        if (request.epoch, request.after) > (history.epoch, history.sequence):
            if not session.assured:
                raise Behind
            self._desk.add(Ahead())

    def keep(self, session: Session, frame: bytes) -> None:
        """This frame waits, and all that come behind it."""
        if not session.held:
            self._desk.add(Doubt())
        session.held.append(frame)
        if len(session.held) > _FRAMES or sum(map(len, session.held)) > _BYTES:
            self.give_up([session], "the page is being caught up with")

    def take(self, session: Session) -> list[bytes]:
        """The store was looked at: what waited is judged as it now stands."""
        frames, session.held = session.held, []
        return frames

    def give_up(self, sessions: Iterable[Session], reason: str) -> None:
        """The store cannot be looked at: whoever waits has to come again."""
        for session in sessions:
            if session.held:
                session.held = []
                self._desk.close(session, CloseCode.UNAVAILABLE, reason)
