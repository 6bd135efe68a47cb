"""Show what is promised of reliability, row by row, and whether it holds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from crdtchat.bench.machine import describe
from tests.reliability.rows import ROWS, Result, soaked


def asked_for(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line's, read."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    names = (*ROWS, "all")
    # A list as default would be looked for among the choices, whole.
    parser.add_argument("rows", nargs="*", default="all", choices=names, help="which; all")
    parser.add_argument("--quick", action="store_true", help="minutes instead of hours")
    parser.add_argument("--minutes", type=float, help="of a soak alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    flags = parser.parse_args(arguments)
    if "all" in flags.rows:
        flags.rows = list(ROWS)
    return flags


def main() -> int:
    """Exit status: 1 if a row falls short."""
    flags = asked_for()
    machine = describe()
    print(", ".join(f"{name}: {value}" for name, value in machine.items()), flush=True)
    print("| what | done | load | |\n|---|---|---|---|", flush=True)
    results: list[Result] = []
    for name in flags.rows:
        title, row = ROWS[name]
        if name == "soak" and flags.minutes:
            row = partial(soaked, minutes=flags.minutes)
        results.append(row(title, flags.quick))
        print(_line(results[-1]), flush=True)
    if flags.json:
        rows = [asdict(result) for result in results]
        flags.json.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1))
    return 0 if all(result.passed for result in results) else 1


def _line(result: Result) -> str:
    verdict = "pass" if result.passed else "**short**"
    return f"| {result.row} | {result.done} | {result.load} | {verdict} |"


if __name__ == "__main__":
    sys.exit(main())
