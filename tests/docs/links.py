"""The links of the README and the documentation. `python -m tests.docs.links [--live]`.

Without an argument it brings `external_links.txt` up to date: every address outside that the pages
name, with the day on which it was last seen to be there. With `--live` it asks each of them, writes
the day where it answers, and tells what does not; it needs the network, so CI does without.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
from markdown_it import MarkdownIt

from tests.docs.samples import PAGES

LIST = Path(__file__).parent / "external_links.txt"
NEVER = "never"
"""In place of a day: nobody has asked yet."""
_OURS = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?$|(.+\.)?example\.(org|com|net)$")
_TOCTREE = re.compile(r"^```\{toctree\}$(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATIENCE_S = 20


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links and pictures, as they stand there."""
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target is not None:
                yield str(target)


def inside(page: Path) -> Iterator[tuple[Path, str]]:
    """Where the links that stay in the repository lead: a file, and an anchor in it or nothing."""
    for target in links(page):
        if urlsplit(target).scheme == "":
            path, _, anchor = target.partition("#")
            there = (page.parent / unquote(path)).resolve() if path else page
            yield there, anchor


def outside(page: Path) -> Iterator[str]:
    """The links that leave it, but for those to a reader's own machine or an example's."""
    for target in links(page):
        parts = urlsplit(target)
        if parts.scheme and not _OURS.match(parts.netloc):
            yield target


def listed_below(page: Path) -> Iterator[Path]:
    """The pages in a page's tables of contents."""
    for table in _TOCTREE.findall(page.read_text(encoding="utf-8")):
        for line in table.split():
            if not line.startswith(":") and (page.parent / f"{line}.md").is_file():
                yield (page.parent / f"{line}.md").resolve()


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    headings = [
        following.content for token, following in pairwise(tokens) if token.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def recorded() -> dict[str, str]:
    """The list: the day by the address."""
    lines = LIST.read_text(encoding="utf-8").splitlines() if LIST.is_file() else []
    return {address: day for day, _, address in (line.partition(" ") for line in lines)}


def wanted() -> set[str]:
    """What the list has to have."""
    return {address for page in PAGES for address in outside(page)}


def is_there(address: str) -> bool:
    """Whether it answers, after redirects."""
    try:
        with httpx.stream("GET", address, follow_redirects=True, timeout=_PATIENCE_S) as answer:
            return answer.is_success
    except httpx.HTTPError:
        return False


def renew(known: dict[str, str], there: Callable[[str], bool] | None, today: str) -> list[str]:
    """Write the list anew; answers what is gone. `there`: asks an address; None: ask none."""
    days = {address: known.get(address, NEVER) for address in wanted()}
    gone = []
    for address in sorted(days) if there is not None else ():
        if there is not None and there(address):
            days[address] = today
        else:
            gone.append(address)
    lines = (f"{day} {address}\n" for address, day in sorted(days.items()))
    LIST.write_text("".join(lines), encoding="utf-8")
    return gone


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.links")
    parser.add_argument("--live", action="store_true", help="ask every address")
    live = parser.parse_args().live
    gone = renew(recorded(), is_there if live else None, f"{datetime.now(UTC):%Y-%m-%d}")
    for address in gone:
        sys.stdout.write(f"not there: {address}\n")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main())
