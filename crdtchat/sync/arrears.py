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
    since, had = session.outbox.since, session.had
    session.outbox.caught_up()
    session.had = b""
    if session.v1:
        if session.joined:
            _answer_v1(session, since, history, desk)
        desk.answer(session, message.encode_presence(presence.snapshot(session.number)))
    else:
        desk.answer(session, message.encode_awareness_message(presence.latest()))
        if session.joined:
            _answer_stock(session, since, had, history, desk)


def answer_owed(session: Session, request: message.Resync, history: History, desk: Desk) -> None:
    """Answer a crdtchat.v1 client that was asked to resync. Raises Malformed."""
    if request.epoch != history.epoch:
        # It begins anew: what it had, its own saved words among it, must not be away meanwhile.
        desk.answer(session, history.answer(request))
    elif (recent := history.recent(request)) is not None:
        desk.answer(session, recent)
    else:
        _send_difference(session, request.state_vector, request.after, history, desk)


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


def _answer_stock(session: Session, since: int, had: bytes, history: History, desk: Desk) -> None:
    missed = history.since(since)
    session.delivered = history.sequence
    if missed is not None:
        desk.answer(session, missed.as_update())
    else:
        _send_difference(session, had or NOTHING, since, history, desk)


def _send_difference(
    session: Session, vector: bytes, after: int, history: History, desk: Desk
) -> None:
    """All that is missing, or what others are being sent of it; then the rest is due behind that:
    those who read slowly share what they are sent, whenever each began to read it."""
    v1 = session.v1
    difference = history.difference(vector, after)
    desk.answer(session, difference.as_batch() if v1 else difference.as_update(), difference)
    if difference.last == history.sequence:
        return
    rest = history.since(difference.last)
    if rest is not None:
        desk.answer(session, rest.as_batch() if v1 else rest.as_update())
    else:
        session.had = difference.end
        session.delivered = difference.last
        session.outbox.owe(difference.last)
