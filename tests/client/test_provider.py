"""The provider by hand: what the story of test_provider_machine does not come across."""

from __future__ import annotations

from random import Random

import pytest

from crdtchat.client.actions import Actions
from crdtchat.client.effects import Effect, Hangup, Send, WakeAt
from crdtchat.client.errors import UnknownRecord
from crdtchat.client.intents import Operation
from crdtchat.client.news import Happening, PageEvent
from crdtchat.client.provider import Phase, Provider
from crdtchat.document.records import Target
from crdtchat.document.replica import Replica, Write
from crdtchat.document.view import read_view
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode, RejectCode
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.message import Event, EventKind, decode_from_client
from crdtchat.sync.tuning import Tuning
from crdtchat.sync.update import decode_update
from tests.client.world import START, Client, Clock, Server, settle

TARGET = Target("words", start_cp=0, end_cp=5)
WELCOME: dict[str, object] = {
    "protocol": 1,
    "principal": {"id": "ann", "name": "Ann", "role": "commenter", "guest": False},
    "token": None,
    "epoch": 1,
    "sequence": 0,
    "client": 5,
    "clock": 0,
    "lease": "nonce",
    "readonly": False,
    "limits": {"in_flight": 2},
    "heartbeat": 20,
}
WRITES: tuple[Write, ...] = (
    ("a", "anno", ("bob", START, "words", "", "", 0, 5)),
    ("c", "anno/cmnt", ("bob", START, "first")),
)


def world(*users: str, tuning: Tuning | None = None) -> tuple[Server, list[Client]]:
    server = Server(Clock(), tuning)
    clients = [
        Client(server, user, seed, "moderator" if user == "mod" else "commenter")
        for seed, user in enumerate(users)
    ]
    return server, clients


def frames(effects: list[Effect]) -> list[message.FromClient]:
    return [
        decode_from_client(effect.frame, v1=True) for effect in effects if isinstance(effect, Send)
    ]


def welcome(provider: Provider, **changes: object) -> list[Effect]:
    return provider.receive_frame(message.encode_welcome({**WELCOME, **changes}), START)


def joined(state: bytes = EMPTY_UPDATE, last: int = 0, **changes: object) -> Provider:
    provider = Provider()
    provider.receive_opened()
    welcome(provider, **changes)
    provider.receive_frame(message.encode_batch(0, last, state, []), START)
    assert provider.phase is Phase.LIVE
    return provider


def phase(provider: Provider) -> Phase:
    return provider.phase


def resolve(number: int, at: int = START) -> Operation:
    return Operation(bytes([number] * 16), at, (("s", "anno", (1, "", at)),))


def page() -> bytes:
    return Replica(client=9).write(WRITES)


def test_resync_is_the_first_frame_and_does_not_wait_for_the_welcome() -> None:
    provider = Provider()
    assert frames(provider.receive_opened()) == [message.Resync(0, 0, b"\x00")]
    assert welcome(provider) == []
    assert provider.lease == "5-nonce"
    assert provider.phase is Phase.JOINING


def test_what_was_written_before_the_first_welcome_is_signed_then() -> None:
    _, (ann,) = world("ann")
    aid, operation = ann.actions.annotate(TARGET, "offline", START)
    ann.submit(operation)
    _, reply = ann.actions.reply(aid, "more", "", START + 1)
    ann.submit(reply)
    ann.submit(ann.actions.resolve(aid, True, START + 2))
    comment = ann.view()[0].comments[0]
    ann.submit(ann.actions.react(aid, comment.cid, "👍", True, START + 3))
    assert [annotation.author for annotation in ann.view()] == [""]
    settle(ann.server, [ann])
    annotation = ann.view()[0]
    assert annotation.author == "ann"
    assert annotation.status is not None
    assert annotation.status.by == "ann"
    assert annotation.comments[0].reactions[0].users == ("ann",)
    assert ann.content() == ann.server.content()


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
    assert provider.receive_time(START + 999) == []
    assert len(frames(provider.receive_time(START + 1_000))) == 1
    assert provider.drafts == []


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


def test_read_only_makes_drafts_without_asking() -> None:
    provider = joined(page(), readonly=True)
    assert provider.submit(resolve(1), START) == []
    assert [draft.code for draft in provider.drafts] == [RejectCode.READ_ONLY]


def test_what_somebody_else_wrote_here_is_not_sent_as_mine() -> None:
    provider = joined(page())
    provider.submit(resolve(1), START)
    provider.receive_closed(1006, "")
    provider.receive_opened()
    bob = {"id": "bob", "name": "Bob", "role": "commenter", "guest": False}
    welcome(provider, principal=bob, client=6, lease="other")
    assert [draft.code for draft in provider.drafts] == [RejectCode.FORGED_AUTHOR]
    assert not provider.outbox


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


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x7f",
        b"\x42\x00",
        message.encode_welcome({}),
        message.encode_welcome({**WELCOME, "lease": 3}),
        message.encode_welcome({**WELCOME, "heartbeat": 0}),
        message.encode_batch(0, 0, EMPTY_UPDATE, []),
        message.encode_resync_request(1),
        message.encode_presence({"people": "many"}),
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


def test_changes_of_what_is_not_there() -> None:
    _, (ann,) = world("ann")
    with pytest.raises(UnknownRecord):
        ann.actions.reply("none", "x", "", START)
    with pytest.raises(UnknownRecord):
        ann.actions.edit("none", "none", "x", START)
    with pytest.raises(UnknownRecord):
        ann.actions.delete("none", "", START)


@pytest.mark.parametrize("ahead", [0, 1_000, 200_000])
def test_an_answer_never_stands_before_what_it_answers(ahead: int) -> None:
    provider = joined()
    actions = Actions(provider, Random(1).randbytes)
    aid, operation = actions.annotate(TARGET, "from a clock that is ahead", START + ahead)
    provider.submit(operation, START)
    for step in range(5):
        _, operation = actions.reply(aid, f"answer {step}", "", START + step)
        provider.submit(operation, START)
    (annotation,) = read_view(provider)
    assert annotation.text == "from a clock that is ahead"


@pytest.mark.parametrize("ahead", [3, 1_000, 10_000_000])
def test_what_is_written_knowingly_wins_over_a_clock_that_is_ahead(ahead: int) -> None:
    state = Replica(client=9).write([*WRITES, ("s", "anno", (1, "bob", START + ahead))])
    provider = joined(state)
    actions = Actions(provider, Random(1).randbytes)
    assert len(provider.submit(actions.resolve("anno", False, START), START)) == 1
    (annotation,) = read_view(provider)
    assert not annotation.resolved


def test_taking_back_what_was_not_given_sends_nothing() -> None:
    provider = joined(page())
    actions = Actions(provider, Random(1).randbytes)
    assert provider.submit(actions.react("anno", "cmnt", "👍", False, START), START) == []
    assert not provider.outbox


def test_a_clock_far_ahead_is_not_followed() -> None:
    provider = joined()
    actions = Actions(provider, Random(1).randbytes)
    aid, operation = actions.annotate(TARGET, "x", START + 290_000)
    provider.submit(operation, START)
    _, reply = actions.reply(aid, "y", "", START)
    assert reply.at == START
