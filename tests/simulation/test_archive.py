"""How the simulation itself judges what is committed: it has to fail where a promise is broken."""

from __future__ import annotations

import pytest

from crdtchat.document.replica import Replica
from crdtchat.stores.base import Entry
from crdtchat.sync.session import Peer
from crdtchat.testing.simulator.archive import Archive

AT = 1_700_000_000_000
PEERS = {name: Peer(name, name.title(), "commenter", True, False) for name in ("ann", "bob")}


def both(author: str) -> bytes:
    """An annotation, and in the same update, before it in the bytes, what deletes it."""
    making, deleting = Replica(client=5), Replica(client=9)
    made = making.write([("a", "anno", (author, AT, "words", "", "", 0, 5))])
    deleting.apply(made)
    deleting.write([("d", "anno", ("bob", AT))])
    return deleting.state()


def test_a_deletion_may_stand_before_what_it_deletes_in_one_update() -> None:
    """Seed 80161: a stock client told of both at once, and was taken for a forger."""
    archive = Archive(PEERS, {}, {}, AssertionError)
    archive.add(Entry(both("bob"), "bob", AT))
    assert archive.annotations == {"anno"}


def test_a_deletion_of_what_is_another_s_breaks_a_promise() -> None:
    archive = Archive(PEERS, {}, {}, AssertionError)
    made = Replica(client=5)
    update = made.write([("a", "anno", ("ann", AT, "words", "", "", 0, 5))])
    archive.add(Entry(update, "ann", AT))
    deleting = Replica(client=9)
    deleting.apply(update)
    with pytest.raises(AssertionError, match="belongs to somebody else"):
        archive.add(Entry(deleting.write([("d", "anno", ("bob", AT))]), "bob", AT))


@pytest.mark.parametrize("higher", [True, False])
def test_a_second_sending_below_the_first_breaks_a_promise(higher: bool) -> None:
    """Neither knew of the other: of two at the same place the higher client id stands above."""
    archive, name = Archive(PEERS, {}, {}, AssertionError), bytes(range(16))
    made = Replica(client=5).write([("a", "anno", ("ann", AT, "words", "", "", 0, 5))])
    archive.add(Entry(made, "ann", AT))
    archive.sent[name] = []
    first, second = (Replica(client=client) for client in ((7, 9) if higher else (9, 7)))
    for replica in (first, second):
        replica.apply(made)
    resolved = ("s", "anno", ("resolved", "ann", AT))
    archive.add(Entry(first.write([resolved]), "ann", AT, name))
    again = Entry(second.write([resolved]), "ann", AT, name)
    if higher:
        archive.add(again)
    else:
        with pytest.raises(AssertionError, match="below its first sending"):
            archive.add(again)
