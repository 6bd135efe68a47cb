"""Records: what is written reads back, the server's rules take it, and bad input is told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtchat.document import schema
from crdtchat.document.records import (
    AnchorRecord,
    AnnotationRecord,
    CommentRecord,
    InvalidRecord,
    StatusRecord,
    Target,
    TombstoneRecord,
    anchor_value,
    annotation_value,
    comment_value,
    reactions_value,
    read_anchor,
    read_annotation,
    read_comment,
    read_name,
    read_reactions,
    read_status,
    read_tombstone,
    status_value,
    tombstone_value,
)
from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.sync.rules import Actor, Facts
from crdtchat.sync.update import Value

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TIMES = st.integers(1, 2_000_000_000_000)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    start = draw(st.integers(0, 10_000))
    return Target(
        exact=draw(TEXT.filter(bool)),
        prefix=draw(TEXT),
        suffix=draw(TEXT),
        start_cp=start,
        end_cp=start + draw(st.integers(0, 10_000)),
        kind=draw(st.sampled_from(sorted(schema.TARGET_KINDS - {""}))),
        part=draw(TEXT),
        version=draw(TEXT),
    )


class _Page:
    """An annotation `anno` of `ann`, with a comment `cmnt`."""

    def facts(self, root: str, key: str) -> Facts | None:
        return ("ann", 1, "") if (root, key) in {("a", "anno"), ("c", "anno/cmnt")} else None


def accept(root: str, key: str, value: Value) -> None:
    actor = Actor("ann", 2_000_000_000_000, may_comment=True)
    RULES[root].write(_Page(), actor, key, value)


@given(targets(), TIMES)
def test_annotations(target: Target, created: int) -> None:
    record = AnnotationRecord("ann", created, target)
    value = annotation_value(record)
    accept("a", "new1", value)
    assert read_annotation(value) == record


@given(targets(), TIMES, st.booleans())
def test_anchors(target: Target, at: int, followed: bool) -> None:
    record = AnchorRecord("ann", at, target, followed)
    value = anchor_value(record)
    accept("t", "anno", value)
    assert read_anchor(value) == record


@given(TEXT, TIMES, st.integers(0, 2_000_000_000_000), st.sampled_from(["", "cmnt"]))
def test_comments(text: str, created: int, edited: int, parent: str) -> None:
    record = CommentRecord("ann", created, text, edited, parent)
    value = comment_value(record)
    accept("c", "anno/new1", value)
    assert read_comment(value) == record


@given(st.booleans(), TIMES)
def test_statuses_and_tombstones(resolved: bool, at: int) -> None:
    status = StatusRecord(resolved, "ann", at)
    accept("s", "anno", status_value(status))
    assert read_status(status_value(status)) == status
    stone = TombstoneRecord("ann", at)
    accept("d", "anno", tombstone_value(stone))
    assert read_tombstone(tombstone_value(stone)) == stone


def test_reactions_and_names() -> None:
    value = reactions_value(("👍", "🎉"))
    assert value == "👍 🎉"
    accept("r", "anno/cmnt/ann", value)
    assert read_reactions(value) == ("👍", "🎉")
    assert reactions_value(()) is None
    assert read_name(("Ann",)) == "Ann"
    assert read_name(None) == ""


def test_a_value_survives_the_engine() -> None:
    record = AnnotationRecord("ann", 1_700_000_000_000, Target("words", start_cp=3, end_cp=8))
    replica = Replica()
    replica.write([("a", "anno", annotation_value(record))])
    assert read_annotation(replica.get("a", "anno")) == record


def test_defaults_take_no_room() -> None:
    assert comment_value(CommentRecord("ann", 1, "")) == ("ann", 1, "")
    assert len(annotation_value(AnnotationRecord("ann", 1, Target("x", end_cp=1)))) == 7


@pytest.mark.parametrize("value", [None, "text", (), (1, 2, 3), ("ann", "soon", "x")])
def test_unreadable_values_are_none(value: Value | None) -> None:
    assert read_annotation(value) is None
    assert read_comment(value) is None
    assert read_tombstone(value) is None
    assert read_status(None) is None


def test_later_positions_are_passed_over() -> None:
    assert read_comment(("ann", 1, "x", 0, "", "later")) == CommentRecord("ann", 1, "x")
    target = ("ann", 1, "x", "", "", 0, 1, "", "", "", "later")
    assert read_annotation(target) == AnnotationRecord("ann", 1, Target("x", end_cp=1))


@pytest.mark.parametrize(
    "target",
    [
        Target(""),
        Target("x", kind="elsewhere"),
        Target("x", start_cp=2, end_cp=1),
        Target("x" * (schema.EXACT_CP + 1)),
        Target("x", prefix="p" * (schema.CONTEXT_CP + 1)),
        Target("half \ud83d"),
    ],
)
def test_bad_targets(target: Target) -> None:
    with pytest.raises(InvalidRecord):
        annotation_value(AnnotationRecord("ann", 1, target))


def test_bad_comments_and_reactions() -> None:
    with pytest.raises(InvalidRecord):
        comment_value(CommentRecord("ann", 1, "x" * (schema.COMMENT_CP + 1)))
    with pytest.raises(InvalidRecord):
        reactions_value(("two words",))
    with pytest.raises(InvalidRecord):
        reactions_value(("x" * (schema.REACTION_CP + 1),))
