"""What was measured, as text: Markdown tables, each target with whether it holds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from crdtchat.bench.curves import Curve
from crdtchat.bench.operations import OperationCost
from crdtchat.bench.rooms import Returned
from crdtchat.bench.rows import Held, Row
from crdtchat.bench.suite import Line, Outcome
from crdtchat.bench.tables import table

OPERATION_US = 60.0
"""Target: CPU of an operation without fan-out."""
FLAT = 0.20
"""Target: how far the cost may vary with the size of the page."""
RETURN = 0.10
"""Target: how far memory may stay above the start."""


def machine(found: Mapping[str, Any]) -> str:
    """One line."""
    facts = found["machine"]
    return (
        f"{facts['cores']} cores of {facts['processor']}, {facts['system']}, "
        f"Python {facts['python']}, Node {facts['node']}; one fsync takes "
        f"{found['fsync_ms']:.2f} ms in a row, {found['idle_fsync_ms']:.2f} ms after a pause; "
        f"load average at the start {facts['load']:.1f}.\n"
    )


def suite(lines: Sequence[Line], outcome: Outcome, rounds: int) -> str:
    """All rows with their targets, then every server's figures, then what to know about them."""
    held = [
        [
            line.work,
            _number(line.ours, line.row.unit),
            "" if line.best is None else f"{_number(line.best[1], line.row.unit)} ({line.best[0]})",
            "" if line.ratio is None else f"{line.ratio:.2f}",
            target(line.row),
            verdict(line.holds),
        ]
        for line in lines
    ]
    head = ["work", "crdtchat", "best peer", "ratio", "target", ""]
    parts = [table(head, held), f"Medians of {rounds} interleaved rounds; {_shares(outcome)}\n"]
    names = list(dict.fromkeys(name for line in lines for name in line.servers))
    every = [
        [line.row.name, line.row.unit, *(_plain(line.servers.get(name)) for name in names)]
        for line in lines
    ]
    parts.append(table(["row", "unit", *names], every))
    parts += [f"- {note}" for note in _notes(lines)]
    return "\n".join([*parts, ""])


def target(row: Row) -> str:
    """In a few characters."""
    match row.held:
        case Held.MOST:
            return f"<= {row.target:g} x"
        case Held.LEAST:
            return f">= {row.target:g} x"
        case Held.FSYNC:
            return "<= peer + fsync"
        case Held.BOUND:
            return f"<= {row.target:g} {row.unit}"


def _notes(lines: Sequence[Line]) -> list[str]:
    """Noted by row and server; a scenario's notes once."""
    found: dict[tuple[str, str, str], None] = {}
    for line in lines:
        for server, notes in line.notes.items():
            found.update(dict.fromkeys((line.row.scenario, server, note) for note in notes))
    return [f"{scenario}, {server}: {note}." for scenario, server, note in found]


def _shares(outcome: Outcome) -> str:
    """How far the generator and others were in the way."""
    runs = [run for found in outcome.found.values() for run in found if run.generator]
    if not runs:
        return "no load generator was used."
    others = statistics.median(run.others for run in runs)
    limits = [
        f"{scenario}, {server}"
        for (scenario, server), found in outcome.found.items()
        if statistics.median(run.generator for run in found) > 0.8
    ]
    text = f"everything else on the machine used {others:.2f} cores in the median."
    if limits:
        text += f" The load generator was the limit of: {'; '.join(limits)}."
    return text


def operations(costs: Sequence[OperationCost], room_us: float | None) -> str:
    """CPU of an operation, by kind and page size, beside an update in pycrdt-websocket's room."""
    rows = [
        [
            cost.kind,
            f"{cost.annotations:,}",
            f"{cost.verify_us:.1f}",
            f"{cost.store_us:.1f}",
            f"{cost.apply_us:.1f}",
            f"{cost.settle_us:.1f}",
            f"{cost.total_us:.1f}",
            f"{cost.wall_us:.1f}",
            f"{cost.group:.0f}",
            verdict(cost.total_us <= OPERATION_US),
        ]
        for cost in costs
    ]
    head = ["operation", "annotations", "verify us", "store us", "apply us"]
    head += ["queue+ack us", "CPU us", "wall us", "per commit", f"<= {OPERATION_US:.0f}"]
    lines = [table(head, rows)]
    for kind in dict.fromkeys(cost.kind for cost in costs):
        totals = [cost.total_us for cost in costs if cost.kind == kind]
        spread = max(totals) / min(totals) - 1
        line = f"{kind}: varies by {spread:.0%} over page size: {verdict(spread <= FLAT)}"
        if room_us:
            line += f"; {max(totals) / room_us:.2f} of the peer's update at most"
        lines.append(line)
    peer = "an update in pycrdt-websocket's room, in memory and to two clients:"
    lines.append(f"{peer} {room_us:.1f} us" if room_us else f"{peer} it is not installed")
    return "\n".join([*lines, ""])


def curves(found: Sequence[Curve]) -> str:
    """CPU microseconds at each size, and how far the largest is from the smallest."""
    rows = []
    for curve in found:
        costs = [cost for _, cost in curve.points]
        cells = [f"{count:,}: {cost:.1f}" for count, cost in curve.points]
        rows.append([curve.against, curve.name, *cells, f"{costs[-1] / costs[0]:.2f}"])
    steps = max(len(curve.points) for curve in found)
    head = ["against", "CPU us of a", *["size: cost"] * steps, "last / first"]
    return table(head, rows)


def returned(found: Returned) -> str:
    """Rooms that came and went."""
    kept = found.end / found.warm - 1 if found.warm else 0.0
    return (
        f"{found.rooms:,} rooms opened and left: {_mib(found.start)} at the start, "
        f"{_mib(found.warm)} after the first 500, {_mib(found.peak)} at most, "
        f"{_mib(found.end)} at the end ({kept:+.0%}, {found.left} rooms left): "
        f"{verdict(kept <= RETURN and not found.left)}\n"
    )


def verdict(holds: bool | None) -> str:
    """One word."""
    return "-" if holds is None else "pass" if holds else "**short**"


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{_plain(value)} {unit}"


def _plain(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"
