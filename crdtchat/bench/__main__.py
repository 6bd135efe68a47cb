"""`python -m crdtchat.bench [operations] [fanout] [memory]`: run benchmarks, print their tables."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crdtchat.bench import fanout, memory, operations, report
from crdtchat.bench.client import Lost
from crdtchat.bench.machine import describe, fsync_seconds
from crdtchat.bench.servers import CRDTCHAT, NAMES, PEER, CannotStart, require_peer

WHAT = ("operations", "fanout", "memory")
SIZES = (100, 1_000, 10_000)
_PAUSE = 0.05
"""Seconds between the fsyncs that stand for those at low load."""


def main() -> int:
    """Exit status: 0 if everything was measured, whatever came out."""
    flags = _parse()
    found: dict[str, Any] = {
        "machine": describe(),
        "fsync_ms": fsync_seconds() * 1e3,
        "idle_fsync_ms": fsync_seconds(pause=_PAUSE) * 1e3,
    }
    print(report.machine(found), flush=True)
    try:
        if PEER in flags.servers and {"fanout", "memory"} & set(flags.what):
            require_peer()
        if "operations" in flags.what:
            found["operations"] = _operations(flags.quick)
        if "fanout" in flags.what:
            found["fanout"] = _fanout(flags, found["idle_fsync_ms"])
        if "memory" in flags.what:
            found["memory"] = _memory(flags)
    except (CannotStart, Lost, fanout.GeneratorFailed, memory.RoomsFailed) as error:
        print(error, file=sys.stderr)
        return 1
    if flags.json:
        flags.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m crdtchat.bench", description=__doc__)
    parser.add_argument("what", nargs="*", default=list(WHAT), help=f"of {', '.join(WHAT)}; all")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: rough")
    parser.add_argument("--rounds", type=int, help="repeats of which the median is shown")
    parser.add_argument(
        "--servers",
        type=lambda text: text.split(","),
        default=[CRDTCHAT, PEER],
        help=f"for fanout and memory, joined by commas: {', '.join(NAMES)}",
    )
    flags = parser.parse_args()
    if unknown := [name for name in flags.what if name not in WHAT]:
        parser.error(f"no benchmark is called {unknown[0]!r}")
    if unknown := [name for name in flags.servers if name not in NAMES]:
        parser.error(f"no server is called {unknown[0]!r}")
    return flags


def _operations(quick: bool) -> list[dict[str, Any]]:
    sizes = SIZES[:2] if quick else SIZES
    costs = operations.measure(sizes, operations=512, group=64, rounds=1 if quick else 3)
    print(report.operations(costs), flush=True)
    return [asdict(cost) | {"total_us": cost.total_us} for cost in costs]


def _fanout(flags: argparse.Namespace, idle_fsync_ms: float) -> list[dict[str, Any]]:
    pace = fanout.Pace(rounds=flags.rounds or 3)
    if flags.quick:
        pace = fanout.Pace(warm=0.3, window=1.5, drain=1.0, rounds=flags.rounds or 1)
    rows = fanout.measure(flags.servers, fanout.LOADS, pace, progress=_say)
    print(report.fanout(rows, idle_fsync_ms), flush=True)
    return [asdict(row) for row in rows]


def _memory(flags: argparse.Namespace) -> dict[str, Any]:
    returned = memory.measure_rooms(1_000 if flags.quick else 5_000)
    things: list[memory.PerThing] = []
    for server in flags.servers:
        _say(f"memory of {server}")
        things.append(memory.measure_connections(server, 200 if flags.quick else 1_000))
        things.append(memory.measure_pages(server, 20 if flags.quick else 100, 100))
    print(report.memory(returned, things), flush=True)
    return {"rooms": asdict(returned), "things": [asdict(thing) for thing in things]}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
