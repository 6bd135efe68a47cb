"""The provider by hand: what the story of test_provider_machine does not come across."""

from __future__ import annotations

import pytest

from crdtchat.client.effects import Hangup, Send, WakeAt
from crdtchat.client.intents import Operation
from crdtchat.client.news import Happening
from crdtchat.client.provider import Phase, Provider
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode, RejectCode
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.message import Event, EventKind
from crdtchat.sync.update import decode_update
from tests.client.by_hand import (
    TARGET,
    WRITES,
    frames,
    joined,
    page,
    phase,
    resolve,
    welcome,
    world,
)
from tests.client.world import START, settle


def test_resync_is_the_first_frame_and_does_not_wait_for_the_welcome() -> None:
    provider = Provider()
    assert frames(provider.receive_opened()) == [message.Resync(0, 0, b"\x00")]
    assert welcome(provider) == []
    assert provider.lease == "5-nonce"
    assert provider.phase is Phase.JOINING


def test_no_more_than_in_flight_are_sent_unanswered() -> None:  # C2
    provider = joined(page())
    sent = [len(provider.submit(resolve(number, START + number), START)) for number in (1, 2, 3)]
    assert sent == [1, 1, 0]
    effects = provider.receive_frame(message.encode_ack(1, 1, [bytes([1] * 16)]), START)
    assert [type(frame) for frame in frames(effects)] == [message.Operation]
    assert provider.sequence == 1


def test_own_bytes_are_sent_again_under_the_same_lease() -> None:
    provider = joined(page())
    (sent,) = provider.submit(resolve(1), START)
    provider.receive_closed(1006, "")
    assert provider.phase is Phase.OFFLINE
    assert provider.receive_opened() == []
    (rejoin,) = frames(welcome(provider))
    assert isinstance(rejoin, message.Resync)
    assert (rejoin.epoch, rejoin.after) == (1, 0)
    assert provider.receive_frame(message.encode_batch(0, 0, EMPTY_UPDATE, []), START) == [sent]


def test_under_another_lease_it_is_written_anew_on_the_whole_state() -> None:  # C3
    provider = joined(page())
    (first,) = frames(provider.submit(resolve(1), START))
    provider.receive_closed(1006, "")
    provider.receive_opened()
    assert frames(welcome(provider, client=6, lease="other")) == [message.Resync(0, 0, b"\x00")]
    (again,) = frames(provider.receive_frame(message.encode_batch(0, 1, page(), []), START))
    assert isinstance(first, message.Operation)
    assert isinstance(again, message.Operation)
    assert again.broadcast_id == first.broadcast_id
    assert again.update != first.update


def test_what_the_document_holds_is_not_written_again() -> None:  # C4
    provider = joined(page())
    provider.submit(resolve(1), START)
    provider.receive_closed(1006, "")
    provider.receive_opened()
    welcome(provider, client=6, lease="other")
    state = Replica(client=9).write([*WRITES, ("s", "anno", (1, "ann", START))])
    assert provider.receive_frame(message.encode_batch(0, 1, state, []), START) == []
    assert not provider.outbox


@pytest.mark.parametrize(("there", "kept"), [(START - 1, True), (START + 1, False)])
def test_the_later_change_of_state_wins_a_replay(there: int, kept: bool) -> None:
    provider = joined(page())
    provider.submit(resolve(1), START)
    provider.receive_closed(1006, "")
    provider.receive_opened()
    welcome(provider, client=6, lease="other")
    state = Replica(client=9).write([*WRITES, ("s", "anno", (0, "bob", there))])
    effects = provider.receive_frame(message.encode_batch(0, 1, state, []), START)
    assert len(frames(effects)) == kept


