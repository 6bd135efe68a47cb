"""Many who come back at once: one computation, and never what was true before."""

from __future__ import annotations

import pytest

from crdtchat.bench.records import Writer
from crdtchat.document.rules import LAW
from crdtchat.sync.codes import Malformed
from crdtchat.sync.fold import fold
from crdtchat.sync.history import History
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.statevector import decode_state_vector, encode_state_vector

NOW = 1_700_000_000_000


class Counted:
    """A document that tells how often it is asked."""

    def __init__(self) -> None:
        self.version = b"first"
        self.asked: list[bytes] = []

    def state(self) -> bytes:
        return b"all of " + self.version

    def difference(self, state_vector: bytes) -> bytes:
        self.asked.append(state_vector)
        return b"what the " + self.version + b" has more"


def test_the_same_vector_is_answered_once_and_anew_after_a_change() -> None:
    document = Counted()
    history = History(document, 1, 0, 1_000)
    vector = encode_state_vector({7: 3, 5: 2})
    assert [history.difference(vector) for _ in range(3)] == [b"what the first has more"] * 3
    assert document.asked == [vector]
    document.version = b"second"
    history.advance([])
    assert history.difference(vector) == b"what the second has more"
    assert document.asked == [vector, vector]


def test_the_engine_is_asked_in_one_order() -> None:
    document = Counted()
    history = History(document, 1, 0, 1_000)
    other_way_round = b"\x02\x05\x02\x07\x03"
    history.difference(other_way_round)
    assert document.asked == [encode_state_vector({7: 3, 5: 2})]


def test_who_has_nothing_gets_all() -> None:
    document = Counted()
    assert History(document, 1, 0, 1_000).difference(b"\x00") == b"all of first"
    assert not document.asked


@pytest.mark.parametrize("hostile", [b"", b"\x05", b"\x01\x07", b"\x01\x07\x03\x00"])
def test_bytes_that_are_no_vector_are_refused_each_time(hostile: bytes) -> None:
    history = History(Counted(), 1, 0, 1_000)
    for _ in range(2):
        with pytest.raises(Malformed):
            history.difference(hostile)


def test_the_servers_own_vector_follows_the_mirror() -> None:
    mirror = Mirror()
    assert decode_state_vector(mirror.encoded_vector(), OPERATION) == {}
    writer = Writer(9, "ann")
    for _ in range(3):
        fold(writer.create(NOW), mirror, LAW.rules)
        assert mirror.encoded_vector() is mirror.encoded_vector()
        assert decode_state_vector(mirror.encoded_vector(), OPERATION) == {9: writer.clock}
    undo = mirror.before([], [9])
    fold(Writer(4, "ben").create(NOW), mirror, LAW.rules)
    assert decode_state_vector(mirror.encoded_vector(), OPERATION) == {9: 6, 4: 2}
    mirror.undo(undo._replace(made=2, clocks={4: 0}))
    assert decode_state_vector(mirror.encoded_vector(), OPERATION) == {9: 6}
