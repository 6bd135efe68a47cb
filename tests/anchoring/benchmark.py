"""Scores anchoring on the committed benchmark: `python -m tests.anchoring.benchmark`.

    --part PART        check (not tuned on; the default), final (scored once), tune, more
    --twin python|node which implementation; node needs --cli PATH of the bundled `cli.ts`, and
                       so does chromium, which is for --speed alone
    --agree            asks both and counts differing answers
    --speed            prints times for 500 annotations on a page of 100 kB, and growth

A case is right if intersection over union with the truth is at least 0.8, or it is orphaned and
was deleted; wrong if attached with less than 0.5, or attached though deleted. `unsure` counts as
not attached.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crdtchat.anchoring.__main__ import answer
from tests.anchoring.corpus import CORPUS, Case, load

Line = dict[str, Any]


def ask(lines: list[Line], twin: str, cli: str) -> list[Line]:
    """The answers of one implementation."""
    if twin == "python":
        return list(answer(lines))
    data = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(["node", cli], input=data, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def verdict(case: Case, found: Line) -> str:
    """right, half, wrong, lost (not attached though it lives) or orphaned (rightly)."""
    attached = found["state"] in ("exact", "moved", "changed")
    if not attached:
        return "orphaned" if case.truth is None else "lost"
    if case.truth is None:
        return "wrong"
    low, high = case.truth
    common = max(0, min(high, found["end"]) - max(low, found["start"]))
    union = max(high, found["end"]) - min(low, found["start"])
    share = common / union if union else 1.0
    return "right" if share >= 0.8 else "half" if share >= 0.5 else "wrong"


@dataclass(frozen=True, slots=True)
class Tally:
    """Verdicts counted by kind of case."""

    count: Counter[tuple[str, str]]

    def share(self, kind: str, what: str) -> float:
        """How many of a kind got a verdict, in percent."""
        total = sum(many for (of, _), many in self.count.items() if of == kind)
        return 100 * self.count[kind, what] / max(1, total)

    def all(self, what: str) -> int:
        """How many of all got a verdict."""
        return sum(many for (_, verdict), many in self.count.items() if verdict == what)

    @property
    def wrong(self) -> float:
        """The share of wrong answers, in percent of all."""
        return 100 * self.all("wrong") / max(1, sum(self.count.values()))


def tally(cases: list[Case], answers: list[Line]) -> Tally:
    """Counts the verdicts on answers."""
    pairs = zip(cases, answers, strict=True)
    return Tally(Counter((case.kind, verdict(case, found)) for case, found in pairs))


def table(name: str, cases: list[Case], answers: list[Line]) -> str:
    """One row: right share by kind, wrong share of all, the rest in counts."""
    seen = tally(cases, answers)
    return (
        f"{name:24} n {len(cases):5}  same {seen.share('same', 'right'):6.2f}  "
        f"edited {seen.share('edited', 'right'):6.2f}  "
        f"deleted {seen.share('deleted', 'orphaned'):6.2f}  "
        f"wrong {seen.wrong:5.2f} ({seen.all('wrong')})  "
        f"lost {seen.all('lost')}  half {seen.all('half')}"
    )


def say(*words: str) -> None:
    """One line to standard output, at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


VARIANTS = (("128", 128, False), ("128 + previous text", 128, True), ("32", 32, False))


def run(part: str, twin: str, cli: str, folder: Path, *, details: bool, agree: bool) -> None:
    """Prints the tables of a part."""
    cases = list(load(part, folder))
    for name, context, previous in VARIANTS:
        lines = [case.question(context, previous=previous) for case in cases]
        answers = ask(lines, twin, cli)
        say(table(name, cases, answers))
        if details:
            for key in ("group", "length"):
                for value in sorted({str(getattr(case, key)) for case in cases}):
                    chosen = [n for n, c in enumerate(cases) if str(getattr(c, key)) == value]
                    say(
                        "   ",
                        table(value, [cases[n] for n in chosen], [answers[n] for n in chosen]),
                    )
        if agree:
            others = ask(lines, "node" if twin == "python" else "python", cli)
            say(f"    twins differ on {sum(map(differ, answers, others))} of {len(lines)}")
    texts = sorted({case.new_text for case in cases})
    projects = {case.new_text: case.project.split("-")[0] for case in cases}
    foreign, same = [], []
    for number, case in enumerate(cases):
        strange = [text for text in texts if projects[text] != case.project.split("-")[0]]
        foreign.append(case.question(128, text=strange[number * 7919 % len(strange)]))
        same.append(case.question(128, text=case.old_text))
    for context in (128, 32):
        lines = [
            dict(line, prefix=line["prefix"][-context:], suffix=line["suffix"][:context])
            for line in foreign
        ]
        count = Counter(found["state"] for found in ask(lines, twin, cli))
        say(f"foreign page, {context}: {dict(count)}")
        lines = [
            dict(line, prefix=line["prefix"][-context:], suffix=line["suffix"][:context])
            for line in same
        ]
        answers = ask(lines, twin, cli)
        good = sum(
            (found["state"], found["start"], found["end"]) == ("exact", case.start, case.end)
            for case, found in zip(cases, answers, strict=True)
        )
        say(f"unchanged page, {context}: {good} of {len(cases)} exact")


def differ(first: Line, second: Line) -> bool:
    """Whether two answers are not the same to the last digit that matters."""
    keys = ("id", "state", "start", "end")
    return [first[k] for k in keys] != [second[k] for k in keys] or (
        abs(first["score"] - second["score"]) > 1e-9
    )


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=["check", "final", "tune", "more"], default="check")
    parser.add_argument("--twin", choices=["python", "node", "chromium"], default="python")
    parser.add_argument("--cli", default="")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--details", action="store_true")
    parser.add_argument("--agree", action="store_true")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if options.speed:
        from tests.anchoring.speed import speed

        speed(options.twin, options.cli)
        return
    if options.twin == "chromium":
        sys.exit("chromium is for --speed alone")
    if (options.twin == "node" or options.agree) and not options.cli:
        sys.exit("give --cli with the path of the bundled node command")
    run(
        options.part,
        options.twin,
        options.cli,
        options.corpus,
        details=options.details,
        agree=options.agree,
    )


if __name__ == "__main__":
    main()
