"""The documentation site builds without a warning, and no link inside the repository is dead."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.samples import ROOT

AT_THE_TOP = ("README.md", "SECURITY.md", "CHANGELOG.md")


def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    built = subprocess.run(
        [*command, "--doctree-dir", str(tmp_path / "doctrees"), ROOT / "docs", tmp_path / "site"],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    site = tmp_path / "site"
    for page in (ROOT / "docs").rglob("*.md"):
        if "_build" not in page.parts:
            assert (site / page.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), page
    http = (site / "reference" / "http.html").read_text()
    assert "/annotations/{aid}/comments/{cid}" in http
    assert "--trusted-proxies" in (site / "reference" / "command.html").read_text()
    assert "wait_saved" in (site / "reference" / "python.html").read_text()


@pytest.mark.parametrize("name", AT_THE_TOP)
def test_links_lead_somewhere(name: str) -> None:
    """Sphinx looks at the links of `docs`; these pages stand outside."""
    page = ROOT / name
    found = 0
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            assert target.startswith(("https://", "http://127.0.0.1")), target
            continue
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target
        found += 1
    assert found > 0 or name != "README.md"


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures."""
    found: list[str] = []
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target is not None:
                found.append(str(target))
    return found


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
