"""What commands print: results on standard output, remarks on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines if at < len(line)) for at in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        print_line("  ".join(cells).rstrip())


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    sys.stderr.write(f"{text}\n")
