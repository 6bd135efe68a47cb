"""What an import did: counts by reason, with examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crdtchat.document.printable import printable

_EXAMPLES = 3
_REASON_CHARACTERS = 200


@dataclass(slots=True)
class Tally:
    """Counts of one import. Reasons are sentences for people."""

    added: Counter[str] = field(default_factory=Counter)
    """What is new, by kind: annotations, comments, ..."""
    known: Counter[str] = field(default_factory=Counter)
    """What was there already, by kind."""
    altered: Counter[str] = field(default_factory=Counter)
    """What was taken with a change, by reason."""
    left_out: Counter[str] = field(default_factory=Counter)
    """What was not taken, by reason."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """The first few ids for each reason."""

    def alter(self, reason: str, example: object = "") -> None:
        """Something was taken with a change."""
        self._count(self.altered, reason, example)

    def leave_out(self, reason: str, example: object = "") -> None:
        """Something was not taken."""
        self._count(self.left_out, reason, example)

    @property
    def total(self) -> int:
        """Annotations looked at and taken, now or before."""
        return self.added["annotations"] + self.known["annotations"]

    def report(self) -> dict[str, Any]:
        """The report as programs read it; `read_report` reads it back."""
        return {
            "added": dict(self.added),
            "known": dict(self.known),
            "altered": self._reasons(self.altered),
            "leftOut": self._reasons(self.left_out),
        }

    def lines(self) -> Iterator[str]:
        """The report."""
        if self.added.total():
            yield f"added: {_list(self.added)}"
        else:
            yield "nothing is new: nothing was changed"
        if self.known.total():
            yield f"already there: {_list(self.known)}"
        for title, reasons in (("changed on the way", self.altered), ("left out", self.left_out)):
            for reason, count in sorted(reasons.items()):
                some = self.examples.get(reason)
                yield f"{title}: {count} x {reason}" + (f" ({', '.join(some)})" if some else "")

    def _reasons(self, counts: Counter[str]) -> list[dict[str, Any]]:
        return [
            {"reason": reason, "count": count, "examples": self.examples.get(reason, [])}
            for reason, count in sorted(counts.items())
        ]

    def _count(self, counts: Counter[str], reason: str, example: object) -> None:
        """Both may hold words of the file, which may be anybody's."""
        reason = printable(reason[:_REASON_CHARACTERS])
        counts[reason] += 1
        shown = self.examples.setdefault(reason, [])
        text = printable(str(example)[:60])
        if text and len(shown) < _EXAMPLES and text not in shown:
            shown.append(text)


def read_report(report: Mapping[str, Any]) -> Tally:
    """What `Tally.report` wrote."""
    tally = Tally(Counter(report["added"]), Counter(report["known"]))
    for counts, name in ((tally.altered, "altered"), (tally.left_out, "leftOut")):
        for one in report[name]:
            counts[one["reason"]] = one["count"]
            tally.examples[one["reason"]] = one["examples"]
    return tally


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()) if count)
