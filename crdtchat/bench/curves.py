"""How the cost of an operation grows with the page, its readers and the number of rooms."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from crdtchat.bench import fanout, operations
from crdtchat.bench.effort import Effort
from crdtchat.bench.machine import allow_files
from crdtchat.bench.servers import CRDTCHAT
from crdtchat.host.collector import calm_collector
from crdtchat.host.hub import Hub
from crdtchat.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RECORDS = (100, 1_000, 10_000, 100_000)
READERS = (10, 100, 1_000, 5_000)
ROOMS = (10, 100, 1_000, 10_000)
KINDS = ("create", "reply", "delete")
_RECORDS_EACH = 1 + operations.COMMENTS
_RATE = 5
"""Operations a second on the page that readers watch: the generator keeps up with 5,000."""
_GROUP = 64
_OPERATIONS = 1_024


@dataclass(frozen=True, slots=True)
class Curve:
    """CPU microseconds of an operation."""

    against: str
    name: str
    points: list[tuple[int, float]]


def measure(
    records: Sequence[int] = RECORDS,
    readers: Sequence[int] = READERS,
    rooms: Sequence[int] = ROOMS,
    *,
    rounds: int = 1,
    window: float = 5.0,
    progress: Callable[[str], None] = lambda line: None,
) -> list[Curve]:
    """All three; readers are watched for `window` seconds. Raises CannotStart, GeneratorFailed."""
    progress("cost against the page's records")
    costs = operations.measure(
        [max(1, count // _RECORDS_EACH) for count in records],
        operations=512,
        group=_GROUP,
        rounds=rounds,
    )
    found = [
        Curve(
            "records",
            kind,
            list(zip(records, [cost.total_us for cost in costs if cost.kind == kind], strict=True)),
        )
        for kind in KINDS
    ]
    found.append(Curve("readers", "per delivery", []))
    allow_files(max(readers) + 200)
    for count in readers:
        progress(f"cost against readers: {count}")
        effort = replace(Effort(), warm=1.0, window=window, readers=count)
        figures = fanout.one_page(CRDTCHAT, effort, 1, _RATE)
        found[-1].points.append((count, figures.values["cpu_us"]))
    found.append(Curve("rooms", "create", []))
    for count in rooms:
        progress(f"cost against rooms: {count}")
        found[-1].points.append((count, measure_rooms(count)))
    return found


def measure_rooms(count: int) -> float:
    """CPU microseconds of an operation when they go to open rooms in turn."""
    calm_collector()
    with tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder:
        run = partial(_measure_rooms, Path(folder) / "rooms.sqlite3", count)
        return anyio.run(run, backend_options={"use_uvloop": True})


async def _measure_rooms(file: Path, count: int) -> float:
    store = SqliteStore(file)
    await store.open()
    try:
        async with Hub(store, tuning=operations.BY_HAND) as hub:
            seats = [
                await operations.Seat.take(hub, f"page {number}", 1) for number in range(count)
            ]
            start = time.process_time()
            for begin in range(0, _OPERATIONS, _GROUP):
                chosen = [seats[number % count] for number in range(begin, begin + _GROUP)]
                await _write(hub, chosen)
            return (time.process_time() - start) / _OPERATIONS * 1e6
    finally:
        await store.close()


async def _write(hub: Hub, seats: Sequence[operations.Seat]) -> None:
    """One operation for each, in one commit."""
    now = hub.sources.now().wall
    for seat in seats:
        seat.offer(seat.frame(seat.writer.create(now), 0))
    distinct = list(dict.fromkeys(seats))
    for seat in distinct:
        seat.room.flush()
    for seat in distinct:
        await seat.wait()


def draw(curves: Sequence[Curve], file: Path) -> None:
    """An SVG of three pictures on white, so that it can be read in light and dark."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "crdtchat"
    from matplotlib import pyplot as plt

    kinds = list(dict.fromkeys(curve.against for curve in curves))
    figure, axes = plt.subplots(1, len(kinds), figsize=(11, 3.4), facecolor="white")
    for axis, against in zip(axes, kinds, strict=True):
        _draw_one(axis, against, [curve for curve in curves if curve.against == against])
    figure.tight_layout()
    figure.savefig(file, facecolor="white", metadata={"Date": None})
    plt.close(figure)


def _draw_one(axis: Axes, against: str, curves: Sequence[Curve]) -> None:
    for curve in curves:
        axis.plot(
            [count for count, _ in curve.points],
            [cost for _, cost in curve.points],
            marker="o",
            label=curve.name,
        )
    axis.set_xscale("log")
    axis.set_ylim(bottom=0)
    axis.set_xlabel({"records": "records of the page", "rooms": "open rooms"}.get(against, against))
    axis.set_ylabel("CPU µs per " + ("delivery" if against == "readers" else "operation"))
    axis.grid(visible=True, alpha=0.3)
    axis.legend(frameon=False)


def as_json(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """For the figures' file."""
    return [asdict(curve) for curve in curves]
