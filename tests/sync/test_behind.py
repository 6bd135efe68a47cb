"""A session that was asked to resync (PROTOCOL 4, resync) while its operations were on the way."""

from __future__ import annotations

import pytest

from crdtchat.client.provider import Phase
from crdtchat.document.records import Target
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning
from crdtchat.sync.update import Value
from tests.client.world import Client, Clock, Server, settle


def test_operations_sent_before_the_request_arrives_are_judged_as_ever() -> None:
    clock = Clock()
    server = Server(clock, Tuning(outbox_bytes=500, ring_bytes=500))
    ann, bob = (Client(server, user, seed) for seed, user in enumerate(("ann", "bob")))
    settle(server, [ann, bob])
    target = Target("words", start_cp=0, end_cp=5)
    for _ in range(4):
        bob.submit(bob.actions.annotate(target, "x" * 200, clock.now())[1])
        while bob.carry_up():
            server.commit()
    aid, operation = ann.actions.annotate(target, "meanwhile", clock.now())
    ann.submit(operation)
    ann.transmit()  # Behind: the room asks for a resync.
    assert ann.carry_up()  # The operation was sent before that is read.
    assert ann.session is not None
    assert ann.session not in server.closed
    settle(server, [ann, bob])
    assert ann.provider.phase is Phase.LIVE
    assert len(ann.view()) == 5
    assert ann.content() == bob.content() == server.content()
    assert aid in {annotation.aid for annotation in bob.view()}


class Reader:
    """A stock session of a room, which reads when it is told to."""

    def __init__(self, server: Server) -> None:
        peer = Peer("ben", "Ben", "viewer", may_comment=False, may_moderate=False)
        now = server.clock.moment()
        self.number, _ = server.room.join(peer, v1=False, nonce="", now=now)
        self.replica = Replica()
        self._server = server
        server.room.receive(self.number, message.encode_sync_step1(b"\x00"), server.clock.moment())
        self.read()

    def read(self) -> list[int]:
        """Take what waits, and the difference if it is behind; answers the sizes of updates."""
        sizes: list[int] = []
        outbox = self._server.room.outbox(self.number)
        while outbox or outbox.behind:
            for frame in outbox.take():
                match message.decode_from_server(frame):
                    case message.SyncStep2(update) | message.SyncUpdate(update):
                        self.replica.apply(update)
                        sizes.append(len(update))
            self._server.room.drained(self.number)
        return sizes


def test_stock_readers_that_fell_behind_share_one_difference_that_is_not_the_page() -> None:
    clock = Clock()
    server = Server(clock, Tuning(outbox_bytes=1_000, ring_bytes=4_000))
    ann = Client(server, "ann", 1)
    settle(server, [ann])
    ben, cleo = Reader(server), Reader(server)

    def write(times: int) -> None:
        for _ in range(times):
            target = Target("words", start_cp=0, end_cp=5)
            ann.submit(ann.actions.annotate(target, "x" * 200, clock.now())[1])
            settle(server, [ann])

    write(30)
    for reader in (ben, cleo):
        reader.read()
    write(20)
    asked = server.count_differences()
    (size,) = ben.read()
    write(1)
    sizes = cleo.read()
    assert len(asked) == 1
    assert sizes[0] == size < len(server.document.state()) * 0.6
    assert len(sizes) == 2, "and what came after it was computed"
    assert cleo.replica.state_vector() == server.document.state_vector()


@pytest.mark.parametrize("v1", [False, True])
def test_what_many_missed_and_who_is_here_is_made_once_for_all(v1: bool) -> None:
    clock = Clock()
    server = Server(clock, Tuning(outbox_bytes=500, ring_bytes=100_000))
    ann = Client(server, "ann", 1)
    settle(server, [ann])
    peer = Peer("ben", "Ben", "viewer", may_comment=False, may_moderate=False)
    numbers = [server.room.join(peer, v1=v1, nonce="", now=clock.moment())[0] for _ in range(3)]
    for number in numbers:
        server.room.receive(number, message.encode_sync_step1(b"\x00"), clock.moment())
        server.room.outbox(number).take()
    for _ in range(4):
        target = Target("words", start_cp=0, end_cp=5)
        ann.submit(ann.actions.annotate(target, "x" * 200, clock.now())[1])
        settle(server, [ann])
    told: list[bytes] = []
    for number in numbers:
        outbox = server.room.outbox(number)
        assert outbox.behind
        outbox.take()
        server.room.drained(number)
        # Of crdtchat.v1 the list of people says which of them the reader is.
        told += [frame for frame in outbox.take() if frame[0] != message.MessageType.PRESENCE]
    missed, here = message.MessageType.BATCH if v1 else message.MessageType.SYNC, 1 - v1
    assert len({id(frame) for frame in told if frame[0] == missed}) == 1
    assert len({frame for frame in told if frame[0] == message.MessageType.AWARENESS}) == here
    assert len(told) == len(numbers) * (1 + here)


