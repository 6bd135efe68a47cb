"""Many come to a page and leave: what each of them is told, how much of it, and how soon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from crdtchat.client.presence import Presence as Told
from crdtchat.document.replica import Replica
from crdtchat.document.rules import LAW
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, decode_awareness, encode_awareness
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.presence import NAMED, Presence
from crdtchat.sync.presence_clock import PresenceClock
from crdtchat.sync.room import Room
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment, Tuning

WALL = 1_800_000_000_000
PROMISED_S = 2.0
TOLD_NODES_S = 0.5
"""Another node may have heard of a change so late."""
PER_SECOND = 200
VIEWERS = 150
LIMITS = replace(TRUSTED, awareness_bytes=2**20)
"""Stock clients take awareness of any length."""


class Viewer:
    """What one connection was told."""

    def __init__(self) -> None:
        self.told = Told()
        self.clients: set[int] = set()
        self.largest = 0
        """Bytes of the largest message of presence."""

    def receive(self, frame: bytes) -> None:
        decoded = message.decode_from_server(frame)
        if isinstance(decoded, message.Presence):
            self.told.receive(decoded.info)
        elif isinstance(decoded, message.Awareness):
            for state in decode_awareness(decoded.update, LIMITS):
                (self.clients.discard if state.state is None else self.clients.add)(state.client)
        else:
            return
        self.largest = max(self.largest, len(frame))


class Audience:
    """A room whose viewers come and go, in virtual time."""

    def __init__(self, v1: bool) -> None:
        # No renewals: they name all, whoever comes and goes.
        tuning = Tuning(renewal=1e6)
        self.steady = 100.0
        self.room = Room(
            law=LAW,
            document=Replica(),
            epoch=1,
            sequence=0,
            leases=(),
            now=self._now(),
            tuning=tuning,
        )
        self.v1 = v1
        self.viewers: dict[int, Viewer] = {}
        self._count = 0

    def come(self) -> int:
        self._count += 1
        user = f"~{self._count:08}"
        peer = Peer(user, "Guest", "commenter", may_comment=True, may_moderate=False)
        number, _ = self.room.join(peer, v1=self.v1, nonce=user, now=self._now())
        self.viewers[number] = Viewer()
        if not self.v1:
            state = encode_awareness([AwarenessState(1_000 + number, 1, {"cursor": 3})])
            self.room.receive(number, message.encode_awareness_message(state), self._now())
        self._deliver()
        return number

    def leave(self, number: int) -> Viewer:
        self.room.leave(number, self._now())
        return self.viewers.pop(number)

    def pass_time(self, seconds: float) -> None:
        end = self.steady + seconds
        while self.room.wake_at <= end:
            self.steady = max(self.steady, self.room.wake_at)
            self.room.wake(self._now())
            self._deliver()
        self.steady = end

    def flow(self, count: int) -> Iterator[None]:
        for _ in range(count):
            self.pass_time(1 / PER_SECOND)
            yield

    def _deliver(self) -> None:
        for number, viewer in self.viewers.items():
            for frame in self.room.outbox(number).take():
                viewer.receive(frame)

    def _now(self) -> Moment:
        return Moment(self.steady, WALL + int(self.steady * 1_000))


@pytest.mark.parametrize(("v1", "most"), [(True, 1_000), (False, 1_500)], ids=["v1", "stock"])
def test_a_message_to_many_is_short_whoever_comes_and_goes(v1: bool, most: int) -> None:
    """P3. The longest here leave first: without a bound, each message would name 50 others."""
    audience = Audience(v1)
    for _ in audience.flow(VIEWERS):
        audience.come()
    audience.pass_time(PROMISED_S)
    for viewer in audience.viewers.values():
        viewer.largest = 0
    numbers = iter(list(audience.viewers))
    for _ in audience.flow(VIEWERS - NAMED - 1):
        assert audience.leave(next(numbers)).largest < most
    assert 0 < max(viewer.largest for viewer in audience.viewers.values()) < most


def test_all_see_exact_counts_and_the_same_names_once_it_is_quiet() -> None:
    """P1, P3, P4."""
    audience = Audience(v1=True)
    for wanted in (3, NAMED, NAMED + 1, VIEWERS, 2 * NAMED, NAMED, 7):
        for _ in audience.flow(abs(wanted - len(audience.viewers))):
            if wanted > len(audience.viewers):
                audience.come()
            else:
                audience.leave(next(iter(audience.viewers)))
        audience.pass_time(PROMISED_S)
        named = {person.number for person in audience.room.presence.named}
        assert len(named) == min(wanted, NAMED)
        for viewer in audience.viewers.values():
            told = viewer.told
            assert (told.people, told.connections) == (wanted, wanted)
            assert {person.connection for person in told.here} == named


def test_stock_clients_are_shown_the_same_names_once_it_is_quiet() -> None:
    audience = Audience(v1=False)
    for _ in range(2 * NAMED):
        audience.come()
    audience.pass_time(PROMISED_S)
    for _ in range(NAMED // 2):
        audience.leave(next(iter(audience.viewers)))
    audience.pass_time(PROMISED_S)
    named = {person.client for person in audience.room.presence.named}
    assert len(named) == NAMED
    for viewer in audience.viewers.values():
        assert viewer.clients == named


def test_who_comes_while_named_people_leave_is_named_in_turn() -> None:
    """P3, P4."""
    presence = Presence()
    for number in range(2 * NAMED):
        presence.join(number, f"user{number}", "Name")
    presence.flush()
    for number in range(NAMED):
        presence.leave(number)
        presence.join(2 * NAMED + number, "new", "New")
    info, _ = presence.flush()
    assert info["gone"] == list(range(NAMED))
    here = info["here"]
    assert isinstance(here, list)
    assert 0 < len(here) < NAMED // 2
    assert presence.dirty
    for number in range(2 * NAMED, 2 * NAMED + NAMED // 2):
        presence.leave(number)
    for number in range(NAMED, NAMED + NAMED // 2):
        presence.leave(number)
    presence.flush()
    assert len(presence.named) == NAMED
    assert not presence.dirty


def test_few_are_told_of_each_other_at_once() -> None:
    audience = Audience(v1=True)
    first = audience.viewers[audience.come()]
    audience.pass_time(10.0)
    audience.come()
    audience.pass_time(0.06)
    assert first.told.connections == 2
    audience.come()
    audience.pass_time(0.06)
    assert first.told.connections == 3
    assert len(first.told.here) == 3


@pytest.mark.parametrize("viewers", [1, 10, 300, 2_000, 1_000_000])
def test_nobody_waits_longer_than_promised(viewers: int) -> None:
    clock = PresenceClock(Tuning())
    steady = 100.0
    for pause in (0.0, 0.001, 0.3, 5.0):
        steady += pause
        clock.changed(viewers, Moment(steady, WALL))
        assert clock.wake_at - steady < PROMISED_S - TOLD_NODES_S
        steady = clock.wake_at
        assert clock.changes_due(Moment(steady, WALL))


def test_very_many_are_told_less_often_and_of_the_first_change_at_once() -> None:
    clock = PresenceClock(Tuning())
    told = []
    steady = 100.0
    while steady < 110.0:
        clock.changed(2_000, Moment(steady, WALL))
        steady = clock.wake_at
        assert clock.changes_due(Moment(steady, WALL))
        told.append(steady - 100.0)
    assert told[0] < 0.1
    assert len(told) < 10
