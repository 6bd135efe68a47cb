"""Items that are nearly what a format says: each is taken or left out, and told of, and none ends
an import."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdtchat.document.foreign import Surroundings
from crdtchat.document.importable import portables
from crdtchat.document.tally import Tally
from tests.exchange.test_commands import _documented
from tests.exchange.test_foreign import row
from tests.fork_server import run_crdtchat

DELETION = {
    "id": "k3JxQ0aZbW1c",
    "target": {"source": "p"},
    "deleted": "2026-03-01T10:30:00.000Z",
    "deletedBy": {"id": "ann"},
}
W3C = {
    "id": "urn:1",
    "type": "Annotation",
    "creator": {"id": "mailto:bob@example.org", "type": "Person", "name": "Bob"},
    "created": "2020-01-01T00:00:00Z",
    "body": [
        {"type": "TextualBody", "value": "<p>hi</p>", "format": "text/html"},
        {"type": "TextualBody", "value": "tag", "purpose": "tagging"},
    ],
    "target": {
        "source": "https://example.org/",
        "selector": [
            {"type": "TextQuoteSelector", "exact": "q", "prefix": "a", "suffix": "b"},
            {"type": "TextPositionSelector", "start": 3, "end": 4},
        ],
    },
}
RECOGITO = {
    "id": "r1",
    "target": {"annotation": "r1", "selector": [{"quote": "q", "start": 1, "end": 2}]},
    "bodies": [{"id": "b1", "annotation": "r1", "purpose": "commenting", "value": "v"}],
}
SEEDS = (*_documented(), DELETION, W3C, RECOGITO, row("r1"), row("r2", references=["r1"]))
VALUES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 2**53 + 1, 10**30, 1.5, 1e308),
    *("", "x", "a/b", "\0", "\ud800", "\x1b[2J", "import:x", "x" * 9_000, "😀" * 3_000),
    *([], {}, [[]], [None], {"id": None}, {"type": [1]}, {"\0": 1}, {"": ""}),
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2020-01-01T00:00:60Z"),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """To all that is within."""
    inside: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    return [found for key, one in inside for found in ((*path, key), *paths(one, (*path, key)))]


def spoilt(item: dict[str, Any], random: Random) -> dict[str, Any]:
    """With some of what is in it taken out, doubled, or another value."""
    item = deepcopy(item)
    for _ in range(random.choice((1, 1, 2, 4))):
        found = paths(item)
        if not found:
            return item
        *way, last = random.choice(found)
        place: Any = item
        for key in way:
            place = place[key]
        match random.randrange(4):
            case 0:
                del place[last]
            case 1:
                place[last] = [place[last], place[last]]
            case _:
                place[last] = deepcopy(random.choice(VALUES))
    return item


@given(st.randoms(use_true_random=False))
def test_none_ends_an_import(random: Random) -> None:
    tally = Tally()
    items = [spoilt(random.choice(SEEDS), random) for _ in range(8)]
    list(portables(items, Surroundings(tally, 2**45)))
    json.dumps(tally.report(), ensure_ascii=False).encode()
    assert all(line.isprintable() for line in tally.lines())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": None}, "objects in none of the formats known"),
        ({"id": "\ud800"}, "objects in none of the formats known (\\ud800)"),
        ({"id": "\x1b[2J"}, "objects in none of the formats known (\\u001b[2J)"),
    ],
    ids=["none", "half a pair", "escape"],
)
def test_the_rest_of_the_file_is_brought_in(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    """A deletion of nothing ended it by a traceback, and so did a name that nothing can print; a
    terminal did what a name said."""
    broken = {name: one for name, one in (DELETION | change).items() if one is not None}
    file = tmp_path / "file.json"
    file.write_text(json.dumps([broken, W3C]))
    ran = run_crdtchat("import", "--tenant", "demo", "--data", tmp_path / "data", file)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "added: 1 annotations" in ran.stdout
    assert f"left out: 1 x {says}" in ran.stdout
