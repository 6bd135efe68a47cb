"""P1, P2: how long operations wait for company, in virtual time."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from crdtchat.document.replica import Replica
from crdtchat.document.rules import LAW
from crdtchat.sync.effects import Append
from crdtchat.sync.pace import Pace
from crdtchat.sync.room import Room
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment

TICK = 0.02
NOW = 1_800_000_000_000


def send(arrivals: Iterable[float], early: int = 1_000) -> tuple[list[float], int]:
    """How long each operation waits, and how many appends there are. `early`: that many do not
    wait for the tick."""
    pace = Pace(0.0)
    due, appends = 0.0, 0
    waiting: list[float] = []
    waits: list[float] = []

    def append(now: float) -> None:
        nonlocal due, appends
        waits.extend(now - one for one in waiting)
        due = pace.next_after(len(waiting), TICK, now)
        appends += 1
        waiting.clear()

    for now in sorted(arrivals):
        if waiting and due <= now:
            append(due)
        waiting.append(now)
        if due <= now or len(waiting) >= early:
            append(now)
    if waiting:
        append(max(due, waiting[-1]))
    return waits, appends


def about_every(seconds: float, count: int) -> list[float]:
    """Moments a little before or after the right one."""
    chance = random.Random(7)
    return [(number + chance.uniform(-0.2, 0.2)) * seconds for number in range(1, count)]


def by_chance(rate: float, seconds: float) -> list[float]:
    """Moments that know nothing of each other."""
    chance = random.Random(8)
    found = [0.0]
    while found[-1] < seconds:
        found.append(found[-1] + chance.expovariate(rate))
    return found


def test_fifty_a_second_do_not_wait() -> None:
    waits, _ = send(about_every(0.02, 500))
    assert max(waits) == 0


def test_fifty_a_second_by_chance_hardly_wait() -> None:
    waits, _ = send(by_chance(50, 60))
    assert sum(wait > 0 for wait in waits) < len(waits) / 3
    assert sum(waits) / len(waits) < TICK / 8


@pytest.mark.parametrize("rate", [200, 1_000, 10_000])
def test_what_comes_fast_is_gathered(rate: float) -> None:
    for arrivals in (about_every(1 / rate, 4 * int(rate)), by_chance(rate, 4)):
        waits, appends = send(arrivals)
        assert appends < 4 / TICK * 1.2 + 3
        assert max(waits) <= TICK + 1e-9


def test_who_comes_after_a_storm_waits_no_longer_than_a_tick() -> None:
    """Appends that did not wait for their tick are not paid for by who comes later."""
    storm = [number / 20_000 for number in range(20_000)]
    waits, _ = send([*storm, 1.0, 1.3], early=64)
    assert max(waits) <= TICK + 1e-9
    assert waits[-1] == 0


@pytest.mark.parametrize(("every", "least", "most"), [(0.02, 50, 50), (0.001, 2, 5)])
def test_a_room_sends_at_once_what_comes_seldom(every: float, least: int, most: int) -> None:
    """On a page of 200."""
    replica = Replica(client=1)
    now = Moment(100.0, NOW)
    room = Room(law=LAW, document=replica, epoch=1, sequence=0, leases=(), now=now)
    peer = Peer("ann", "Ann", "commenter", may_comment=True, may_moderate=False)
    for number in range(200):
        room.join(peer, v1=True, nonce=f"nonce {number}", now=now)
    begun = 0
    for number in range(50):
        now = Moment(now.steady + every, now.wall)
        value = ("ann", NOW, "words", "", "", 0, 5)
        wanted = room.write(peer, [("a", f"anno{number}", value)], bytes(16), number + 1, now)
        begun += any(isinstance(effect, Append) for effect in wanted)
        if room.ledger.flying:
            list(room.committed(now))
    assert least <= begun <= most
