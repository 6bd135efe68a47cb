"""Many who come back at once: one computation, and never what was true before."""

from __future__ import annotations

import pytest

from crdtchat.bench.records import Writer
from crdtchat.document.rules import LAW
from crdtchat.sync.codes import Malformed
from crdtchat.sync.effects import LogEntry
from crdtchat.sync.encode import encode_write
from crdtchat.sync.fold import fold
from crdtchat.sync.history import History
from crdtchat.sync.ledger import Operation
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.message import (
    Batch,
    Event,
    EventKind,
    Resync,
    decode_from_server,
    encode_batch,
)
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.statevector import decode_state_vector, encode_state_vector
from crdtchat.sync.update import decode_update

NOW = 1_700_000_000_000


class Counted:
    """A document that tells how often it is asked."""

    def __init__(self) -> None:
        self.version = b"first"
        self.asked: list[bytes] = []

    def state(self) -> bytes:
        return b"all of " + self.version

    def state_vector(self) -> bytes:
        return encode_state_vector({7: 103, 5: 102})

    def difference(self, state_vector: bytes) -> bytes:
        self.asked.append(state_vector)
        return b"what the " + self.version + b" has more"


def test_the_same_vector_is_answered_once_and_anew_after_a_change() -> None:
    document = Counted()
    history = History(document, 1, 0, 1_000)
    vector = encode_state_vector({7: 3, 5: 2})
    answers = [history.difference(vector).update for _ in range(3)]
    assert answers == [b"what the first has more"] * 3
    assert document.asked == [vector]
    document.version = b"second"
    history.advance([_operation(2_000)])
    assert history.difference(vector).update == b"what the second has more"
    assert document.asked == [vector, vector]


def test_while_others_write_one_answer_and_what_came_after_it_will_do() -> None:
    """Also for those who have a little more, and not for those who have much more or less."""
    document = Counted()
    history = History(document, 1, 0, 1_000)
    first = history.difference(encode_state_vector({7: 3, 5: 2}))
    history.advance([_operation(400)])
    history.advance([_operation(400)])
    for vector, same in (
        ({7: 3, 5: 2}, True),
        ({7: 20, 5: 2, 9: 1}, True),
        ({7: 90, 5: 90}, False),
        ({7: 90, 5: 1}, False),
        ({7: 4}, False),
        ({}, False),
    ):
        found = history.difference(encode_state_vector(vector))
        assert (found is first) is same, vector
        rest = history.since(found.last)
        assert rest is not None
        assert (rest.first, rest.last) == ((1, 2) if same else (3, 2))
    history.advance([_operation(400)])  # The first of the three is forgotten.
    assert history.difference(encode_state_vector({7: 3, 5: 2})) is not first


def test_a_client_gets_all_in_one_frame_also_while_others_write() -> None:
    """It writes what waits as soon as it has its answer, on what that holds."""
    document = Counted()
    history = History(document, 1, 0, 1_000)
    asked = Resync(0, 0, encode_state_vector({7: 3, 5: 2}))
    assert history.answer(asked) == encode_batch(0, 0, b"what the first has more", ())
    document.version = b"second"
    history.advance([_operation(400)])
    assert history.answer(asked) == encode_batch(0, 1, b"what the second has more", ())
    assert history.answer(asked) == encode_batch(0, 1, b"what the second has more", ())
    assert len(document.asked) == 2


def test_who_holds_a_run_of_operations_has_reached_a_vector() -> None:
    history = History(Counted(), 1, 0, 1_000)
    for clock in (99, 100, 101, 102):
        history.advance([_operation(300, clock)])
    assert decode_state_vector(history.held(4), OPERATION) == {7: 103, 5: 102}
    assert decode_state_vector(history.held(2), OPERATION) == {7: 101, 5: 102}
    assert history.held(0) == b"\x00", "it is not remembered"


@pytest.mark.parametrize("found", [0, 2])
def test_who_returns_is_told_what_happened_also_if_the_page_was_empty(found: int) -> None:
    document = Counted()
    history = History(document, 1, 0, 1_000)
    news = [Event(EventKind.NEW, bytes(16), f"a{number}", "", "ann", NOW) for number in range(3)]
    had: dict[int, int] = {}
    for number, event in enumerate(news):
        if number == found:
            asked = Resync(1, number, encode_state_vector(had))
            assert history.answer(asked) == encode_batch(0, number, b"\x00\x00", ())
        history.advance([_operation(100, number)._replace(events=(event,))])
        had = {7: number + 1} if number < found else had
    batch = decode_from_server(history.answer(asked))
    assert isinstance(batch, Batch)
    assert (batch.first, batch.last) == (found + 1, 3)
    assert list(batch.events) == news[found:]
    nobody = decode_from_server(history.answer(Resync(0, 0, b"\x00")))
    assert isinstance(nobody, Batch)
    assert (nobody.first, nobody.events) == (0, ()), "who comes first is told of no event"
    assert not document.asked


def _operation(size: int, clock: int = 0) -> Operation:
    """One of client 7 that counts as so many bytes."""
    update = decode_update(
        encode_write(7, clock, root="s", key="k", value="v", origin=None), OPERATION
    )
    return Operation(1, update, size, LogEntry(b"", "ann", NOW), ())


def test_the_engine_is_asked_in_one_order() -> None:
    document = Counted()
    history = History(document, 1, 0, 1_000)
    other_way_round = b"\x02\x05\x02\x07\x03"
    history.difference(other_way_round)
    assert document.asked == [encode_state_vector({7: 3, 5: 2})]


def test_who_has_nothing_gets_all() -> None:
    document = Counted()
    assert History(document, 1, 0, 1_000).difference(b"\x00").update == b"all of first"
    assert not document.asked


@pytest.mark.parametrize("hostile", [b"", b"\x05", b"\x01\x07", b"\x01\x07\x03\x00"])
def test_bytes_that_are_no_vector_are_refused_each_time(hostile: bytes) -> None:
    history = History(Counted(), 1, 0, 1_000)
    for _ in range(2):
        with pytest.raises(Malformed):
            history.difference(hostile)
        with pytest.raises(Malformed):
            history.answer(Resync(1, 0, hostile))  # needed or not


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
