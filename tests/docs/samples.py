"""The code samples of the README and of the documentation, as Markdown has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "SECURITY.md"]
    + [page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts]
)


class Sample(NamedTuple):
    """A fenced block."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for people and as the id of a test."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def samples(*languages: str) -> list[Sample]:
    """All of the named languages; without a name, all."""
    found = (sample for page in PAGES for sample in _of(page))
    return [one for one in found if not languages or one.language in languages]


def inline_code() -> set[str]:
    """What stands between backquotes in the text."""
    return {
        child.content
        for page in PAGES
        for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
        for child in token.children or ()
        if child.type == "code_inline"
    }


def _of(page: Path) -> Iterator[Sample]:
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.map is not None and not token.info.startswith("{"):
            yield Sample(page, token.map[0] + 2, token.info, token.content)
