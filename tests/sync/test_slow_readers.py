"""Readers who take long to read what they are sent in place of what they missed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crdtchat.document.records import Target
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning
from tests.client.world import Client, Clock, Server, settle

DIFFERENCE = 5_000
"""Bytes; what is remembered of the newest operations is less, who is here is less."""


class Slow:
    """A session whose reader reads one frame at a time."""

    def __init__(self, server: Server, *, v1: bool) -> None:
        peer = Peer("ben", "Ben", "viewer", may_comment=False, may_moderate=False)
        self._server = server
        self.number, _ = server.room.join(peer, v1=v1, nonce="n", now=server.clock.moment())
        self._outbox = server.room.outbox(self.number)
        self._last = 0
        self._v1 = v1
        self._unread: list[bytes] = []
        self.replica = Replica()
        self.begins_anew = False
        self._ask()
        self.read_on()

    def _ask(self) -> None:
        vector = self.replica.state_vector()
        asked = message.encode_resync(1, self._last, vector)
        if self.begins_anew:
            asked = message.encode_resync(0, 0, b"\x00")
        frame = asked if self._v1 else message.encode_sync_step1(vector)
        server = self._server
        server.perform(server.room.receive(self.number, frame, server.clock.moment()))

    def reads_a_difference(self) -> bytes | None:
        """Read until the next difference is on its way to it: that is answered, and not read."""
        while True:
            if not self._unread:
                self._outbox.sent()
                self._unread = self._outbox.take()
            if not self._unread and self._outbox.behind:
                self._server.perform(self._server.room.drained(self.number))
                self._unread = self._outbox.take()
            if not self._unread:
                return None
            frame = self._unread.pop(0)
            match said := message.decode_from_server(frame):
                case message.ResyncRequest():
                    self._ask()
                case message.Batch() | message.SyncUpdate() | message.SyncStep2():
                    self.replica.apply(said.update)
                    if isinstance(said, message.Batch):
                        assert said.last >= self._last, "a client would take this for a backup"
                        self._last = said.last
                    if len(said.update) > DIFFERENCE:
                        return frame

    def read_on(self) -> list[int]:
        """Read everything; answers the sizes of the differences."""
        sizes: list[int] = []
        while (frame := self.reads_a_difference()) is not None:
            sizes.append(len(frame))
        return sizes


def page() -> tuple[Server, Callable[[int], None]]:
    """A server that remembers little, and what makes Ann write so many annotations."""
    clock = Clock()
    server = Server(clock, Tuning(outbox_bytes=1_000, ring_bytes=2_000))
    ann = Client(server, "ann", 1)
    settle(server, [ann])

    def write(times: int) -> None:
        for _ in range(times):
            target = Target("words", start_cp=0, end_cp=5)
            ann.submit(ann.actions.annotate(target, "x" * 200, clock.now())[1])
            settle(server, [ann])

    return server, write


@pytest.mark.parametrize("v1", [False, True])
def test_they_share_what_they_are_sent_also_if_they_begin_to_read_it_later(v1: bool) -> None:
    server, write = page()
    ben, cleo, dora = (Slow(server, v1=v1) for _ in range(3))
    write(2)
    assert [reader.read_on() for reader in (ben, cleo, dora)] == [[], [], []]
    write(60)
    first = ben.reads_a_difference()
    assert first is not None
    write(30)
    assert cleo.reads_a_difference() is first, "two thirds of what is missing"
    write(90)
    other = dora.reads_a_difference()
    assert other is not None
    assert other is not first, "less than half of it"
    for reader in (ben, cleo, dora):
        assert len(reader.read_on()) == (reader is not dora), "the rest, and only that"
        assert reader.replica.state_vector() == server.document.state_vector()
        assert reader.replica.values("a") == server.document.values("a")
        write(1)
        assert reader.read_on() == []
        assert reader.replica.values("a") == server.document.values("a")


def test_who_begins_anew_is_sent_all_there_is() -> None:
    """It shows nothing else until then, and has no copy any more of what it wrote itself."""
    server, write = page()
    ben, cleo = (Slow(server, v1=True) for _ in range(2))
    write(60)
    assert ben.reads_a_difference() is not None
    write(30)
    cleo.begins_anew = True
    frame = cleo.reads_a_difference()
    assert frame is not None
    answer = message.decode_from_server(frame)
    assert isinstance(answer, message.Batch)
    assert answer.last == server.room.history.sequence


@pytest.mark.parametrize("v1", [False, True])
def test_what_nobody_is_sent_any_more_is_let_go(v1: bool) -> None:
    server, write = page()
    readers = [Slow(server, v1=v1) for _ in range(2)]
    asked = server.count_differences()
    write(2)
    assert [reader.read_on() for reader in readers] == [[], []]
    write(60)
    assert len(readers[0].read_on()) == 1
    write(20)
    assert len(readers[1].read_on()) == 1
    assert len(asked) == 2
