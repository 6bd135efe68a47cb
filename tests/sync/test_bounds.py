"""What a session may make a room hold, however it asks."""

from __future__ import annotations

from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.differences import Difference, Differences
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import SPREAD, Tuning
from crdtchat.sync.wire import uint
from tests.client.world import Clock, Server

PEER = Peer("ann", "Ann", "viewer", may_comment=False, may_moderate=False)


def test_vectors_that_one_difference_serves_are_not_all_remembered() -> None:
    """Any number of them say the same, and each may be as long as a message."""
    differences = Differences()
    whole = Difference(1, EMPTY_UPDATE, {}, 1, b"\x00")
    differences.keep(b"", whole)
    asked = [number.to_bytes(2, "big") for number in range(1_000)]
    assert all(differences.near(vector, {}) is whole for vector in asked)
    assert sum(differences.find(vector) is whole for vector in asked) <= 64
    long = [vector * 500_000 for vector in asked[:64]]
    assert all(differences.near(vector, {}) is whole for vector in long)
    held = [len(vector) for vector in long if differences.find(vector) is whole]
    assert sum(held) < 20_000_000


def test_long_state_vectors_count_for_more() -> None:
    """One takes as long to read as hundreds of other messages, and comes from whoever may read."""
    server = Server(Clock())
    number, wanted = server.room.join(PEER, v1=True, nonce="n", now=server.clock.moment())
    server.perform(wanted)
    now = server.clock.moment()
    entries = [uint(2**31 + client) + b"\x01" for client in range(60_000)]
    short, long = b"\x00", uint(len(entries)) + b"".join(entries)
    for vector in [short] * 1_000 + [long] * 3:
        server.perform(server.room.receive(number, message.encode_sync_step1(vector), now))
    assert number not in server.closed
    for _ in range(3):
        server.perform(server.room.receive(number, message.encode_resync(1, 0, long), now))
    assert server.closed[number][0] == CloseCode.TOO_FAST


class Unsure(Server):
    """Its store cannot be looked at for the time being."""

    def look(self) -> None:
        return


def test_frames_without_a_byte_do_not_wait_without_end() -> None:
    """While the store is looked at nothing is read, and so nothing is found to be no message."""
    server = Unsure(Clock(), Tuning(spread_clients=SPREAD))
    number, wanted = server.room.join(PEER, v1=True, nonce="n", now=server.clock.moment())
    server.perform(wanted)
    for frame in (message.encode_resync(1, 99, b"\x00"), *[b""] * 2_000):
        server.perform(server.room.receive(number, frame, server.clock.moment()))
    assert server.closed[number][0] == CloseCode.UNAVAILABLE
