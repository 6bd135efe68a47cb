"""An idle stock session is spoken to often enough for y-websocket to stay."""

from __future__ import annotations

from itertools import pairwise

from crdtchat.document.replica import Replica
from crdtchat.document.rules import LAW
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.room import Room
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment

PATIENCE = 30.0
"""Seconds of silence after which y-websocket hangs up (its messageReconnectTimeout; a test in
tests/conformance reads it from the source), and y-protocols forgets a state."""
WALL = 1_800_000_000_000


def test_an_idle_stock_session_is_spoken_to() -> None:
    steady = 100.0
    room = Room(
        law=LAW,
        document=Replica(),
        epoch=1,
        sequence=0,
        leases=(),
        now=Moment(steady, WALL),
    )
    peer = Peer("ann", "Ann", "commenter", may_comment=True, may_moderate=False)
    number, _ = room.join(peer, v1=False, nonce="", now=Moment(steady, WALL))
    own = encode_awareness([AwarenessState(77, 1, {"cursor": 3})])
    room.receive(number, message.encode_awareness_message(own), Moment(steady, WALL))
    room.outbox(number).take()
    spoken = [steady]
    while steady < 400.0:
        steady = room.wake_at
        room.wake(Moment(steady, WALL))
        if room.outbox(number).take():
            spoken.append(steady)
    assert max(later - earlier for earlier, later in pairwise(spoken)) < PATIENCE * 2 / 3
    assert len(spoken) < 40
