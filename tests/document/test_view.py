"""The live view: order, tombstones, placeholders, names, reactions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from crdtchat.document.ids import new_comment_id
from crdtchat.document.records import TombstoneRecord
from crdtchat.document.view import Annotation, Reaction, read_view
from crdtchat.sync.update import Value

T = 1_800_000_000_000
THREADS = json.loads((Path(__file__).parents[1] / "vectors/threads.json").read_text())["threads"]


class Source(dict[str, dict[str, Value]]):
    def values(self, root: str) -> Mapping[str, Value]:  # type: ignore[override]
        return self.get(root, {})


def one(source: Source) -> Annotation:
    (annotation,) = read_view(source)
    return annotation


def page(**roots: dict[str, Value]) -> Source:
    head: dict[str, Value] = {"anno": ("ann", T, "words", "", "", 0, 5)}
    return Source({"a": head, **roots})


def test_comments_stand_in_order_of_created_then_id() -> None:
    source = page(
        c={
            "anno/zzzz": ("bob", T + 1, "second"),
            "anno/bbbb": ("ann", T, "first, b"),
            "anno/aaaa": ("ann", T, "first, a"),
        },
        u={"ann": ("Ann",)},
    )
    annotation = one(source)
    assert [comment.text for comment in annotation.comments] == ["first, a", "first, b", "second"]
    assert [comment.author_name for comment in annotation.comments] == ["Ann", "Ann", ""]
    assert (annotation.text, annotation.quote, annotation.author_name) == (
        "first, a",
        "words",
        "Ann",
    )
    assert annotation.updated == T + 1


def test_annotations_stand_in_order_of_created_then_id() -> None:
    heads: dict[str, Value] = {
        "late": ("ann", T + 5, "x", "", "", 0, 1),
        "bbbb": ("ann", T, "x", "", "", 0, 1),
        "aaaa": ("ann", T, "x", "", "", 0, 1),
    }
    assert [annotation.aid for annotation in read_view(Source({"a": heads}))] == [
        "aaaa",
        "bbbb",
        "late",
    ]


def test_a_deleted_annotation_is_gone_before_the_purge() -> None:
    assert read_view(page(d={"anno": ("ann", T)}, c={"anno/aaaa": ("ann", T, "x")})) == ()


def test_a_deleted_comment_keeps_its_place_while_others_follow() -> None:
    cids = [new_comment_id(T + step, bytes) for step in range(3)]
    comments: dict[str, Value] = {
        f"anno/{cid}": ("ann", T + step, str(step)) for step, cid in enumerate(cids)
    }
    stone: dict[str, Value] = {f"anno/{cids[1]}": ("mod", T + 9)}
    for purged in (False, True):
        left = {key: value for key, value in comments.items() if not (purged and key in stone)}
        thread = one(page(c=left, d=stone)).comments
        assert [comment.text for comment in thread] == ["0", "", "2"]
        assert thread[1].deleted == TombstoneRecord("mod", T + 9)
        assert thread[1].author == ""
    last: dict[str, Value] = {f"anno/{cids[2]}": ("mod", T + 9), **stone}
    assert [comment.text for comment in one(page(c=comments, d=last)).comments] == ["0"]


def test_a_deleted_comment_of_another_clients_id_stands_before_its_replies() -> None:
    source = page(
        c={"anno/aaaa": ("ann", T, "0"), "anno/rrrr": ("bob", T + 7, "reply", 0, "gone")},
        d={"anno/gone": ("ann", T + 9)},
    )
    assert [comment.cid for comment in one(source).comments] == ["aaaa", "gone", "rrrr"]


@pytest.mark.parametrize("case", THREADS, ids=lambda case: case["name"])
def test_the_shared_threads(case: dict[str, Any]) -> None:
    """The TypeScript view is held to the same file."""
    shown = read_view(Source(case["roots"]))
    found = [[(c.cid, c.deleted is not None) for c in annotation.comments] for annotation in shown]
    wanted = case["thread"]
    assert found == ([] if wanted is None else [[tuple(place) for place in wanted]])


def test_an_annotation_without_a_live_comment_is_gone_unless_it_never_had_one() -> None:
    assert read_view(page(d={"anno/aaaa": ("ann", T)})) == ()
    assert one(page()).comments == ()


def test_reactions_are_grouped_by_emoji() -> None:
    source = page(
        c={"anno/aaaa": ("ann", T, "x")},
        r={"anno/aaaa/cy": "👍", "anno/aaaa/bob": "🎉 👍"},
    )
    assert one(source).comments[0].reactions == (
        Reaction("🎉", ("bob",)),
        Reaction("👍", ("bob", "cy")),
    )


def test_status() -> None:
    assert one(page()).status is None
    assert one(page(s={"anno": (1, "bob", T)})).resolved
    assert not one(page(s={"anno": (0, "bob", T)})).resolved


def test_records_of_a_later_schema_are_not_shown() -> None:
    assert read_view(Source({"a": {"anno": "?"}})) == ()
