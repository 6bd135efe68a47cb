"""One document in two releases, and the two ways in which its tokens are matched.

Neither way is used by the engine in the same role, so truth does not come from what it judges.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TOKEN = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
    r"|[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
    r"|[^\w\s]"
)


@dataclass
class Page:
    """One document in two releases, with its tokens and the diff's matching."""

    name: str
    project: str
    group: str
    old: str
    new: str

    def __post_init__(self) -> None:
        self.old_spans = [found.span() for found in TOKEN.finditer(self.old)]
        self.new_spans = [found.span() for found in TOKEN.finditer(self.new)]
        self.old_tokens = [self.old[a:b] for a, b in self.old_spans]
        self.new_tokens = [self.new[a:b] for a, b in self.new_spans]
        numbers: dict[str, int] = {}
        self.old_ids = np.array([numbers.setdefault(t, len(numbers)) for t in self.old_tokens])
        self.new_ids = np.array([numbers.setdefault(t, len(numbers)) for t in self.new_tokens])
        self.carried = git_matching(self.old_tokens, self.new_tokens)
        self.taken = {new: old for old, new in enumerate(self.carried) if new >= 0}


def git_matching(old: list[str], new: list[str]) -> list[int]:
    """For each old token the new one that git's histogram diff pairs it with, or -1."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, tokens in (("old", old), ("new", new)):
            path = Path(folder, name)
            path.write_text("\n".join(tokens) + "\n", encoding="utf-8")
            paths.append(str(path))
        done = subprocess.run(
            ["git", "diff", "--no-index", "--histogram", "-U0", "--no-color", *paths],
            capture_output=True,
            check=False,
            text=True,
        )
    pairs = [-1] * len(old)
    old_at = new_at = 0
    for found in re.finditer(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", done.stdout, re.M):
        first, many, _, others = found.groups()
        many_old = 1 if many is None else int(many)
        many_new = 1 if others is None else int(others)
        stop = int(first) - 1 if many_old else int(first)
        while old_at < stop:
            pairs[old_at] = new_at
            old_at, new_at = old_at + 1, new_at + 1
        old_at += many_old
        new_at += many_new
    while old_at < len(old) and new_at < len(new):
        pairs[old_at] = new_at
        old_at, new_at = old_at + 1, new_at + 1
    return pairs


def align_whole_page(page: Page, low: int, high: int) -> list[int]:
    """Pairs of old tokens `low`..`high` by one local alignment against the whole new page."""
    wanted = page.old_ids[low:high]
    columns = page.new_ids
    rows, width = len(wanted), len(columns)
    best = np.zeros((rows + 1, width + 1), dtype=np.int32)
    above = np.full((rows + 1, width + 1), -9999, dtype=np.int32)
    left = np.full((rows + 1, width + 1), -9999, dtype=np.int32)
    slope = np.arange(width + 1, dtype=np.int32)
    for row in range(rows):
        hit = columns == wanted[row]
        gain = 6 if page.old_tokens[low + row][0].isalnum() else 3
        score = np.where(hit, gain, -5)
        above[row + 1] = np.maximum(above[row] - 1, best[row] - 8)
        fresh = np.maximum(best[row, :-1] + score, above[row + 1, 1:])
        fresh = np.maximum(fresh, 0)
        climb = np.maximum.accumulate(fresh + slope[1:])
        left[row + 1, 2:] = climb[:-1] - slope[2:] - 7
        best[row + 1, 1:] = np.maximum(fresh, left[row + 1, 1:])
    pairs = [-1] * rows
    row, column = divmod(int(best.argmax()), width + 1)
    while row > 0 and column > 0 and best[row, column] > 0:
        here = best[row, column]
        hit = columns[column - 1] == wanted[row - 1]
        gain = 6 if page.old_tokens[low + row - 1][0].isalnum() else 3
        if here == best[row - 1, column - 1] + (gain if hit else -5):
            if hit:
                pairs[row - 1] = column - 1
            row, column = row - 1, column - 1
        elif here == above[row, column]:
            while above[row, column] != best[row - 1, column] - 8:
                row -= 1
            row -= 1
        else:
            while left[row, column] != best[row, column - 1] - 8:
                column -= 1
            column -= 1
    return pairs
