"""No link inside the repository is dead, every page is reached from the first one, and links that
leave are whole and on the list that `python -m tests.docs.links --live` asks."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs import links
from tests.docs.samples import PAGES, ROOT

ALL = [*PAGES, ROOT / "CHANGELOG.md", ROOT / "crdtchat" / "widget" / "THIRD-PARTY.md"]


@pytest.mark.parametrize("page", ALL, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_lead_somewhere(page: Path) -> None:
    for there, anchor in links.inside(page):
        assert there.is_relative_to(ROOT), there
        assert there.exists(), there
        if anchor:
            assert anchor in links.anchors(there), f"{there}#{anchor}"


def test_every_page_is_reached_from_the_first() -> None:
    docs = ROOT / "docs"
    reached: set[Path] = set()
    waiting = [docs / "index.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += links.listed_below(page)
    assert {page for page in PAGES if page.is_relative_to(docs)} == reached


def test_the_readme_leads_to_the_documentation() -> None:
    assert ROOT / "docs" / "index.md" in {there for there, _ in links.inside(ROOT / "README.md")}


def test_links_outside_are_whole_and_on_the_list() -> None:
    recorded = links.recorded()
    assert set(recorded) == links.wanted(), "python -m tests.docs.links"
    for address, day in recorded.items():
        parts = urlsplit(address)
        assert parts.scheme == "https", address
        assert "." in parts.netloc, address
        assert day == links.NEVER or re.fullmatch(r"\d{4}-\d\d-\d\d", day), address


def test_what_is_gone_is_told_and_what_is_there_gets_its_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(links, "LIST", tmp_path / "list.txt")
    there, gone = sorted(links.wanted())[:2]
    told = links.renew({gone: "2026-01-01"}, lambda address: address == there, "2026-02-02")
    assert gone in told
    assert there not in told
    days = links.recorded()
    assert (days[there], days[gone]) == ("2026-02-02", "2026-01-01")
    assert set(days) == links.wanted()
