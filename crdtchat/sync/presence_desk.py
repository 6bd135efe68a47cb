"""Tells sessions who is here: when it is time, and those who ask."""

from __future__ import annotations

from collections.abc import Collection

from crdtchat.sync import message
from crdtchat.sync.desk import Desk
from crdtchat.sync.presence import Presence
from crdtchat.sync.presence_clock import PresenceClock
from crdtchat.sync.session import Session
from crdtchat.sync.tuning import Moment, Tuning


class PresenceDesk:
    """Makes each frame once, for all sessions."""

    def __init__(self, presence: Presence, desk: Desk, tuning: Tuning) -> None:
        self.clock = PresenceClock(tuning)
        self._presence = presence
        self._desk = desk

    def note(self, sessions: int, now: Moment) -> None:
        """Something may have changed on a page of so many sessions."""
        if self._presence.dirty and sessions:
            self.clock.changed(sessions, now)

    def send_due(self, sessions: Collection[Session], now: Moment) -> None:
        """Send what is due: changes, and what stock clients would forget."""
        if self.clock.changes_due(now):
            self._send_changes(sessions)
        if self.clock.renewal_due(now):
            self._renew(sessions, now)

    def answer(self, session: Session) -> None:
        """Send all awareness to a stock session."""
        self._desk.answer(session, message.encode_awareness_message(self._presence.renewal()))

    def _send_changes(self, sessions: Collection[Session]) -> None:
        info, states = self._presence.flush()
        frame = message.encode_presence(info)
        stock_frame = message.encode_awareness_message(states) if states else b""
        for session in sessions:
            if not session.closing and (session.v1 or stock_frame):
                self._desk.push(session, frame if session.v1 else stock_frame)

    def _renew(self, sessions: Collection[Session], now: Moment) -> None:
        frame = message.encode_awareness_message(self._presence.renewal())
        for session in sessions:
            if not session.v1:
                self._desk.push(session, frame)
                self.clock.renew(now)
