"""A page that is only read needs no mirror, and is the same with it and without."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crdtchat.document.replica import Replica
from crdtchat.document.rules import LAW
from crdtchat.sync import message
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.fold import FoldError
from crdtchat.sync.leases import Lease
from crdtchat.sync.room import Room
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment, Tuning

NOTHING = b"\x00"
NOW = Moment(100.0, 1_800_000_000_000)
ANN = Peer("ann", "Ann", "commenter", may_comment=True, may_moderate=False)
LAWLESS = replace(LAW, rules={})
"""Under which nothing can be folded."""
HELD = Lease(7, "ann", "nonce")


def page() -> Replica:
    """A document with something in it, written under a client id that was leased."""
    replica = Replica(client=HELD.client)
    target = ("ann", NOW.wall, "words", "", "", 0, 5)
    replica.write([("a", "anno", target), ("c", "anno/first", ("ann", NOW.wall, "so"))])
    return replica


def opened(law: object = LAW, tuning: Tuning | None = None) -> Room:
    return Room(
        law=law,  # type: ignore[arg-type]
        document=page(),
        epoch=1,
        sequence=1,
        leases=[HELD],
        now=NOW,
        tuning=tuning,
    )


def visit(room: Room, *, v1: bool) -> tuple[int, list[bytes]]:
    """A visitor who has nothing, and all they are told."""
    resume = (HELD.client, HELD.nonce) if v1 else None
    number, _ = room.join(ANN, v1=v1, nonce="other", now=NOW, resume=resume)
    if v1:
        room.receive(number, message.encode_resync(0, 0, NOTHING), NOW)
    else:
        room.receive(number, message.encode_sync_step1(NOTHING), NOW)
        room.receive(number, message.encode_sync_step2(EMPTY_UPDATE), NOW)
    return number, room.outbox(number).take()


@pytest.mark.parametrize("v1", [True, False])
def test_who_reads_needs_no_mirror(v1: bool) -> None:
    room = opened(LAWLESS)
    number, told = visit(room, v1=v1)
    state = page().state()
    whole = message.encode_batch(0, 1, state, ()) if v1 else message.encode_sync_step2(state)
    assert whole in told
    room.leave(number, NOW)
    with pytest.raises(FoldError):
        _ = room.ledger.mirror


@pytest.mark.parametrize("v1", [True, False])
def test_visitors_are_told_the_same_with_a_mirror_and_without(v1: bool) -> None:
    """The clock of the lease in a welcome, and the state vector of sync step 1."""
    without, folded = opened(), opened()
    _ = folded.ledger.mirror
    assert visit(without, v1=v1)[1] == visit(folded, v1=v1)[1]


@pytest.mark.parametrize("v1", [True, False])
def test_a_lease_that_wrote_is_held_when_its_session_leaves(v1: bool) -> None:
    """Whether an id was used is known without a mirror: else it would be leased anew at once."""
    room = opened()
    number, _ = visit(room, v1=True)
    room.leave(number, NOW)
    _, told = visit(room, v1=v1)
    if v1:
        (welcome,) = [
            decoded.info
            for frame in told
            if isinstance(decoded := message.decode_from_server(frame), message.Welcome)
        ]
        assert (welcome["client"], welcome["clock"]) == (HELD.client, 2)
    assert room.ledger.leases.lease("bob", "bobs", NOW.steady).client != HELD.client


def test_the_first_write_is_judged_by_the_whole_page() -> None:
    """L2, L4: what was there before the mirror was folded is known to it."""
    room = opened()
    number, _ = visit(room, v1=True)
    replica = page()
    again = replica.write([("a", "anno", ("ann", NOW.wall, "other words", "", "", 0, 11))])
    room.receive(number, message.encode_operation(bytes(16), again), NOW)
    (refusal,) = [
        decoded
        for frame in room.outbox(number).take()
        if isinstance(decoded := message.decode_from_server(frame), message.Reject)
    ]
    assert refusal.code == "exists"


def test_a_failed_append_leaves_what_is_committed() -> None:
    """L2: the mirror forgets what was lost, and no more."""
    room = opened()
    number, _ = visit(room, v1=True)
    lost = page().write([("c", "anno/second", ("ann", NOW.wall, "lost"))])
    room.receive(number, message.encode_operation(bytes(16), lost), NOW)
    assert room.ledger.mirror.facts("c", "anno/second") is not None
    room.failed("disk full")
    assert room.ledger.footing.next_clock(HELD.client) == 2
    assert room.ledger.mirror.facts("c", "anno/second") is None
    assert room.ledger.mirror.facts("c", "anno/first") is not None


def test_the_vector_is_made_once_for_all_who_come() -> None:
    footing = opened().ledger.footing
    before = footing.encoded_vector()
    assert footing.encoded_vector() is before
    _ = footing.mirror
    assert footing.encoded_vector() == before
    assert footing.encoded_vector() is footing.encoded_vector()