class Tab:
    """A stock session that writes, and shows what it does."""

    def __init__(self, server: Server, user: str, client: int) -> None:
        peer = Peer(user, user.title(), "commenter", may_comment=True, may_moderate=False)
        now = server.clock.moment()
        self.number, _ = server.room.join(peer, v1=False, nonce="", now=now)
        self.replica = Replica(client)
        self.replica.apply(server.document.state())
        self._server = server
        self._client = client

    def say(self, frame: bytes) -> None:
        """Send a frame; what it writes is committed."""
        server = self._server
        server.perform(server.room.receive(self.number, frame, server.clock.moment()))
        server.perform(server.room.flush(server.clock.moment()))
        server.commit()

    def join(self) -> None:
        """Say what it has, which is everything."""
        self.say(message.encode_sync_step1(self.replica.state_vector()))

    def write(self, root: str, key: str, value: Value) -> None:
        """Write, and send it."""
        self.say(message.encode_sync_update(self.replica.write([(root, key, value)])))

    def fidget(self, times: int) -> None:
        """Do something that others are shown, again and again."""
        server = self._server
        for turn in range(times):
            state = AwarenessState(self._client, turn + 1, {"typing": f"anno{turn:04}"})
            self.say(message.encode_awareness_message(encode_awareness([state])))
            server.clock.wall += 2_000
            server.perform(server.room.wake(server.clock.moment()))


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("writes_itself", [True, False])
def test_who_fell_behind_by_what_others_do_is_caught_up_when_the_words_are_forgotten(
    joined: bool, writes_itself: bool
) -> None:
    """Nothing was written since, or by itself only, so no operation was dropped."""
    clock = Clock()
    server = Server(clock, Tuning(outbox_bytes=1_000, ring_bytes=100_000))
    ann = Tab(server, "ann", 70)
    ann.join()
    for number in range(9):
        value = ("ann", clock.now(), "x" * 200, "", "", 0, 5)
        ann.write("a", f"a{number:011}", value)
    assert len(server.log) == 9 + 1, "and who Ann is"
    ben = Tab(server, "ben", 71)
    outbox = server.room.outbox(ben.number)
    if joined:
        ben.join()
    outbox.take()
    ann.fidget(40)
    assert outbox.behind
    if writes_itself:
        ben.write("s", "a00000000000", (1, "ben", clock.now()))
    clock.wall += 3_600_000
    server.room.tidy(clock.moment())
    outbox.take()
    server.perform(server.room.drained(ben.number))
    told = [message.decode_from_server(frame) for frame in outbox.take()]
    updates = [one.update for one in told if isinstance(one, message.SyncUpdate)]
    assert len(told) - len(updates) == 1, "who is here"
    assert len(updates) == joined
    for update in updates:
        assert len(update) < len(server.document.state()) / 4
        ben.replica.apply(update)
        assert ben.replica.state_vector() == server.document.state_vector()


def test_a_reader_that_fell_behind_before_it_had_anything_is_not_asked_what_it_has() -> None:
    clock = Clock()
    server = Server(clock, Tuning(outbox_bytes=1_000))
    ann = Tab(server, "ann", 70)
    peer = Peer("ben", "Ben", "viewer", may_comment=False, may_moderate=False)
    number, _ = server.room.join(peer, v1=True, nonce="n", now=clock.moment())
    outbox = server.room.outbox(number)
    outbox.take()
    ann.fidget(40)
    assert outbox.behind
    clock.wall += 3_600_000
    server.room.tidy(clock.moment())
    outbox.take()
    server.perform(server.room.drained(number))
    (who,) = (message.decode_from_server(frame) for frame in outbox.take())
    assert isinstance(who, message.Presence)


def test_what_comes_after_a_page_larger_than_the_bound_of_answers_ends_nobody() -> None:
    """Its answer may wait with others for a moment; a second one of that size may not."""
    clock = Clock()
    server = Server(clock, Tuning(answers_bytes=2_000))
    ann = Client(server, "ann", 1)
    settle(server, [ann])
    for _ in range(10):
        target = Target("words", start_cp=0, end_cp=5)
        ann.submit(ann.actions.annotate(target, "x" * 1_000, clock.now())[1])
        settle(server, [ann])
    ben = Reader(server)
    asked = message.encode_sync_step1(b"\x00")
    server.perform(server.room.receive(ben.number, asked, clock.moment()))
    query = message.encode_sync_step1(server.document.state_vector())
    server.perform(server.room.receive(ben.number, query, clock.moment()))
    assert not server.closed
    server.perform(server.room.receive(ben.number, asked, clock.moment()))
    assert server.closed[ben.number][0] == CloseCode.TOO_SLOW
