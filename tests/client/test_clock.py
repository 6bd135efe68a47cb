"""People whose clock is wrong are not refused, and their words keep their order."""

from __future__ import annotations

from crdtchat.client.clock import TRUSTED_MS, ServerClock, redate
from crdtchat.client.intents import Operation
from crdtchat.document.records import Target
from crdtchat.document.schema import FUTURE_MS
from crdtchat.sync.codes import CloseCode, RejectCode
from tests.client.world import Client, Clock, Server, settle

HOUR = 3_600_000
WORDS = Target("words", start_cp=0, end_cp=5)


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


def test_a_moderator_s_verdict_is_dated_anew_as_everything_else() -> None:
    operation = Operation(bytes(16), 1, (("m", "anno", (1, "mod", 1_000_000 + HOUR)),))
    redate(operation, lambda root, key: None, 1_000_000)
    assert operation.intents == (("m", "anno", (1, "mod", 1_000_000)),)


def test_two_edits_offline_by_a_clock_an_hour_ahead_leave_the_later_one() -> None:
    server = Server(Clock())
    ann = Client(server, "ann", 1)
    ann.ahead = HOUR
    aid, operation = ann.actions.annotate(WORDS, "first", ann.now())
    ann.submit(operation)
    (opening,) = ann.view()[0].comments
    for text in ("second", "third"):
        ann.submit(ann.actions.edit(aid, opening.cid, text, ann.now()))
    settle(server, [ann])
    assert [one.text for one in ann.view()[0].comments] == ["third"]
    assert ann.content() == server.content()


def test_people_go_on_when_the_server_s_clock_is_set_back_an_hour() -> None:  # C7
    server = Server(Clock())
    ann, bob = (Client(server, user, seed) for seed, user in enumerate(("ann", "bob")))
    aid, operation = ann.actions.annotate(WORDS, "before", ann.now())
    ann.submit(operation)
    (opening,) = ann.view()[0].comments
    ann.submit(ann.actions.edit(aid, opening.cid, "before, edited", ann.now()))
    ann.submit(ann.actions.resolve(aid, True, ann.now()))
    settle(server, [ann, bob])

    server.clock.set_back = HOUR
    sessions = {ann.session, bob.session}
    ann.submit(ann.actions.edit(aid, opening.cid, "once more", ann.now()))
    ann.submit(ann.actions.edit(aid, opening.cid, "and again", ann.now()))
    ann.submit(ann.actions.resolve(aid, False, ann.now()))
    bob.submit(bob.actions.reply(aid, "afterwards", "", bob.now())[1])
    settle(server, [ann, bob])

    assert {number: code for number, (code, _) in server.closed.items()} == dict.fromkeys(
        sessions, CloseCode.CLOCK
    ), "each is sent away once"
    assert not ann.provider.drafts
    assert not bob.provider.drafts
    assert not ann.provider.outbox
    assert not bob.provider.outbox
    assert ann.content() == bob.content() == server.content()
    (annotation,) = bob.view()
    assert not annotation.resolved
    assert {one.text for one in annotation.comments} == {"and again", "afterwards"}

    server.clock.set_back = 0
    bob.submit(bob.actions.reply(aid, "when it was set right", "", bob.now())[1])
    settle(server, [ann, bob])
    assert len(server.closed) == 2
    assert ann.content() == bob.content() == server.content()


def test_what_is_refused_as_dated_ahead_twice_becomes_a_draft() -> None:  # C7
    server = Server(Clock())
    ann = Client(server, "ann", 1)
    settle(server, [ann])
    server.clock.set_back = HOUR
    ann.submit(ann.actions.annotate(WORDS, "kept", ann.now())[1])
    while ann.carry_up() or ann.transmit() or ann.carry_down():
        server.commit()
    assert ann.session is None
    assert len(ann.provider.outbox) == 1
    assert [one.text for one in ann.view()[0].comments] == ["kept"], "seen all the time"
    ann.connect()
    while ann.transmit() or ann.carry_down():
        pass
    assert ann.carry_up()
    while ann.transmit() or ann.carry_down():
        pass
    server.clock.set_back = 2 * HOUR
    settle(server, [ann])
    (draft,) = ann.provider.drafts
    assert (draft.code, draft.text) == (RejectCode.FUTURE, "kept")
    assert not ann.provider.outbox
    assert not server.content()["a"]
    assert [code for code, _ in server.closed.values()] == [CloseCode.CLOCK] * 2
