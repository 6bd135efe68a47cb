"""CPU of a verified, durable operation, in process and without fan-out.

Everything from the frame to the ack is inside: decode, verify, mirror, queue, group commit into
SQLite on disk, engine, ack. The socket is not.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

import anyio

from crdtchat.bench.records import Writer, build_page
from crdtchat.host.attendance import Attendance
from crdtchat.host.collector import calm_collector
from crdtchat.host.gathering import Gathering
from crdtchat.host.hub import Hub
from crdtchat.stores.base import Append, DocumentKey, Entry, Lease
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync import message
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning

KINDS = ("create", "reply", "edit", "resolve", "react", "delete")
COMMENTS = 5
_USER = "bench"
_NEVER = float("inf")
BY_HAND = Tuning(early=1_000_000, batch=1_000_000)
"""Commits hold exactly what is flushed: pages of all sizes are compared with equal commits."""


@dataclass(frozen=True, slots=True)
class OperationCost:
    """CPU microseconds per operation of one kind on pages of one size, all threads of the process.

    `verify`: decode, judge, mirror, queue; `store`: the store's thread; `apply`: the engine;
    `settle`: the rest of the event loop's thread, from the append to the ack.
    """

    annotations: int
    kind: str
    operations: int
    group: float
    """Operations in one commit."""
    verify_us: float
    store_us: float
    apply_us: float
    settle_us: float
    wall_us: float

    @property
    def total_us(self) -> float:
        """All four."""
        return self.verify_us + self.store_us + self.apply_us + self.settle_us


class Refused(Exception):
    """The room rejected what the benchmark wrote: its records are out of date with the schema."""


def measure(
    sizes: Sequence[int],
    *,
    operations: int,
    group: int,
    rounds: int,
    between: Callable[[], None] = lambda: None,
) -> list[OperationCost]:
    """Cost of each kind of operation for each page size: medians of `rounds`, interleaved.

    `group`: operations in one commit, at most 128. `between` is called before each round. The pages
    are on this disk's temporary folder.
    """
    calm_collector()
    results: list[OperationCost] = []
    for _ in range(rounds):
        between()
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder:
                run = partial(
                    _measure_page_size,
                    Path(folder) / "bench.sqlite3",
                    size,
                    operations,
                    group,
                )
                results += anyio.run(run, backend_options={"use_uvloop": True})
    return [
        _median([one for one in results if (one.annotations, one.kind) == (size, kind)])
        for size in sizes
        for kind in KINDS
    ]


def _median(results: Sequence[OperationCost]) -> OperationCost:
    first = results[0]

    def middle(read: Callable[[OperationCost], float]) -> float:
        return statistics.median(read(one) for one in results)

    return OperationCost(
        first.annotations,
        first.kind,
        first.operations,
        middle(lambda one: one.group),
        middle(lambda one: one.verify_us),
        middle(lambda one: one.store_us),
        middle(lambda one: one.apply_us),
        middle(lambda one: one.settle_us),
        middle(lambda one: one.wall_us),
    )


async def _measure_page_size(
    file: Path, annotations: int, operations: int, group: int
) -> list[OperationCost]:
    """Spread the operations over so many pages that none grows much."""
    pages = max(1, min(8, operations * 2 // annotations))
    store = SqliteStore(file)
    await store.open()
    try:
        async with Hub(store, tuning=BY_HAND) as hub:
            seats = [await Seat.take(hub, f"page {number}", annotations) for number in range(pages)]
            share = operations // pages
            return [
                await _measure_kind(hub, seats, annotations, kind, share, group) for kind in KINDS
            ]
    finally:
        await store.close()


class Seat:
    """One open page and one v1 session that writes on it."""

    def __init__(self, hub: Hub, room: Gathering, number: int, attendance: Attendance) -> None:
        self.hub = hub
        self.room = room
        self.number = number
        self.attendance = attendance
        self.acknowledged = 0
        self.verify_seconds = 0.0
        self.receive([message.encode_resync(0, 0, b"\x00")])
        client = clock = 0
        for frame in attendance.outbox.take():
            decoded = message.decode_from_server(frame)
            if isinstance(decoded, message.Welcome):
                client, clock = int(str(decoded.info["client"])), int(str(decoded.info["clock"]))
        self.writer = Writer(client, _USER, clock, seed=client)

    @classmethod
    async def take(cls, hub: Hub, page: str, annotations: int) -> Seat:
        """Write the page into the store, open it, join, and warm up with one operation."""
        key = DocumentKey("demo", page)
        now = hub.sources.now().wall
        update, writers = build_page(annotations, COMMENTS, now)
        entry = Entry(update, writers[0].user, now)
        leases = tuple(Lease(writer.client, writer.user) for writer in writers)
        await hub.store.append([Append(key, 1, 0, (entry,), leases)])
        room = await hub.open(key)
        peer = Peer(_USER, "Bench", "commenter", may_comment=True, may_moderate=False)
        number, effects = room.room.join(peer, v1=True, nonce="bench", now=hub.sources.now())
        attendance = room.attend(number)
        room.perform(effects)
        seat = cls(hub, room, number, attendance)
        await seat.run([seat.frame(seat.writer.create(now), 0)], 1)
        return seat

    def frame(self, update: bytes, number: int) -> bytes:
        """An operation message."""
        return message.encode_operation(number.to_bytes(16, "big"), update)

    def receive(self, frames: Sequence[bytes]) -> None:
        """What the connection's reader does."""
        start = time.thread_time()
        for frame in frames:
            effects = self.room.room.receive(self.number, frame, self.hub.sources.now())
            self.room.perform(effects)
        self.verify_seconds += time.thread_time() - start

    def offer(self, frame: bytes) -> None:
        """Receive a frame whose operation waits for `room.flush()`."""
        self.room.room.ledger.next_flush = _NEVER
        self.receive([frame])

    async def wait(self) -> None:
        """Until nothing waits and nothing is on its way to the disk. Raises Refused."""
        with anyio.fail_after(30):
            while self.room.room.busy:
                await self.room.progress.wait()
        self._read()

    async def run(self, frames: Sequence[bytes], group: int) -> None:
        """Offer the frames, `group` in each commit, until all are acknowledged. Raises Refused."""
        wanted = self.acknowledged + len(frames)
        for begin in range(0, len(frames), group):
            self.room.room.ledger.next_flush = _NEVER
            self.receive(frames[begin : begin + group])
            self.room.flush()
            await self.wait()
        if self.acknowledged != wanted:
            raise Refused(f"{wanted - self.acknowledged} operations were not acknowledged")

    def _read(self) -> None:
        for frame in self.attendance.outbox.take():
            if frame[0] == message.MessageType.ACK:
                decoded = message.decode_from_server(frame)
                assert isinstance(decoded, message.Ack)
                self.acknowledged += len(decoded.broadcast_ids)
            elif frame[0] == message.MessageType.REJECT:
                raise Refused(str(message.decode_from_server(frame)))


