"""What an update may cost is bounded by its bytes, whatever they say of themselves."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from crdtchat.sync import message
from crdtchat.sync.codes import Malformed, Refused, RejectCode
from crdtchat.sync.encode import encode_value
from crdtchat.sync.limits import OPERATION, REJOIN, Limits
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment
from crdtchat.sync.verifier import Accepted
from crdtchat.sync.wire import string, uint
from tests.client.world import Clock, Server
from tests.sync.kernel import NOW, TARGET, Kernel

CLIENT = 50
PLACE = string("r") + string("anno/c001/bob")


def update(*structs: bytes, clock: int = 0, deletes: tuple[tuple[int, int], ...] = ()) -> bytes:
    """An update of `CLIENT`; `deletes`: its own clocks from, and how many."""
    head = b"\x01" + uint(len(structs)) + uint(CLIENT) + uint(clock)
    ranges = b"".join(uint(first) + uint(length) for first, length in deletes)
    tail = b"\x01" + uint(CLIENT) + uint(len(deletes)) + ranges if deletes else b"\x00"
    return head + b"".join(structs) + tail


def deleted(length: int, behind: int | None = None) -> bytes:
    """So many items of one place that were deleted before they were sent."""
    if behind is None:
        return b"\x21\x01" + PLACE + uint(length)
    return b"\xa1" + uint(CLIENT) + uint(behind) + uint(length)


@pytest.fixture
def kernel() -> Kernel:
    found = Kernel()
    found.thread()
    return found


@pytest.mark.parametrize("limits", [OPERATION, REJOIN])
def test_many_long_runs_of_deleted_items_are_refused(kernel: Kernel, limits: Limits) -> None:
    """Two thousand bytes of them stood for four million items."""
    half = limits.structs // 2
    runs = [deleted(half), deleted(half, half - 1), deleted(1, 2 * half - 1)]
    with pytest.raises(Malformed, match="too many items"):
        kernel.judge("bob", update(*runs), limits=limits, client=CLIENT)
    kernel.judge("bob", update(*runs[:2]), limits=limits, client=CLIENT)
    assert kernel.mirror.next_clock(CLIENT) == 2 * half


def work(kernel: Kernel, size: int) -> int:
    """Calls that it takes to refuse `size` joined values behind as many delete ranges."""
    pair = b"\x28\x01" + PLACE + b"\x02" + encode_value("") * 2
    ranges = (*((2 * place, 1) for place in range(size)), (2 * size, 2 * size))
    data = update(*[pair] * size, clock=2 * size, deletes=ranges)
    counted: Counter[str] = Counter()
    sys.setprofile(lambda frame, event, argument: counted.update((event,)))
    try:
        with pytest.raises(Refused):
            kernel.judge("bob", data, limits=REJOIN, client=CLIENT)
    finally:
        sys.setprofile(None)
    return counted.total()


def test_twice_as_many_joined_values_and_ranges_cost_twice_as_much(kernel: Kernel) -> None:
    """And not four times: a message of a megabyte would hold everybody up for hours."""
    assert work(kernel, 400) < 3 * work(kernel, 200)


def test_what_was_overtaken_in_a_part_that_is_new_is_deleted_everywhere(kernel: Kernel) -> None:
    """A stock client that keeps what it deleted tells of it once more, with more behind it."""
    first = b"\x28\x01" + PLACE + b"\x01" + encode_value("one")
    kernel.judge("bob", update(first), limits=REJOIN, client=CLIENT)
    two = b"\xa8" + uint(CLIENT) + b"\x00\x02" + encode_value("two") + encode_value("three")
    again = update(first, two, deletes=((0, 3),))
    kernel.judge("bob", again, limits=REJOIN, client=CLIENT)  # Which compares engine and mirror.
    assert {(CLIENT, clock) for clock in range(3)} <= kernel.mirror.dead_ids()


def test_items_that_come_as_a_number_are_paid_for_as_if_written_out() -> None:
    paid: list[int] = []

    def meter(size: int, now: float) -> float:
        paid.append(size)
        return 0.0

    server = Server(Clock())
    now = server.clock.moment()
    peer = Peer("bob", "Bob", "commenter", may_comment=True, may_moderate=False, meter=meter)
    writes = [("a", "anno", ("bob", NOW, *TARGET)), ("c", "anno/c001", ("bob", NOW, "text"))]
    server.perform(server.room.write(peer, writes, bytes(16), 1, now._replace(wall=NOW)))
    paid.clear()
    number, wanted = server.room.join(peer, v1=False, nonce="", now=now)
    server.perform(wanted)
    data = update(deleted(1_000))
    frame = message.encode_sync_step2(data)
    server.perform(server.room.receive(number, frame, Moment(now.steady, NOW)))
    assert number not in server.closed
    assert paid == [len(data), 999 * 32]


def test_what_has_to_be_put_in_order_is_bounded_for_an_update_as_a_whole(kernel: Kernel) -> None:
    """Two thousand bytes took half a second, and a user may send a thousand a minute."""
    value = b"\x01" + encode_value("👍")
    kernel.judge("bob", update(b"\x28\x01" + PLACE + value), limits=REJOIN, client=CLIENT)
    behind = [b"\xa8" + uint(CLIENT) + uint(clock) + value for clock in range(999)]
    kernel.judge("bob", update(*behind, clock=1), limits=REJOIN, client=CLIENT)

    def lagging(client: int, items: int) -> bytes:
        """Each stands behind one that nearly a thousand others of its place stand behind."""
        some = behind[10 : 10 + 2 * items : 2]
        return uint(1) + uint(items) + uint(client) + b"\x00" + b"".join(some) + b"\x00"

    assert isinstance(kernel.judge("bob", lagging(61, 4), client=61), Accepted)
    with pytest.raises(Refused) as caught:
        kernel.judge("bob", lagging(62, 200), client=62)
    assert caught.value.code is RejectCode.STALE
