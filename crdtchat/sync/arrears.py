"""What a session is sent that fell behind: one difference in place of all that was dropped."""

from __future__ import annotations

from crdtchat.sync import message
from crdtchat.sync.desk import Desk
from crdtchat.sync.history import History
from crdtchat.sync.presence import Presence
from crdtchat.sync.session import Session


def catch_up(session: Session, history: History, presence: Presence, desk: Desk) -> None:
    """Send one difference in place of all frames that were dropped."""
    missed = history.since(session.outbox.since)
    session.outbox.caught_up()
    session.delivered = history.sequence
    if session.v1:
        if missed is not None:
            desk.answer(session, missed.as_batch())
        else:
            session.owed = True
            desk.answer(session, message.encode_resync_request(history.epoch))
        desk.answer(session, message.encode_presence(presence.snapshot(session.number)))
        session.had = b""
        return
    desk.answer(session, message.encode_awareness_message(presence.latest()))
    if missed is not None:
        desk.answer(session, missed.as_update())
    else:
        difference = history.difference(session.had)
        desk.answer(session, difference.as_update())
        run = history.rest(difference)
        if run is not None:
            desk.answer(session, run.as_update())
    session.had = b""
