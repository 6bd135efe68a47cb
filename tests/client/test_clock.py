"""People whose clock is wrong are not refused, and their words keep their order."""

from __future__ import annotations

from crdtchat.client.clock import TRUSTED_MS, ServerClock, redate
from crdtchat.client.intents import Operation
from crdtchat.document.records import Target
from crdtchat.document.schema import FUTURE_MS
from tests.client.world import Client, Clock, Server, settle

HOUR = 3_600_000


def test_only_a_clock_that_is_ahead_goes_by_the_servers() -> None:
    clock = ServerClock()
    assert clock.now(1_000_000) == 1_000_000
    clock.learn(1_000_000, 1_000_000 + HOUR)
    assert clock.now(1_005_000 + HOUR) == 1_005_000
    clock.learn(1_000_000 + HOUR, 1_000_000)
    assert clock.now(1_005_000) == 1_005_000, "records may lie in the past"
    clock.learn(1_000_000, 1_003_000)
    assert clock.now(1_010_000) == 1_010_000, "so much is the way of the message"
    clock.learn(0, 1_000_000)
    assert clock.now(1_010_000) == 1_010_000, "a server that does not say"


def test_ticks_grow_until_the_clock_is_set_right() -> None:
    clock = ServerClock()
    assert [clock.tick(here) for here in (5_000, 5_000, 4_999, 6_000)] == [
        5_000,
        5_001,
        5_002,
        6_000,
    ]
    assert clock.tick(HOUR) == HOUR
    clock.learn(7_000, HOUR)
    assert clock.tick(HOUR) == 7_000


def test_what_the_server_would_take_keeps_its_time() -> None:
    now = 1_000_000

    def redated(at: int) -> int:
        operation = Operation(bytes(16), at, (("s", "anno", (1, "ann", at)), ("r", "a/c/u", "👍")))
        redate(operation, lambda root, key: None, now)
        (_, _, value), reaction = operation.intents
        assert reaction == ("r", "a/c/u", "👍")
        assert isinstance(value, tuple)
        return int(value[2])

    for at in (1, now, now + TRUSTED_MS):
        assert redated(at) == at
    assert redated(now + FUTURE_MS) == now


def test_what_was_written_offline_by_a_clock_an_hour_ahead_is_taken() -> None:
    clock = Clock()
    server = Server(clock)
    ann, bob = (Client(server, user, seed) for seed, user in enumerate(("ann", "bob")))
    ann.ahead = HOUR
    target = Target("words", start_cp=0, end_cp=5)
    tick = ann.provider.clock.tick
    aid, operation = ann.actions.annotate(target, "first", tick(ann.now()))
    ann.submit(operation)
    (opening,) = ann.view()[0].comments
    cid, operation = ann.actions.reply(aid, "second", "", tick(ann.now()))
    ann.submit(operation)
    ann.submit(ann.actions.edit(aid, cid, "second, again", tick(ann.now())))
    ann.submit(ann.actions.resolve(aid, True, tick(ann.now())))
    settle(server, [ann, bob])
    ann.submit(ann.actions.reply(aid, "third", "", tick(ann.now()))[1])
    ann.submit(ann.actions.delete(aid, opening.cid, tick(ann.now())))
    settle(server, [ann, bob])
    assert not ann.provider.drafts
    assert not ann.provider.outbox
    assert ann.content() == bob.content() == server.content()
    (annotation,) = bob.view()
    assert annotation.resolved
    assert [one.text for one in annotation.comments if one.deleted is None] == [
        "second, again",
        "third",
    ]
    times = [annotation.created, *(one.created for one in annotation.comments)]
    assert max(times) <= clock.now()
