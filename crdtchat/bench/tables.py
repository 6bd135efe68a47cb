"""Markdown tables, and a file's place for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows), ""])


def put(file: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- bench: NAME -->` and `<!-- bench: end -->` of a file.

    Raises ValueError if the file has no such place.
    """
    begin, end = f"<!-- bench: {name} -->\n", "<!-- bench: end -->"
    before, found, rest = file.read_text().partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"{file} has no line {begin.strip()!r} with a line {end!r} after it")
    file.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}")
