"""What SECURITY.md names as shown is there to show it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    line
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| threat", "| point"))
]


def test_there_are_rows() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_every_row_is_shown_by_something_that_exists(row: str) -> None:
    threat, _, shown = (cell.strip() for cell in row.strip("|").split("|"))
    assert threat
    named = re.findall(r"`([^`]+)`", shown)
    assert named
    for name in named:
        file, _, test = name.partition("::")
        assert (ROOT / file).is_file(), name
        text = (ROOT / file).read_text(encoding="utf-8")
        if test:
            assert re.search(rf"^ *(async )?def {test}\(", text, re.MULTILINE), name
        elif Path(file).name.startswith("test_"):
            assert re.search(r"^ *(async )?def test_", text, re.MULTILINE), name
