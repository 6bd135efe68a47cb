"""The committed benchmark: pages in two releases, and cases with their truth."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Case:
    """A selection of an old page, and what became of it: `truth` is None if it was deleted."""

    id: str
    project: str
    group: str
    kind: str
    length: str
    tags: tuple[str, ...]
    old_text: str
    new_text: str
    start: int
    end: int
    truth: tuple[int, int] | None

    def question(
        self, context: int, *, previous: bool = False, text: str | None = None
    ) -> dict[str, Any]:
        """The case as a line for the command; `text` asks it of another page."""
        line: dict[str, Any] = {
            "id": self.id,
            "text": self.new_text if text is None else text,
            "exact": self.old_text[self.start : self.end],
            "prefix": self.old_text[max(0, self.start - context) : self.start],
            "suffix": self.old_text[self.end : self.end + context],
            "start": self.start,
            "end": self.end,
        }
        if previous:
            line["previous_text"] = self.old_text
        return line


def load(part: str, folder: Path = CORPUS) -> Iterator[Case]:
    """The cases of a part: `tune`, `check`, `final`, or `more` where it was built."""
    for path in sorted(folder.glob(f"{part}-*.json.xz")):
        for page in json.loads(lzma.decompress(path.read_bytes())):
            for number, case in enumerate(page["cases"]):
                yield Case(
                    id=f"{page['page']}#{number}",
                    project=page["project"],
                    group=page["group"],
                    kind=case["kind"],
                    length=case["length"],
                    tags=tuple(case["tags"]),
                    old_text=page["old"],
                    new_text=page["new"],
                    start=case["old"][0],
                    end=case["old"][1],
                    truth=tuple(case["new"]) if case["new"] else None,
                )
