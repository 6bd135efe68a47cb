"""Ids: shape, time inside, determinism."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crdtchat.document.ids import (
    new_annotation_id,
    new_broadcast_id,
    new_comment_id,
    time_of_comment_id,
)
from crdtchat.document.schema import is_id

TIMES = st.integers(1_704_067_200_000, 4_102_444_799_999)


@given(st.binary(min_size=16, max_size=16), TIMES)
def test_ids_fit_the_schema_and_follow_their_bytes(raw: bytes, now: int) -> None:
    def random(count: int) -> bytes:
        return raw[:count]

    assert is_id(new_annotation_id(random))
    cid = new_comment_id(now, random)
    assert is_id(cid)
    assert cid == new_comment_id(now, random)
    assert time_of_comment_id(cid) == now


@given(TIMES, TIMES)
def test_a_comment_of_another_time_has_another_id(first: int, second: int) -> None:
    one, other = (new_comment_id(time, bytes) for time in (first, second))
    assert (one == other) == (first == second)


def test_other_ids_hold_no_time() -> None:
    assert time_of_comment_id("ab12") is None
    assert time_of_comment_id("AAAAAAAAabcdef") is None


def test_a_broadcast_id_is_a_version_4_uuid() -> None:
    raw = new_broadcast_id(lambda count: b"\xff" * count)
    assert len(raw) == 16
    assert raw[6] >> 4 == 4
    assert raw[8] >> 6 == 2
