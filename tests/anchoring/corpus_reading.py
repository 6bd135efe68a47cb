"""Pages of two unpacked releases."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path

from tests.anchoring.corpus_page import Page
from tests.anchoring.corpus_sources import Source


def read_page(path: Path) -> str:
    """The text of a file as a reader sees it; notebooks are their cells' sources."""
    raw = path.read_text(encoding="utf-8", errors="strict")
    if path.suffix == ".ipynb":
        book = json.loads(raw)
        cells = book.get("cells") or [
            c for sheet in book.get("worksheets", []) for c in sheet["cells"]
        ]
        return "\n\n".join("".join(c.get("source", c.get("input", ""))) for c in cells)
    if path.suffix == ".po":
        parts = re.findall(r'^msgstr(?:\[\d\])? ((?:".*"\n)+)', raw, re.M)
        return "\n".join(
            "".join(json.loads(line) for line in part.splitlines()) for part in parts[1:]
        )
    if path.suffix == ".json":
        return "\n".join(list(json.loads(raw).values())[:700])
    if path.suffix == ".html":
        raw = re.sub(r"(?s)<(script|style)\b.*?</\1>|<!--.*?-->", "", raw)
        return html.unescape(re.sub(r"<[^>]+>", "", raw))
    return raw


def pages_of(folder: Path, source: Source) -> list[Page]:
    """Pages that exist in both releases and differ."""
    old_root, new_root = folder / source.old, folder / source.new
    found = []
    for path in sorted(old_root.rglob(source.glob)):
        other = new_root / path.relative_to(old_root)
        if not other.is_file() and path.suffix == ".ipynb":
            # notebooks move between folders; other names are too common to say the same page
            same_name = list(new_root.rglob(path.name))
            other = same_name[0] if len(same_name) == 1 else other
        if not other.is_file() or not path.is_file():
            continue
        try:
            old, new = read_page(path), read_page(other)
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError):
            continue
        if old != new and 1500 <= len(old) <= 90_000 and 1000 <= len(new) <= 120_000:
            name = f"{source.project}/{path.relative_to(old_root)}"
            found.append((name, old, new))
    found.sort(key=lambda item: hashlib.sha256(item[0].encode()).hexdigest())
    pages: list[Page] = []
    for name, old, new in found:
        if len(pages) >= source.pages:
            break
        page = Page(name, source.project, source.group, old, new)
        share = sum(at >= 0 for at in page.carried) / max(1, len(page.carried))
        if 0.2 <= share <= 0.998:
            pages.append(page)
    return pages
