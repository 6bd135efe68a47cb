"""The tables of docs/widget.md name what the widget has, and nothing else: read from its source."""

from __future__ import annotations

import re

import pytest

from tests.docs.samples import ROOT

PAGE = (ROOT / "docs" / "widget.md").read_text(encoding="utf-8")
SOURCE = ROOT / "crdtchat" / "widget" / "src"


def section(heading: str) -> str:
    """The page's text under a heading."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert found is not None
    return found[1]


def first_cells(heading: str) -> list[str]:
    """The code in the first cells of the tables under a heading."""
    cells = re.findall(r"^\| (`.*?) \|", section(heading), re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def members(file: str, interface: str) -> list[str]:
    """The names in an interface of the source, without those of objects in it."""
    text = (SOURCE / file).read_text(encoding="utf-8")
    found = re.search(rf"^export interface {interface}[^{{]*\{{\n(.*?)^\}}", text, re.M | re.S)
    assert found is not None
    return re.findall(r'^  (?:readonly )?"?([\w-]+)"?\??[:(]', found[1], re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "file", "interface"),
    [
        ("Options", "app/options.ts", "Options"),
        ("What the call answers", "app/host-events.ts", "HostEvents"),
    ],
)
def test_the_table_is_the_interface(heading: str, file: str, interface: str) -> None:
    assert sorted(first_cells(heading)) == sorted(members(file, interface))


def test_an_annotation_and_its_comments_are_shown_whole() -> None:
    shown = re.search(r"a list of `\{(.*?), comments: \[\{(.*?)\}\]\}`", PAGE)
    assert shown is not None
    annotation, comment = (part.split(", ") for part in shown.groups())
    assert sorted([*annotation, "comments"]) == sorted(members("entry/create.ts", "AnnotationView"))
    text = (SOURCE / "entry" / "create.ts").read_text(encoding="utf-8")
    found = re.search(r"^  comments: \{ (.*?) \}\[\];$", text, re.MULTILINE)
    assert found is not None
    assert comment == re.findall(r"(\w+): ", found[1])


def test_the_objects_of_events_are_shown_whole() -> None:
    shown = [part.split(", ") for part in re.findall(r"\| `\{(.+?)\}`", PAGE)]
    status = members("sync/effects.ts", "Status") + members("sync/session-events.ts", "PageStatus")
    wanted = [members("app/host-events.ts", "TextChatEvent"), ["people", "connections"], status]
    assert [sorted(part) for part in shown] == [sorted(part) for part in wanted]


def test_all_colours_and_fonts_are_named() -> None:
    styles = [SOURCE / "ui" / "style.css", *SOURCE.glob("dom/*.ts"), *SOURCE.glob("ui/*.ts*")]
    texts = (path.read_text(encoding="utf-8") for path in styles)
    used = {name for text in texts for name in re.findall(r"--crdtchat-[a-z-]+", text)}
    # What the widget itself sets: the element's font, the place of a bar, the page's zoom undone.
    assert set(re.findall(r"`(--crdtchat-[a-z-]+)`", PAGE)) == used - {
        *("--crdtchat-inherited-font", "--crdtchat-slot", "--crdtchat-unzoom")
    }


def test_all_that_is_kept_in_the_browser_is_named() -> None:
    kept = section("What it keeps in the browser")
    opened = [
        name
        for path in SOURCE.glob("sync/*.ts")
        for name in re.findall(r'new Shelf\(\w+, "([\w-]+)"', path.read_text(encoding="utf-8"))
    ]
    assert len(opened) == 2
    for name in opened:
        assert f"`{name}`" in kept
