"""What stock clients wrote, while they were offline, to records that were purged meanwhile."""

from __future__ import annotations

import pytest

from crdtchat.document.replica import Replica
from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.encode import encode_deletion
from crdtchat.sync.limits import REJOIN
from crdtchat.sync.update import Value
from crdtchat.sync.verifier import Accepted
from tests.sync.kernel import CLIENTS, NOW, TARGET, Kernel

WRITTEN: dict[str, tuple[str | int, ...]] = {"s": (1,), "t": TARGET}
"""Roots whose records more than one may write, with what they hold beside who and when."""


def value(root: str, user: str, at: int) -> Value:
    """What somebody writes there."""
    signed: tuple[str | int, ...] = (user, at)
    return (*WRITTEN[root], *signed) if root == "s" else (*signed, *WRITTEN[root])


@pytest.fixture
def kernel() -> Kernel:
    """A thread of Ann's, whose page a moderator is on."""
    found = Kernel()
    found.thread()
    return found


def delete(kernel: Kernel, root: str) -> None:
    """The moderator deletes the annotation, and the server purges a record of it."""
    kernel.write("mod", "d", "anno", ("mod", NOW))
    kernel.remove("server", root, "anno")


@pytest.mark.parametrize("root", WRITTEN)
@pytest.mark.parametrize("times", [1, 3])
def test_who_wrote_there_and_then_heard_of_the_purge_is_no_forger(
    kernel: Kernel, root: str, times: int
) -> None:
    """The moderator's client id is the higher one, so theirs is the value that was purged."""
    ann = Replica(CLIENTS["ann"])
    ann.apply(kernel.replica.state())
    for turn in range(times):
        ann.write([(root, "anno", value(root, "ann", NOW + turn))])
    kernel.write("mod", root, "anno", value(root, "mod", NOW))
    delete(kernel, root)
    ann.apply(kernel.replica.state())
    assert ann.get(root, "anno") is None
    told = ann.difference(kernel.replica.state_vector())
    assert isinstance(kernel.judge("ann", told, limits=REJOIN), Accepted)
    assert kernel.replica.state_vector() == ann.state_vector()
    assert kernel.replica.values(root) == ann.values(root) == {}


def test_without_a_tombstone_and_for_readers_nothing_is_removed(kernel: Kernel) -> None:
    kernel.write("mod", "s", "anno", value("s", "mod", NOW))
    ann = Replica(CLIENTS["ann"])
    ann.apply(kernel.replica.state())
    ann.write([("s", "anno", value("s", "ann", NOW))])
    ann.write([("s", "anno", None)])
    told = ann.difference(kernel.replica.state_vector())
    with pytest.raises(Refused) as caught:
        kernel.judge("ann", told, limits=REJOIN)
    assert caught.value.code is RejectCode.IMMUTABLE
    delete(kernel, "s")
    with pytest.raises(Refused) as caught:
        kernel.judge("ann", told, limits=REJOIN, may_comment=False)
    assert caught.value.code is RejectCode.READ_ONLY


def test_tombstones_and_names_outlive_what_they_belong_to(kernel: Kernel) -> None:
    kernel.write("bob", "d", "anno/c002", ("bob", NOW))
    kernel.write("server", "u", "anno", ("Ann",))  # a user may be called like an annotation
    kernel.write("mod", "d", "anno", ("mod", NOW))
    for root, key in (("d", "anno"), ("d", "anno/c002"), ("u", "anno")):
        item = kernel.last(root, key)
        assert item is not None
        with pytest.raises(Refused) as caught:
            kernel.judge("mod", encode_deletion([item]), limits=REJOIN)
        assert caught.value.code is RejectCode.IMMUTABLE
