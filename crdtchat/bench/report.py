"""The tables, as Markdown, with pass or short beside every target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crdtchat.bench.fanout import WRITERS, FanOut
from crdtchat.bench.memory import PerThing
from crdtchat.bench.operations import OperationCost
from crdtchat.bench.rooms import Returned
from crdtchat.bench.servers import CRDTCHAT, CRDTCHAT_V1, PEER

OPERATION_US = 60.0
"""Target: CPU of an operation without fan-out."""
FLAT = 0.20
"""Target: how far the cost may vary with the size of the page."""
FAN_OUT_RATIO = 10.0
"""Target at 1,000 operations/s: delivered updates per CPU second against the peer."""
RETURN = 0.10
"""Target: how far memory may stay above the start."""
MEMORY_RATIO = 0.5
"""Target: memory of a connection and of a page against the peer."""
_OURS = (CRDTCHAT, CRDTCHAT_V1)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, rows), ""])


def machine(found: Mapping[str, Any]) -> str:
    """One line."""
    facts = found["machine"]
    return (
        f"{facts['cores']} cores of {facts['processor']}, {facts['system']}, "
        f"Python {facts['python']}; one fsync takes {found['fsync_ms']:.2f} ms in a row, "
        f"{found['idle_fsync_ms']:.2f} ms after a pause\n"
    )


def operations(costs: Sequence[OperationCost]) -> str:
    """CPU of an operation, by kind and page size."""
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
            _verdict(cost.total_us <= OPERATION_US),
        ]
        for cost in costs
    ]
    head = ["operation", "annotations", "verify us", "store us", "apply us"]
    head += ["queue+ack us", "CPU us", "wall us", "per commit", f"<= {OPERATION_US:.0f}"]
    lines = [table(head, rows)]
    for kind in dict.fromkeys(cost.kind for cost in costs):
        totals = [cost.total_us for cost in costs if cost.kind == kind]
        spread = max(totals) / min(totals) - 1
        lines.append(f"{kind}: varies by {spread:.0%} over page size: {_verdict(spread <= FLAT)}")
    return "\n".join([*lines, ""])


def fanout(rows: Sequence[FanOut], idle_fsync_ms: float) -> str:
    """Our server and the peer, load by load, and the two targets."""
    head = ["load", "server", "CPU us/delivered", "delivered/CPU s", "delivered/s", "offered/s"]
    head += ["per frame", "p50 ms", "p99 ms", "lost", "generator", "others"]
    cells = [
        [
            str(row.load),
            row.server,
            f"{row.cpu_us:.2f}",
            f"{row.per_cpu_second:,.0f}",
            f"{row.delivered_per_second:,.0f}",
            f"{row.offered_per_second:,.0f}",
            f"{row.per_frame:.1f}",
            _latency(row, row.p50_ms),
            _latency(row, row.p99_ms),
            f"{row.lost:.1%}",
            f"{row.generator_share:.2f}",
            f"{row.others_share:.2f}",
        ]
        for row in sorted(rows, key=lambda row: (row.load.rate, row.server))
    ]
    lines = [table(head, cells)]
    lines.append(
        f"Page x readers at operations per second, {WRITERS} stock writers; medians of "
        f"{rows[0].runs if rows else 0} interleaved runs. generator, others: cores used by the "
        "load generator and by everything else on the machine meanwhile; lost: not there "
        "seconds later."
    )
    for row in rows:
        if row.generator_share > 0.8:
            lines.append(f"The generator was the limit: {row.server}, {row.load}.")
        lines += [f"Connections ended, {row.server}, {row.load}: {end}" for end in row.closed]
    return "\n".join([*lines, *_fanout_targets(rows, idle_fsync_ms), ""])


def _fanout_targets(rows: Sequence[FanOut], idle_fsync_ms: float) -> list[str]:
    lines: list[str] = []
    peers = {row.load: row for row in rows if row.server == PEER}
    for row in rows:
        peer = peers.get(row.load)
        if row.server not in _OURS or peer is None:
            continue
        ratio = row.per_cpu_second / max(1.0, peer.per_cpu_second)
        line = f"{row.server}, {row.load}: {ratio:.1f} x the peer's delivered updates per CPU s"
        if row.load.rate >= 1_000:
            line += f": {_verdict(ratio >= FAN_OUT_RATIO)}"
        if row.load.readers <= 10:
            allowed = peer.p50_ms + idle_fsync_ms
            line += f"; p50 {row.p50_ms:.2f} ms, allowed {allowed:.2f}: "
            line += _verdict(row.p50_ms <= allowed)
        lines.append(line)
    return lines


def memory(returned: Returned, things: Sequence[PerThing]) -> str:
    """Rooms that came and went, and what each thing holds."""
    kept = returned.end / returned.warm - 1 if returned.warm else 0.0
    lines = [
        f"{returned.rooms:,} rooms opened and left: {_mib(returned.start)} at the start, "
        f"{_mib(returned.warm)} after the first 500, {_mib(returned.peak)} at most, "
        f"{_mib(returned.end)} at the end ({kept:+.0%}, {returned.left} rooms left): "
        f"{_verdict(kept <= RETURN and not returned.left)}",
        "",
    ]
    peers = {thing.thing: thing.bytes_each for thing in things if thing.server == PEER}
    cells = [
        [
            thing.thing,
            thing.server,
            f"{thing.count:,}",
            f"{thing.bytes_each / 1024:,.1f}",
            _memory_target(thing, peers.get(thing.thing)),
        ]
        for thing in things
    ]
    lines.append(table(["what", "server", "of them", "KiB each", "target"], sorted(cells)))
    return "\n".join(lines)


def _memory_target(thing: PerThing, peer: float | None) -> str:
    if peer is None or thing.server not in _OURS:
        return ""
    most = MEMORY_RATIO * peer
    return f"<= {most / 1024:,.1f}: {_verdict(thing.bytes_each <= most)}"


def _latency(row: FanOut, value: float) -> str:
    return f"{value:,.1f}" if row.lost < 1 else "-"


def _mib(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MiB"


def _verdict(passed: bool) -> str:
    return "pass" if passed else "short"
