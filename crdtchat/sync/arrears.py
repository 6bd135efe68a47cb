"""What a session is sent that fell behind: one difference in place of all that was dropped."""

from __future__ import annotations

from crdtchat.sync import message
from crdtchat.sync.desk import Desk
from crdtchat.sync.history import NOTHING, History
from crdtchat.sync.presence import Presence
from crdtchat.sync.session import Session


def catch_up(session: Session, history: History, presence: Presence, desk: Desk) -> None:
    """Send one difference in place of all frames that were dropped, and who is here.

    Who has not joined missed nothing else, and gets the rest when it does.
    """
    since = session.outbox.since
    session.outbox.caught_up()
    if session.v1:
        if session.joined:
            _answer_v1(session, since, history, desk)
        desk.answer(session, message.encode_presence(presence.snapshot(session.number)))
    else:
        desk.answer(session, message.encode_awareness_message(presence.latest()))
        if session.joined:
            _answer_stock(session, since, history, desk)
    session.had = b""


def remember(session: Session, history: History) -> None:
    """Note what a stock session has that fell behind, while that can be told: before operations
    are forgotten that it missed. Else it would be sent everything. A crdtchat.v1 client is asked.
    """
    if session.outbox.behind and session.joined and not session.v1 and not session.had:
        session.had = history.held(session.outbox.since)


def _answer_v1(session: Session, since: int, history: History, desk: Desk) -> None:
    missed = history.since(since)
    session.delivered = history.sequence
    if missed is not None:
        desk.answer(session, missed.as_batch())
    else:
        session.owed = True
        desk.answer(session, message.encode_resync_request(history.epoch))


def _answer_stock(session: Session, since: int, history: History, desk: Desk) -> None:
    missed = history.since(since)
    session.delivered = history.sequence
    if missed is not None:
        desk.answer(session, missed.as_update())
        return
    difference = history.difference(session.had or NOTHING)
    desk.answer(session, difference.as_update())
    run = history.rest(difference)
    if run is not None:
        desk.answer(session, run.as_update())