def test_a_soft_refusal_becomes_a_draft_and_the_others_are_replayed() -> None:
    server, (ann, bob) = world("ann", "mod")
    aid, operation = bob.actions.annotate(TARGET, "first", START)
    bob.submit(operation)
    keep, operation = bob.actions.annotate(TARGET, "second", START)
    bob.submit(operation)
    settle(server, [ann, bob])
    bob.submit(bob.actions.delete(aid, "", START + 5))
    while bob.carry_up():
        server.commit()
    _, operation = ann.actions.reply(aid, "too late", "", START + 6)
    ann.submit(operation)
    _, operation = ann.actions.reply(keep, "in time", "", START + 7)
    ann.submit(operation)
    ann.carry_up()
    ann.carry_up()
    ann.transmit()
    ann.carry_down()
    settle(server, [ann, bob])
    (draft,) = ann.provider.drafts
    assert (draft.code, draft.text, draft.aid, draft.hard) == ("deleted", "too late", aid, False)
    assert ann.content() == bob.content() == server.content()
    assert [comment.text for comment in ann.view()[0].comments] == ["second", "in time"]


def test_a_refusal_by_a_forged_author_stops_and_keeps_the_text() -> None:  # C6
    server, (ann, bob) = world("ann", "bob")
    aid, operation = bob.actions.annotate(TARGET, "bob's", START)
    bob.submit(operation)
    settle(server, [ann, bob])
    ann.submit(ann.actions.edit(aid, bob.view()[0].comments[0].cid, "mine", START + 9))
    while ann.carry_up() or ann.transmit() or ann.carry_down():
        server.commit()
    assert ann.provider.phase is Phase.STOPPED
    assert ann.provider.stopped[0] == CloseCode.FORBIDDEN
    (draft,) = ann.provider.drafts
    assert (draft.code, draft.text, draft.hard) == (RejectCode.NOT_AUTHOR, "mine", True)


def test_an_operation_accepted_before_a_refusal_stays_while_its_commit_is_awaited() -> None:
    """The whole state holds what is committed, and one's own operations do not come in batches."""
    provider = joined(page())
    provider.submit(resolve(1), START)
    provider.submit(resolve(2, START + 1), START)
    reject = message.encode_reject(bytes([2] * 16), 1, RejectCode.DELETED, "")
    provider.receive_frame(reject, START)
    assert provider.receive_frame(message.encode_batch(0, 0, page(), []), START) == []
    assert provider.phase is Phase.LIVE
    assert provider.values("s") == {"anno": (1, "ann", START)}
    assert [operation.broadcast_id for operation in provider.outbox] == [bytes([1] * 16)]
    provider.receive_frame(message.encode_ack(1, 1, [bytes([1] * 16)]), START)
    assert not provider.outbox
    assert provider.values("s") == {"anno": (1, "ann", START)}
    (effect,) = provider.submit(resolve(3, START + 2), START)
    (operation,) = frames([effect])
    assert isinstance(operation, message.Operation)
    assert decode_update(operation.update, OPERATION).sections[0].clock == 1


@pytest.mark.parametrize("code", [RejectCode.UNAVAILABLE, RejectCode.RATE_LIMITED])
def test_a_refusal_of_the_moment_is_sent_again_later(code: RejectCode) -> None:
    provider = joined(page())
    provider.submit(resolve(1), START)
    effects = provider.receive_frame(message.encode_reject(bytes([1] * 16), 0, code, ""), START)
    assert [effect for effect in effects if isinstance(effect, WakeAt)] == [WakeAt(START + 1_000)]
    assert provider.receive_frame(message.encode_batch(0, 0, page(), []), START) == []
    assert provider.receive_time(START + 999) == [WakeAt(START + 1_000)]
    assert len(frames(provider.receive_time(START + 1_000))) == 1
    assert provider.drafts == []


def test_a_clock_that_is_set_back_makes_nothing_wait_for_it() -> None:
    provider = joined(page())
    provider.submit(resolve(1), START)
    reject = message.encode_reject(bytes([1] * 16), 0, RejectCode.RATE_LIMITED, "")
    provider.receive_frame(reject, START)
    provider.receive_frame(message.encode_batch(0, 0, page(), []), START)
    assert provider.receive_time(START - 9_000) == [WakeAt(START + 1_000)]
    assert len(frames(provider.receive_time(START - 3_600_000))) == 1


