"""What stock clients say of themselves, by the y-protocols awareness."""

from __future__ import annotations

import pytest

from crdtchat.sync import message
from crdtchat.sync.awareness import (
    AwarenessState,
    decode_awareness,
    encode_awareness,
    parse_object,
)
from crdtchat.sync.codes import Malformed
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.presence import Presence

ANN = 11
NOW = 1_800_000_000
"""Seconds since 1970."""
TYPING: dict[str, object] = {"typing": "anno"}


class Stock:
    """A client as y-websocket is: it takes over what it hears of itself, and says it again."""

    def __init__(self, presence: Presence) -> None:
        self.presence = presence
        self.own = AwarenessState(ANN, 0, {})
        self.up: list[AwarenessState] = []

    def say(self, state: dict[str, object]) -> None:
        """Set the own state."""
        self.own = AwarenessState(ANN, self.own.clock + 1, state)
        self.up.append(self.own)

    def hear(self, told: bytes) -> None:
        """See y-protocols' `applyAwarenessUpdate` and y-websocket's handler of its event."""
        for state in decode_awareness(told, TRUSTED):
            if state.client == ANN and state.clock > self.own.clock:
                self.own = state
                self.up.append(state)

    def arrive(self) -> None:
        """All that it said comes to the server."""
        for state in self.up:
            self.presence.awareness(1, [state], NOW)
        self.up.clear()

    def settle(self) -> None:
        """Until nobody has anything to say."""
        self.arrive()
        while self.presence.dirty:
            self.hear(self.presence.flush()[1])
            self.arrive()


def stock() -> Stock:
    presence = Presence()
    presence.join(1, "ann", "Ann")
    client = Stock(presence)
    client.say({})
    client.arrive()
    return client


def shown(client: Stock) -> dict[str, object]:
    """What others see, and the client itself shows."""
    (person,) = client.presence.named
    assert client.own.state is not None
    user = {"user": client.own.state["user"]}
    assert client.own.state == {**person.state, **user}
    return person.state


def test_what_is_said_while_the_first_echo_is_on_its_way_stays() -> None:
    client = stock()
    _, first = client.presence.flush()
    client.say(TYPING)
    client.hear(first)
    client.settle()
    assert shown(client) == TYPING


def test_so_does_what_is_said_while_a_renewal_is() -> None:
    client = stock()
    client.settle()
    states: list[dict[str, object]] = [TYPING, {}, TYPING]
    for state in states:
        renewals = [client.presence.renewal() for _ in range(3)]
        client.say(state)
        for renewal in renewals:
            client.hear(renewal)
        client.settle()
        assert shown(client) == state


def test_what_is_said_behind_an_echo_counts() -> None:
    client = stock()
    client.settle()
    states: list[dict[str, object]] = [TYPING, {}, TYPING, {"typing": "other"}, {}]
    for state in states:
        client.say(state)
        client.settle()
        assert shown(client) == state


def test_brackets_in_what_people_wrote_nest_nothing() -> None:
    """Else fifty guests named so would keep every program off the page, endlessly."""
    name = '[{"\\' * 32
    state: dict[str, object] = {"cursors": [{"at": []}] * 20}
    here: list[object] = [[number, "~1", name, state] for number in range(50)]
    told = message.decode_from_server(message.encode_presence({"people": 1, "here": here}))
    assert told == message.Presence({"people": 1, "here": here})
    own = AwarenessState(ANN, 1, {"selected": name})
    assert decode_awareness(encode_awareness([own]), TRUSTED) == (own,)


@pytest.mark.parametrize("text", ["[" * 65, '{"a":' * 65 + '"', '"\\"' + "[" * 65, '["\\'])
def test_what_nests_too_deeply_or_breaks_off_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_object(text)
