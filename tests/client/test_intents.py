"""What the document holds, or what overtook it, is not written again."""

from __future__ import annotations

import pytest

from crdtchat.client.intents import held
from crdtchat.document.records import AnchorRecord, Target, anchor_value
from crdtchat.sync.update import Value


def anchor(at: int, *, followed: bool) -> Value:
    return anchor_value(AnchorRecord("ann", at, Target("words", end_cp=5), followed))


@pytest.mark.parametrize(
    ("present", "ours", "is_held"),
    [
        (None, anchor(5, followed=False), False),
        (anchor(5, followed=False), anchor(5, followed=False), True),
        (anchor(9, followed=False), anchor(5, followed=False), True),
        (anchor(5, followed=False), anchor(9, followed=False), False),
        # Words that a person chose win over those that a program followed.
        (anchor(9, followed=True), anchor(5, followed=False), False),
        (anchor(9, followed=False), anchor(5, followed=True), True),
        (anchor(9, followed=True), anchor(5, followed=True), True),
    ],
)
def test_late_anchor_records(present: Value | None, ours: Value, is_held: bool) -> None:
    assert held(lambda root, key: present, ("t", "anno", ours)) is is_held
