"""Files of any size and in any state, read an annotation at a time."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtchat.document import json_items
from crdtchat.document.json_items import BrokenFile, BrokenItem, JsonItems

_KEYS = st.text(max_size=5).filter(lambda key: key not in ("items", "rows", "annotations", "first"))
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.lists(st.dictionaries(_KEYS.filter(lambda k: k != "@graph"), _JSON), max_size=6)


def read(text: str, *, chunk: int = 0) -> list[object]:
    file = StringIO(text)
    return list(JsonItems(lambda most: file.read(chunk or most)))


def until_broken(text: str) -> tuple[list[object], str]:
    found: list[object] = []
    try:
        found.extend(JsonItems(StringIO(text).read))
    except BrokenFile as broken:
        return found, str(broken)
    return found, ""


@settings(deadline=None)
@given(_OBJECTS, st.sampled_from([None, 0, 2]), st.integers(1, 40))
def test_a_list_however_it_is_cut(items: list[Any], indent: int | None, chunk: int) -> None:
    assert read(json.dumps(items, indent=indent), chunk=chunk) == items
    page = {"type": "AnnotationPage", "total": 10**12, "items": items, "partOf": {"id": "x"}}
    assert read(json.dumps(page, indent=indent), chunk=chunk) == items
    collection = {"label": "x", "first": page}
    assert read(json.dumps(collection, indent=indent), chunk=chunk) == items
    lines = "\n".join(json.dumps(item) for item in items if item)
    assert read(lines, chunk=chunk) == [item for item in items if item]


def test_what_can_be_read() -> None:
    assert read("") == read(" \n") == read("[]") == read('{"rows": []}') == []
    assert read('{"id": 1}') == [{"id": 1}]
    assert read('{"total": 1, "rows": [{"id": 1}]}') == [{"id": 1}]
    assert read("[1, 22, 333]", chunk=1) == [1, 22, 333]


@pytest.mark.parametrize(
    "text",
    [
        *("x", "[", "[1", "[1,", "{", '{"a"', '{"a":', '{"a": [', '{"items": [{"a": 1}'),
        *("[1 2]", '{"a" 1}', "{1: 2}", "[NaN]", "[1" + "0" * 5_000 + "]", "[" * 100_000),
        '{"first": ' * 50_000,
    ],
)
def test_what_cannot(text: str) -> None:
    assert until_broken(text)[1]


def test_what_stands_before_the_end_of_half_a_file_is_given() -> None:
    items = [{"id": number, "text": "x" * 1_000} for number in range(500)]
    text = json.dumps({"first": {"items": items}})
    found, reason = until_broken(text[: len(text) // 2])
    assert found == items[: len(found)]
    assert 240 < len(found) < 260
    assert reason == "the file ends in the middle"


@pytest.mark.parametrize("indent", [None, 2])
def test_a_broken_annotation_is_passed_over(indent: int | None) -> None:
    items = [{"id": number, "body": {"value": "x" * 40}} for number in range(300)]
    lines = [json.dumps(item, indent=indent).replace("\n", "\n  ") for item in items]
    lines[7] = lines[7].replace('"value"', "value")
    lines[250] = lines[250].replace("}", "", 1)
    text = '{"items": [\n  ' + ",\n  ".join(lines) + "\n]}"
    for chunk in (100, 0):
        found = read(text, chunk=chunk)
        assert [one for one in found if not isinstance(one, BrokenItem)] == [
            item for number, item in enumerate(items) if number not in (7, 250)
        ]
        assert sum(isinstance(one, BrokenItem) for one in found) == 2


def test_an_endless_annotation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "ITEM_CHARACTERS", 1_000_000)
    read_so_far = 0

    def endless(most: int) -> str:
        nonlocal read_so_far
        read_so_far += most
        return '[{"text": "' if read_so_far == most else "x" * most

    with pytest.raises(BrokenFile, match="more than 1000000 characters"):
        list(JsonItems(endless))
    assert read_so_far < 3_000_000
