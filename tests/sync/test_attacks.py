"""What a hostile Yjs client can do to an unguarded engine, and the code that meets it here."""

from __future__ import annotations

import pytest

from crdtchat.document.replica import Replica
from crdtchat.sync.codes import Malformed, Refused, RejectCode
from crdtchat.sync.encode import (
    encode_deletes,
    encode_deletion,
    encode_value,
    encode_write,
    join_updates,
)
from crdtchat.sync.limits import OPERATION, REJOIN, TRUSTED
from crdtchat.sync.statevector import decode_state_vector
from crdtchat.sync.update import decode_update
from crdtchat.sync.verifier import Accepted, Duplicate
from crdtchat.sync.wire import string, uint
from crdtchat.testing.hostile import KILLERS, STATE_VECTOR_KILLERS
from tests.sync.kernel import CLIENTS, NOW, TARGET, Kernel

EVE = CLIENTS["eve"]


@pytest.fixture
def kernel() -> Kernel:
    found = Kernel()
    found.thread()
    return found


def refused(kernel: Kernel, data: bytes, code: RejectCode, user: str = "eve") -> None:
    """Eve is refused with this code, and nothing changed."""
    before = kernel.replica.state(), kernel.mirror.live_ids()
    with pytest.raises(Refused) as caught:
        kernel.judge(user, data)
    assert caught.value.code is code
    assert (kernel.replica.state(), kernel.mirror.live_ids()) == before


@pytest.mark.parametrize("name", KILLERS)
def test_killers_are_refused_undecoded(kernel: Kernel, name: str) -> None:
    for limits in (OPERATION, REJOIN):
        with pytest.raises(Malformed):
            kernel.judge("eve", KILLERS[name], limits=limits, client=9)


@pytest.mark.parametrize("name", STATE_VECTOR_KILLERS)
def test_state_vector_killers(name: str) -> None:
    with pytest.raises(Malformed):
        decode_state_vector(STATE_VECTOR_KILLERS[name], OPERATION)


def test_victims_client_id(kernel: Kernel) -> None:
    """Else the victim's next operation is ignored for ever."""
    clock = kernel.mirror.next_clock(CLIENTS["ann"])
    data = encode_write(
        CLIENTS["ann"], clock, root="r", key="anno/c001/eve", value="👍", origin=None
    )
    refused(kernel, data, RejectCode.FOREIGN_CLIENT)


def test_gc_of_a_million(kernel: Kernel) -> None:
    clock = kernel.mirror.next_clock(CLIENTS["ann"])
    data = b"\x01\x01" + uint(CLIENTS["ann"]) + uint(clock) + b"\x00" + uint(1_000_000) + b"\x00"
    refused(kernel, data, RejectCode.FOREIGN_TYPE)


@pytest.mark.parametrize("ahead", [1, 5, 2**40])
def test_clock_gap(kernel: Kernel, ahead: int) -> None:
    """Else it is integrated here and pending everywhere else."""
    data = encode_write(EVE, ahead, root="r", key="anno/c001/eve", value="👍", origin=None)
    refused(kernel, data, RejectCode.CLOCK_GAP)


def test_skip(kernel: Kernel) -> None:
    data = b"\x01\x01" + uint(EVE) + b"\x00" + b"\x0a\x05" + b"\x00"
    refused(kernel, data, RejectCode.CLOCK_GAP)


@pytest.mark.parametrize("origin", [(99, 0), (10, 999), (EVE, 0), (EVE, 5)])
def test_unknown_origin(kernel: Kernel, origin: tuple[int, int]) -> None:
    """V2. Else it is pending, and comes to life inside somebody else's transaction."""
    data = encode_write(EVE, 0, root="", key="", value="👍", origin=origin)
    refused(kernel, data, RejectCode.UNKNOWN_ORIGIN)


def test_delete_of_foreign_content(kernel: Kernel) -> None:
    item = kernel.last("c", "anno/c001")
    assert item is not None
    refused(kernel, encode_deletion([item]), RejectCode.IMMUTABLE)


@pytest.mark.parametrize("item", [(10, 500), (99, 0), (EVE, 0)])
def test_delete_of_future_clocks(kernel: Kernel, item: tuple[int, int]) -> None:
    """V2. Else the victim's next operation is born deleted."""
    refused(kernel, encode_deletion([item]), RejectCode.UNKNOWN_DELETE)


