"""`python -m crdtchat.bench [ROW ...]`: the suite beside its peers; other commands by name."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crdtchat.bench import capacity, curves, node_peers, operations, report, rooms, suite, yroom
from crdtchat.bench.client import Lost
from crdtchat.bench.effort import FULL, QUICK
from crdtchat.bench.generator import GeneratorFailed
from crdtchat.bench.machine import describe, fsync_seconds
from crdtchat.bench.rows import ROWS
from crdtchat.bench.servers import NAMES, CannotStart, has_pycrdt_websocket, require
from crdtchat.bench.tables import put

SIZES = (100, 1_000, 10_000)
_PAUSE = 0.05
"""Seconds between the fsyncs that stand for those at low load."""


def main() -> int:
    """Exit status: 0 if everything was measured, whatever came out."""
    commands: dict[str, Callable[[Sequence[str]], None]] = {
        "setup": _setup,
        "operations": _operations,
        "leaving": _leaving,
        "curves": _curves,
        "capacity": _capacity,
    }
    words = sys.argv[1:]
    command = commands.get(words[0]) if words else None
    try:
        if command is None:
            _suite(words)
        else:
            command(words[1:])
    except (CannotStart, Lost, GeneratorFailed, rooms.RoomsFailed, node_peers.SetupFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _suite(words: Sequence[str]) -> None:
    parser = _parser(
        "",
        "The suite: every target beside its peers. Other commands: setup (installs the peers that "
        "run on Node), operations (what one costs, in process), leaving (memory of rooms that "
        "come and go), curves (cost against pages, readers and rooms), capacity (cores and memory "
        "for a load).",
    )
    known = ", ".join(row.name for row in ROWS)
    parser.add_argument("rows", nargs="*", help=f"of {known}; all")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work at all?")
    parser.add_argument("--rounds", type=int, default=2, help="repeats of which the median is told")
    parser.add_argument(
        "--markdown", type=Path, help="put the tables into this file's place for them"
    )
    parser.add_argument(
        "--servers",
        type=lambda text: text.split(","),
        default=list(NAMES),
        help=f"joined by commas: {', '.join(NAMES)}",
    )
    flags = parser.parse_args(words)
    try:
        rows = suite.find_rows(flags.rows)
    except KeyError as error:
        parser.error(f"no row is called {error}")
    if unknown := [name for name in flags.servers if name not in NAMES]:
        parser.error(f"no server is called {unknown[0]!r}")
    for name in flags.servers:
        require(name)
    found = _machine()
    rounds = 1 if flags.quick else flags.rounds
    outcome = suite.measure(rows, flags.servers, QUICK if flags.quick else FULL, rounds, _say)
    lines = suite.lines(outcome, rows, found["idle_fsync_ms"])
    found["rows"] = [
        {"name": line.row.name, "work": line.work, "unit": line.row.unit, "ours": line.ours}
        | {"servers": line.servers, "best": line.best, "bound": line.bound, "holds": line.holds}
        for line in lines
    ]
    found["runs"] = [
        {"scenario": scenario, "server": server, "figures": [asdict(run) for run in runs]}
        for (scenario, server), runs in outcome.found.items()
    ]
    text = report.suite(lines, outcome, rounds)
    print(text, flush=True)
    if flags.markdown:
        put(flags.markdown, "suite", f"{report.machine(found)}\n{text}")
    _keep(flags.json, found)


def _setup(words: Sequence[str]) -> None:
    _parser("setup", "Install the peers that run on Node into a cache folder.").parse_args(words)
    print(f"the peers are in {node_peers.install()}")


def _operations(words: Sequence[str]) -> None:
    parser = _parser("operations", "What one verified, durable operation costs, in process.")
    parser.add_argument("--quick", action="store_true", help="two sizes, once")
    flags = parser.parse_args(words)
    found = _machine()
    sizes, rounds = (SIZES[:2], 1) if flags.quick else (SIZES, 3)
    peer: list[float] = []

    def measure_peer() -> None:
        if has_pycrdt_websocket():
            peer.append(yroom.measure(sizes[1], operations=2_048, group=64))

    costs = operations.measure(sizes, operations=512, group=64, rounds=rounds, between=measure_peer)
    room_us = statistics.median(peer) if peer else None
    print(report.operations(costs, room_us), flush=True)
    found["operations"] = [asdict(cost) | {"total_us": cost.total_us} for cost in costs]
    found["room_us"] = room_us
    _keep(flags.json, found)


def _leaving(words: Sequence[str]) -> None:
    parser = _parser("leaving", "Memory of rooms that are opened, written in and left.")
    parser.add_argument("--rooms", type=int, default=5_000)
    flags = parser.parse_args(words)
    found = _machine()
    returned = rooms.measure_apart(flags.rooms)
    print(report.returned(returned), flush=True)
    found["leaving"] = asdict(returned)
    _keep(flags.json, found)


def _curves(words: Sequence[str]) -> None:
    parser = _parser("curves", "CPU against the page's records, its readers, and open rooms.")
    parser.add_argument("--svg", type=Path, help="draw them into this file (needs matplotlib)")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--markdown", type=Path, help="put the table into this file's place for it")
    flags = parser.parse_args(words)
    found = _machine()
    drawn = curves.measure(rounds=flags.rounds, progress=_say)
    text = report.curves(drawn)
    print(text, flush=True)
    if flags.svg:
        curves.draw(drawn, flags.svg)
    if flags.markdown:
        put(flags.markdown, "curves", f"{report.machine(found)}\n{text}")
    found["curves"] = curves.as_json(drawn)
    _keep(flags.json, found)


def _capacity(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m crdtchat.bench capacity", description="Cores and memory for a load."
    )
    parser.add_argument("--viewers", type=int, required=True, help="connections, on all pages")
    parser.add_argument("--comments", type=float, required=True, help="a minute, on all pages")
    parser.add_argument("--pages", type=int, default=1, help="open at the same time")
    parser.add_argument("--annotations", type=int, default=100, help="of each page")
    parser.add_argument(
        "--figures", type=Path, help="a run's --json: its cost of a delivery instead of ours"
    )
    flags = parser.parse_args(words)
    constants = capacity.Constants()
    if flags.figures:
        constants = capacity.Constants.fitted(json.loads(flags.figures.read_text()))
    found = capacity.need(
        constants,
        viewers=flags.viewers,
        comments=flags.comments,
        pages=flags.pages,
        annotations=flags.annotations,
    )
    print(capacity.tell(found), end="")


def _parser(command: str, about: str) -> argparse.ArgumentParser:
    name = f"python -m crdtchat.bench {command}".strip()
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def _machine() -> dict[str, Any]:
    found: dict[str, Any] = {
        "machine": describe(),
        "fsync_ms": fsync_seconds() * 1e3,
        "idle_fsync_ms": fsync_seconds(pause=_PAUSE) * 1e3,
    }
    print(report.machine(found), flush=True)
    return found


def _keep(file: Path | None, found: dict[str, Any]) -> None:
    if file:
        file.write_text(json.dumps(found, indent=1) + "\n")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
