"""A session that was asked to resync (PROTOCOL 4, resync) while its operations were on the way."""

from __future__ import annotations

import pytest

from crdtchat.client.provider import Phase
from crdtchat.document.records import Target
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning
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
    asked: list[bytes] = []
    whole = server.document.difference

    def difference(state_vector: bytes) -> bytes:
        asked.append(state_vector)
        return whole(state_vector)

    server.document.difference = difference  # type: ignore[method-assign]
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