def test_delete_that_names_a_whole_history(kernel: Kernel) -> None:
    """A few bytes must not cost a walk over everything."""
    data = b"\x00\x01" + uint(10) + b"\x01\x00" + uint(2**40)
    refused(kernel, data, RejectCode.MALFORMED)


def test_foreign_parent(kernel: Kernel) -> None:
    data = b"\x01\x01" + uint(EVE) + b"\x00\x28\x00\x0a\x00" + string("key") + b"\x01\x77\x00\x00"
    refused(kernel, data, RejectCode.FOREIGN_TYPE)


def test_item_without_a_key(kernel: Kernel) -> None:
    data = b"\x01\x01" + uint(EVE) + b"\x00\x08\x01\x01c\x01\x77\x00\x00"
    refused(kernel, data, RejectCode.FOREIGN_TYPE)


@pytest.mark.parametrize("reference", [0, 2, 3, 4, 5, 6, 7, 9, 10, 11, 15, 31])
def test_foreign_content(kernel: Kernel, reference: int) -> None:
    """XML, embeds, formats, subdocuments and types: stored, they brick every client."""
    info = bytes((0x20 | reference,))
    data = b"\x01\x01" + uint(EVE) + b"\x00" + info + b"\x01\x01c\x01k\x01\x00\x00"
    refused(kernel, data, RejectCode.FOREIGN_TYPE)


def test_right_origin(kernel: Kernel) -> None:
    data = b"\x01\x01" + uint(EVE) + b"\x00\x68\x0a\x00\x01\x77\x00\x00"
    refused(kernel, data, RejectCode.FOREIGN_TYPE)


def test_origin_in_anothers_key(kernel: Kernel) -> None:
    """The key follows from the origin: a write behind Ann's comment is a write to it."""
    item = kernel.last("c", "anno/c001")
    data = encode_write(EVE, 0, root="", key="", value=("eve", NOW, "mine now"), origin=item)
    refused(kernel, data, RejectCode.NOT_AUTHOR)


def test_overtaken_value_in_the_same_update(kernel: Kernel) -> None:
    """V3: a payload that is overtaken at once is judged as well."""
    first = encode_write(
        EVE, 0, root="c", key="anno/c009", value=("ann", NOW, "forged"), origin=None
    )
    second = encode_write(EVE, 1, root="", key="", value=("eve", NOW, "good"), origin=(EVE, 0))
    data = join_updates([decode_update(first, TRUSTED), decode_update(second, TRUSTED)])
    refused(kernel, data, RejectCode.FORGED_AUTHOR)


def test_value_deleted_in_the_same_update(kernel: Kernel) -> None:
    """V4: written and deleted in one update is a record that vanishes."""
    value = encode_value(("eve", NOW, "now you see me"))
    item = b"\x28\x01\x01c" + string("anno/c009") + b"\x01" + value
    data = b"\x01\x01" + uint(EVE) + b"\x00" + item + encode_deletes([(EVE, 0)])
    refused(kernel, data, RejectCode.IMMUTABLE)


def test_deletion_in_disguise(kernel: Kernel) -> None:
    """V4: a value that loses against the one it deletes leaves the key empty."""
    item = kernel.last("c", "anno/c002")
    assert item is not None
    bob = CLIENTS["bob"]
    later = 2
    # Under a lower client id than Bob's, and without origin, it is ordered before his comment.
    value = encode_value(("bob", NOW, "reply", 0, "c001"))
    body = b"\x28\x01\x01c" + string("anno/c002") + b"\x01" + value
    data = b"\x01\x01" + uint(later) + b"\x00" + body + encode_deletes([item])
    with pytest.raises(Refused) as caught:
        kernel.judge("bob", data, client=later)
    assert caught.value.code is RejectCode.IMMUTABLE
    assert kernel.last("c", "anno/c002") == item
    assert item[0] == bob


def test_several_values_in_one_living_item(kernel: Kernel) -> None:
    value = encode_value(("eve", NOW, "text"))
    body = b"\x28\x01\x01c" + string("anno/c009") + b"\x02" + value + value
    refused(kernel, b"\x01\x01" + uint(EVE) + b"\x00" + body + b"\x00", RejectCode.BAD_VALUE)