def test_a_lost_ack_of_an_annotation_is_no_refusal() -> None:
    provider = joined()
    operation = Operation(bytes(range(16)), START, (("a", "mine", ("", START, "x", "", "", 0, 1)),))
    provider.submit(operation, START)
    provider.receive_closed(1006, "")
    provider.receive_opened()
    welcome(provider, client=6, lease="other")
    provider.receive_frame(message.encode_batch(0, 0, EMPTY_UPDATE, []), START)
    reject = message.encode_reject(bytes(range(16)), 0, RejectCode.EXISTS, "taken")
    provider.receive_frame(reject, START)
    assert provider.drafts == []
    assert not provider.outbox


def test_a_new_epoch_replaces_the_replica_and_replays() -> None:
    provider = joined(page(), last=3)
    provider.submit(resolve(1), START)
    provider.receive_closed(1012, "")
    provider.receive_opened()
    (join,) = frames(welcome(provider, epoch=2))
    assert join == message.Resync(0, 0, b"\x00")
    effects = provider.receive_frame(message.encode_batch(0, 1, page(), []), START)
    assert len(frames(effects)) == 1
    assert (provider.epoch, provider.sequence) == (2, 1)


def test_what_was_erased_in_a_new_epoch_is_gone_and_told() -> None:
    provider = joined(page(), last=3)
    provider.receive_closed(1012, "")
    assert len(frames(provider.receive_opened())) == 1
    assert welcome(provider, epoch=2) == []
    effects = provider.receive_frame(message.encode_batch(0, 1, EMPTY_UPDATE, []), START)
    assert [
        effect.event.kind for effect in effects if not isinstance(effect, (Send, Hangup, WakeAt))
    ] == [Happening.DELETED]
    assert provider.values("a") == {}


def test_a_new_epoch_in_mid_connection() -> None:
    provider = joined(page(), last=3)
    provider.submit(resolve(1), START)
    assert frames(provider.receive_frame(message.encode_resync_request(2), START)) == [
        message.Resync(0, 0, b"\x00")
    ]
    effects = provider.receive_frame(message.encode_batch(0, 1, page(), []), START)
    assert len(frames(effects)) == 1
    assert provider.epoch == 2


def test_live_batches_ahead_of_the_whole_state_do_not_end_the_wait() -> None:
    provider = joined(page())
    provider.submit(resolve(1), START)
    provider.submit(resolve(2, START + 1), START)
    reject = message.encode_reject(bytes([1] * 16), 0, RejectCode.DELETED, "")
    assert frames(provider.receive_frame(reject, START)) == [message.Resync(0, 0, b"\x00")]
    other = Replica(client=9)
    other.apply(page())
    live = other.write([("c", "anno/more", ("bob", START, "more"))])
    event = Event(EventKind.UPDATED, bytes(range(16)), "anno", "more", "bob", START)
    told = provider.receive_frame(message.encode_batch(1, 1, live, [event]), START)
    assert len(told) == 1
    assert phase(provider) is Phase.JOINING
    effects = provider.receive_frame(message.encode_batch(0, 1, other.state(), []), START)
    assert phase(provider) is Phase.LIVE
    assert (
        len(frames(effects)) == len(effects) == 1
    )  # The second is replayed; nothing is told twice.


def test_a_server_that_lost_what_it_acknowledged_is_joined_anew() -> None:
    provider = joined(page())
    provider.submit(resolve(1), START)
    provider.receive_frame(message.encode_ack(2, 1, [bytes([1] * 16)]), START)
    provider.receive_closed(1006, "")
    assert len(frames(provider.receive_opened())) == 1
    assert welcome(provider, clock=0) == []
    (again,) = frames(provider.receive_frame(message.encode_batch(0, 1, EMPTY_UPDATE, []), START))
    assert again == message.Resync(0, 0, b"\x00")
    provider.receive_frame(message.encode_batch(0, 1, page(), []), START)
    assert provider.values("s") == {}
    assert provider.phase is Phase.LIVE
