"""Which discussion belongs to a file, decided on paper."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
from crdtchat_jupyter import marks
from crdtchat_jupyter.marks import marks_of, sources_of, telling
from crdtchat_jupyter.recognition import Known, Recognised, Seen, recognise


def seen(path: str, marks: str, file_id: str = "") -> Seen:
    return Seen(path, file_id, frozenset(marks))


def known(path: str, marks: str, file_id: str = "", page: str = "") -> Known:
    return Known(path, page or f"page of {path}", file_id, frozenset(marks))


@pytest.mark.parametrize(
    ("now", "before", "gone", "page"),
    [
        pytest.param(seen("a", "xyz"), [known("a", "xyz")], (), "page of a", id="same"),
        pytest.param(seen("a", "xyzuvw"), [known("a", "x")], (), "page of a", id="edited"),
        pytest.param(seen("a", "xyz"), [known("a", "")], (), "page of a", id="was empty"),
        pytest.param(seen("a", ""), [known("a", "")], (), "page of a", id="still empty"),
        pytest.param(
            seen("b", "xyz", "7"), [known("a", "xyz", "7")], ("a",), "page of a", id="renamed"
        ),
        pytest.param(
            seen("b", "uvw", "7"), [known("a", "xyz", "7")], ("a",), "page of a", id="and edited"
        ),
        pytest.param(seen("b", "xyu"), [known("a", "xyz")], ("a",), "page of a", id="mv a b"),
        pytest.param(
            seen("b", "xyz"),
            [known("a", "xyz"), known("b", "uvw")],
            ("a",),
            "page of a",
            id="mv a b over another file",
        ),
        pytest.param(
            seen("b", "xyzu"),
            [known("a", "xyz"), known("b", "uvw")],
            ("a",),
            "page of b",
            id="something of b is still there",
        ),
        pytest.param(
            seen("c", "xyz"),
            [known("a", "xyz"), known("b", "xy", page="page of a")],
            ("a", "b"),
            "page of a",
            id="two that are gone, one discussion",
        ),
        pytest.param(seen("b", "xuvw"), [known("a", "xyz")], ("a",), "", id="little in common"),
        pytest.param(seen("b", ""), [known("a", "xyz")], ("a",), "", id="an empty file"),
        pytest.param(
            seen("a", "xyz"),
            [replace(known("a", "xyz"), past=True)],
            (),
            "page of a",
            id="restored",
        ),
        pytest.param(
            seen("a", "uvw"), [replace(known("a", "xyz"), past=True)], (), "", id="deleted"
        ),
        pytest.param(
            seen("a", "uvw"),
            [known("a", "xyz"), known("b", "xyz", page="page of a")],
            (),
            "",
            id="mv a b, and another a",
        ),
    ],
)
def test_recognised(now: Seen, before: list[Known], gone: Collection[str], page: str) -> None:
    assert recognise(now, before, gone) == Recognised(page)


def test_what_vanished_is_known_to_have_moved() -> None:
    here, same_id = known("a", "xyz"), known("a", "uvw", "7")
    for now, before in ((seen("b", "xyz"), here), (seen("b", "xyz", "7"), same_id)):
        assert recognise(now, [before], ("a",)).moved == "a"
    assert recognise(seen("b", "xyz", "7"), [same_id], ()).moved == "", "it is still there"
    assert recognise(seen("b", "xyz"), [replace(here, past=True)], ()).moved == ""


def test_a_copy_is_asked_about() -> None:
    original = known("a", "xyz")
    assert recognise(seen("b", "xyz"), [original], ()) == Recognised("", (original,))


@pytest.mark.parametrize("marks", ["", "uvw"])
def test_what_has_nothing_of_what_was_here_is_asked_about(marks: str) -> None:
    here, other = known("a", "xyz"), known("b", "uvw")
    found = recognise(seen("a", marks), [other, here], ())
    assert found == Recognised("", (here, other) if marks else (here,))


def test_a_notebook_whose_cells_have_other_ids_is_the_same_by_their_sources() -> None:
    def noted(ids: str, sources: str) -> frozenset[str]:
        return frozenset([*ids, *(f"={source}" for source in sources)])

    here = Known("a", "page of a", "", noted("xyz", "123"))
    same = Seen("a", "", noted("uvw", "124"))
    assert recognise(same, [here], ()) == Recognised("page of a")
    assert recognise(Seen("a", "", noted("uvw", "145")), [here], ()) == Recognised("", (here,))
    # Brought to format 4.5, and back.
    old = Known("a", "page of a", "", frozenset("123"))
    assert recognise(same, [old], ()) == Recognised("page of a")
    assert recognise(Seen("a", "", frozenset("123")), [here], ()) == Recognised("page of a")
    # Elsewhere the same sources say nothing.
    assert recognise(Seen("b", "", noted("uvw", "123")), [here], ("a",)) == Recognised("")


def test_two_vanished_files_that_are_as_much_alike_are_asked_about() -> None:
    both = (known("a", "xyz"), known("b", "xyz"))
    assert recognise(seen("c", "xyz"), both, ("a", "b")) == Recognised("", both)


def test_marks_of_a_notebook_are_cell_ids_where_it_has_them() -> None:
    cells = [{"id": "one", "source": "x"}, {"id": "two", "source": ["y\n", "z"]}]
    new = {"type": "notebook", "content": {"nbformat": 4, "nbformat_minor": 5, "cells": cells}}
    assert telling(marks_of(new)) == {"one", "two"}
    old = {"type": "notebook", "content": {"nbformat": 4, "nbformat_minor": 4, "cells": cells}}
    assert len(marks_of(old)) == 2
    assert not marks_of(old) & marks_of(new)
    # The same sources, whatever became of the ids.
    assert sources_of(marks_of(new)) == marks_of(old)


def test_of_a_long_text_no_more_is_read_than_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a million lines held the server up for seconds, at each save, too."""
    hashed: list[str] = []

    def noted(text: str) -> str:
        hashed.append(text)
        return text

    monkeypatch.setattr(marks, "_hash", noted)
    lines = "\n".join(f"line number {number}" for number in range(3 * marks.MOST))
    model = {"type": "file", "format": "text", "content": lines}
    assert marks_of(model) == set(lines.splitlines()[: marks.MOST])
    assert len(hashed) == marks.MOST


def test_marks_of_a_text_are_its_telling_lines() -> None:
    first = {"type": "file", "format": "text", "content": "# A heading of a page\n\n}\nx\n"}
    moved = {"type": "file", "format": "text", "content": "new\n   # A heading of a page\n"}
    assert len(marks_of(first)) == 1
    assert marks_of(first) == marks_of(moved)
    assert marks_of({"type": "file", "format": "base64", "content": "AAAA"}) == frozenset()