@pytest.mark.parametrize(
    "tail",
    [b"\x00\x00", b"\x80\x00", b"\x01\x0a\x01\x00\x80\x80\x80\x80\x80\x80\x80\x80\x01"],
    ids=["trailing byte", "padded count", "number above 2^53"],
)
def test_parser_differentials(kernel: Kernel, tail: bytes) -> None:
    body = b"\x28\x01\x01r" + string("anno/c001/eve") + b"\x01\x77\x01x"
    refused(kernel, b"\x01\x01" + uint(EVE) + b"\x00" + body + tail, RejectCode.MALFORMED)


def test_client_id_alias(kernel: Kernel) -> None:
    """2^53 + 13 is 13 to an engine that masks."""
    body = b"\x28\x01\x01r" + string("anno/c001/eve") + b"\x01\x77\x01x\x00"
    refused(kernel, b"\x01\x01" + uint(2**53 + EVE) + b"\x00" + body, RejectCode.MALFORMED)


def test_ids_in_ascending_order(kernel: Kernel) -> None:
    body = b"\x28\x01\x01r" + string("anno/c001/eve") + b"\x01\x77\x01x"
    section = b"\x01" + uint(EVE) + b"\x00" + body
    other = b"\x01" + uint(EVE + 1) + b"\x00" + body
    with pytest.raises(Malformed):
        kernel.judge("eve", b"\x02" + section + other + b"\x00", limits=REJOIN)


def test_second_sending_is_a_duplicate(kernel: Kernel) -> None:
    """V5."""
    data = kernel.encode("eve", "r", "anno/c001/eve", "👍")
    assert isinstance(kernel.judge("eve", data), Accepted)
    before = kernel.replica.state()
    assert isinstance(kernel.judge("eve", data), Duplicate)
    assert kernel.replica.state() == before


def test_another_operation_at_a_known_clock_is_no_duplicate(kernel: Kernel) -> None:
    """To acknowledge it would lose it without a word."""
    kernel.write("eve", "r", "anno/c001/eve", "👍")
    data = encode_write(EVE, 0, root="r", key="anno/c002/eve", value="👍", origin=None)
    refused(kernel, data, RejectCode.CLOCK_GAP)


def test_undoing_what_yjs_keeps(kernel: Kernel) -> None:
    """A value set three times in one transaction comes as deleted items: fine."""
    value = encode_value(("eve", NOW, "third"))
    first = b"\x21\x01\x01c" + string("anno/c009") + b"\x02"
    second = b"\xa8" + uint(EVE) + b"\x01\x01" + value
    data = b"\x01\x02" + uint(EVE) + b"\x00" + first + second + encode_deletes([(EVE, 0), (EVE, 1)])
    assert isinstance(kernel.judge("eve", data), Accepted)
    assert kernel.replica.get("c", "anno/c009") == ("eve", NOW, "third")


def test_stale_writes_are_bounded(kernel: Kernel) -> None:
    """Ordering a write behind a long history costs a scan: too long a one is refused softly."""
    first = kernel.last("s", "anno")
    for turn in range(1_100):
        kernel.write("ann", "s", "anno", (turn % 2, "ann", NOW))
    assert first is None
    data = encode_write(EVE, 0, root="s", key="anno", value=(1, "eve", NOW), origin=None)
    refused(kernel, data, RejectCode.STALE)


def test_lagging_tabs_agree_on_the_winner() -> None:
    """Two tabs of Ann edit one comment at once: one wins, everywhere the same one."""
    kernel = Kernel()
    kernel.thread()
    origin = kernel.last("c", "anno/c001")
    for client in (30, 20):
        data = encode_write(
            client,
            0,
            root="c",
            key="anno/c001",
            value=("ann", NOW, f"from {client}", NOW),
            origin=origin,
        )
        assert isinstance(kernel.judge("ann", data, client=client), Accepted)
    assert kernel.last("c", "anno/c001") == (30, 0)
    assert kernel.replica.get("c", "anno/c001") == ("ann", NOW, "from 30", NOW)
    twin = Replica()
    twin.apply(kernel.replica.state())
    assert twin.get("c", "anno/c001") == ("ann", NOW, "from 30", NOW)
    assert kernel.replica.get("a", "anno") == ("ann", NOW, *TARGET)
