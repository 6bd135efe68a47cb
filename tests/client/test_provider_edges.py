"""The provider by hand: news, presence, and what no server should send."""

from __future__ import annotations

import pytest

from crdtchat.client.effects import Hangup, Send, WakeAt
from crdtchat.client.news import Happening, PageEvent
from crdtchat.client.provider import Phase, Provider
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.message import Event, EventKind
from tests.client.by_hand import (
    WELCOME,
    frames,
    joined,
    page,
    resolve,
    welcome,
)
from tests.client.world import START


def test_a_difference_is_news_by_comparison() -> None:  # C5
    provider = joined(page(), last=1)
    provider.receive_closed(1006, "")
    provider.receive_opened()
    welcome(provider)
    other = Replica(client=9)
    other.apply(page())
    change = other.write(
        [("c", "anno/more", ("bob", START + 1, "more")), ("r", "anno/cmnt/bob", "👍")]
    )
    effects = provider.receive_frame(message.encode_batch(0, 2, change, []), START)
    happened = [
        effect.event for effect in effects if not isinstance(effect, (Send, Hangup, WakeAt))
    ]
    assert happened == [
        PageEvent(Happening.UPDATED, "anno", "cmnt", "bob", 0),
        PageEvent(Happening.UPDATED, "anno", "more", "bob", START + 1),
    ]


def test_own_operations_that_come_back_are_no_news() -> None:  # C5
    provider = joined(page(), last=1)
    provider.submit(resolve(1), START)
    event = Event(EventKind.UPDATED, bytes([1] * 16), "anno", "", "ann", START)
    assert provider.receive_frame(message.encode_batch(2, 2, EMPTY_UPDATE, [event]), START) == []


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x7f",
        b"\x42\x00",
        message.encode_welcome({}),
        message.encode_welcome({**WELCOME, "lease": 3}),
        message.encode_welcome({**WELCOME, "heartbeat": 0}),
        message.encode_welcome({**WELCOME, "protocol": 2}),
        message.encode_welcome({**WELCOME, "schema": 2}),
        message.encode_welcome({**WELCOME, "client": 2**64}),
        message.encode_welcome({**WELCOME, "epoch": -1}),
        message.encode_batch(0, 0, EMPTY_UPDATE, []),
        message.encode_resync_request(1),
        message.encode_presence({"people": "many"}),
        message.encode_presence({"people": 1, "connections": 1, "gone": [[7]]}),
    ],
)
def test_what_no_server_sends_ends_the_connection_only(frame: bytes) -> None:
    provider = Provider()
    provider.receive_opened()
    (effect,) = provider.receive_frame(frame, START)
    assert isinstance(effect, Hangup)
    assert provider.phase is Phase.JOINING


def test_a_replica_that_failed_is_joined_anew() -> None:
    provider = joined(page(), last=1)
    (effect,) = provider.receive_frame(message.encode_batch(2, 2, b"\x01\x01\x01", []), START)
    assert isinstance(effect, Hangup)
    provider.receive_closed(1002, "")
    assert frames(provider.receive_opened()) == [message.Resync(0, 0, b"\x00")]


@pytest.mark.parametrize(
    ("code", "phase"),
    [
        (1006, Phase.OFFLINE),
        (1012, Phase.OFFLINE),
        (4500, Phase.OFFLINE),
        (4508, Phase.OFFLINE),
        (4400, Phase.STOPPED),
        (4401, Phase.STOPPED),
        (4499, Phase.STOPPED),
    ],
)
def test_close_codes(code: int, phase: Phase) -> None:  # C6
    provider = joined()
    provider.receive_closed(code, "because")
    assert provider.phase is phase


def test_presence() -> None:
    provider = Provider()
    assert provider.receive_activity("anno", (1, 4)) == []
    provider.receive_opened()
    welcome(provider)
    effects = provider.receive_frame(message.encode_batch(0, 0, EMPTY_UPDATE, []), START)
    assert frames(effects) == [message.Presence({"typing": "anno", "selection": [1, 4]})]
    assert provider.receive_activity("anno", (1, 4)) == []
    assert frames(provider.receive_activity(None, None)) == [message.Presence({})]
    provider.receive_frame(
        message.encode_presence(
            {
                "people": 2,
                "connections": 3,
                "me": 7,
                "here": [[7, "ann", "Ann", {}], [8, "bob", "Bob", {"typing": "anno"}]],
                "full": True,
            }
        ),
        START,
    )
    presence = provider.presence
    assert (presence.people, presence.connections, presence.me) == (2, 3, 7)
    assert [(person.name, person.typing) for person in presence.here] == [
        ("Ann", None),
        ("Bob", "anno"),
    ]
    gone = {"people": 1, "connections": 1, "gone": [8]}
    provider.receive_frame(message.encode_presence(gone), START)
    assert [person.name for person in presence.here] == ["Ann"]
    provider.receive_closed(1006, "")
    assert presence.here == ()