def _updates(writer: Writer, kind: str, count: int, now: int) -> list[bytes]:
    """`count` operations of one kind; the kinds come in the order of `KINDS`."""
    newest = writer.annotations[-count:]
    comments = writer.comments[-count:]
    match kind:
        case "create":
            return [writer.create(now) for _ in range(count)]
        case "reply":
            return [writer.reply(aid, now) for aid in newest]
        case "edit":
            return [writer.edit(comment, now) for comment in comments]
        case "resolve":
            return [writer.resolve(aid, now) for aid in newest]
        case "react":
            return [writer.react(comment) for comment in comments]
        case _:
            return [writer.delete(comment, now) for comment in comments]


async def _measure_kind(
    hub: Hub, seats: Sequence[Seat], annotations: int, kind: str, count: int, group: int
) -> OperationCost:
    now = hub.sources.now().wall
    work = [
        [seat.frame(update, number) for number, update in enumerate(updates)]
        for seat in seats
        for updates in [_updates(seat.writer, kind, count, now)]
    ]
    operations = count * len(seats)
    appends = hub.counters["appends"]
    apply_seconds = 0.0

    def timed(apply: Callable[[bytes], None], update: bytes) -> None:
        nonlocal apply_seconds
        start = time.thread_time()
        apply(update)
        apply_seconds += time.thread_time() - start

    gc.collect()
    for seat in seats:
        seat.verify_seconds = 0.0
    loop, cpu, wall = time.thread_time(), time.process_time(), time.perf_counter()
    for seat, frames in zip(seats, work, strict=True):
        replica = seat.room.replica
        with patch.object(replica, "apply", partial(timed, replica.apply)):
            await seat.run(frames, group)
    loop = time.thread_time() - loop
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    verify_seconds = sum(seat.verify_seconds for seat in seats)
    scale = 1e6 / operations
    return OperationCost(
        annotations,
        kind,
        operations,
        operations / (hub.counters["appends"] - appends),
        verify_seconds * scale,
        (cpu - loop) * scale,
        apply_seconds * scale,
        (loop - verify_seconds - apply_seconds) * scale,
        wall * scale,
    )
