"""Anchors the cases on standard input: `python -m crdtchat.anchoring`.

Reads JSON lines {"id", "text", "previous_text"?, "exact", "prefix", "suffix", "start", "end"} and
writes {"id", "state", "start", "end", "score"} for each, offsets in code points. Start and end are
null for an orphan, and those of the suggestion where the state is unsure.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from crdtchat.anchoring.results import Anchored, Anchoring, Unsure
from crdtchat.anchoring.selectors import Selectors
from crdtchat.anchoring.text_index import TextIndex


def report(case_id: Any, found: Anchoring) -> dict[str, Any]:
    """One line of the answer."""
    if isinstance(found, Anchored):
        state, start, end, score = found.state, found.start_cp, found.end_cp, found.score
        return {"id": case_id, "state": state, "start": start, "end": end, "score": score}
    if isinstance(found, Unsure):
        place = found.suggestion
        return {
            "id": case_id,
            "state": "unsure",
            "start": place.start_cp,
            "end": place.end_cp,
            "score": place.score,
        }
    score = found.nearest.score if found.nearest else 0.0
    return {"id": case_id, "state": "orphaned", "start": None, "end": None, "score": score}


def answer(cases: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Answers cases in order; neighbours with the same texts share the index and the diff."""
    index = TextIndex("")
    previous: TextIndex | None = None
    for case in cases:
        if case["text"] != index.text:
            index = TextIndex(case["text"])
        old = case.get("previous_text")
        if old is None:
            witness = None
        else:
            if previous is None or previous.text != old:
                previous = TextIndex(old)
            witness = previous
        exact = case["exact"]
        start = case.get("start")
        end = case.get("end")
        start = 0 if start is None else start
        selectors = Selectors(
            exact,
            case.get("prefix") or "",
            case.get("suffix") or "",
            start,
            start + len(exact) if end is None else end,
        )
        yield report(case["id"], index.anchor(selectors, previous=witness))


def main() -> None:
    """Standard input to standard output."""
    lines = (line for line in sys.stdin if line.strip())
    for found in answer(json.loads(line) for line in lines):
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
