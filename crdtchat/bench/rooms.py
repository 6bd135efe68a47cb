"""Thousands of rooms opened, written in and left: does their memory come back?

A process of its own, so that the figures are its alone: `python -m crdtchat.bench.rooms ROOMS`
prints a `Returned` as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import anyio

from crdtchat.bench.machine import resident_bytes
from crdtchat.bench.records import Writer
from crdtchat.host.gathering import Gathering
from crdtchat.host.hub import Hub
from crdtchat.host.keeping import Keeping
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync import message
from crdtchat.sync.session import Peer

AT_ONCE = 500
"""Rooms open at the same time."""
GRACE = 0.2
"""Seconds an unused room stays."""
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Returned:
    """Resident bytes of the process around its rooms."""

    rooms: int
    start: int
    """When the hub ran, before the first room."""
    warm: int
    """After the first `AT_ONCE` rooms were opened and evicted: caches, threads and modules."""
    peak: int
    """The most that was seen while rooms were open."""
    end: int
    """After all were evicted."""
    left: int
    """Rooms still in memory at the end."""


class RoomsFailed(Exception):
    """The process that opens rooms ended without a result."""


def measure_apart(rooms: int) -> Returned:
    """Measure in a process of its own. Raises RoomsFailed."""
    done = subprocess.run(
        [sys.executable, "-m", "crdtchat.bench.rooms", str(rooms)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RoomsFailed(done.stderr.strip()[-500:])
    return Returned(**json.loads(done.stdout))


async def measure(rooms: int, folder: str) -> Returned:
    """Open `rooms` pages in portions of `AT_ONCE`; each gets one annotation over a session."""
    store = SqliteStore(Path(folder) / "rooms.sqlite3")
    await store.open()
    try:
        async with Hub(store, keeping=Keeping(grace=GRACE)) as hub:
            start, warm, peak = _resident(), 0, 0
            for begin in range(0, rooms, AT_ONCE):
                count = min(AT_ONCE, rooms - begin)
                opened = [await _visit(hub, f"page {begin + number}") for number in range(count)]
                peak = max(peak, _resident())
                for room, session in opened:
                    room.leave(session)
                del opened
                await _wait_until_evicted(hub)
                warm = warm or _resident()
            return Returned(rooms, start, warm, peak, _resident(), len(hub.rooms()))
    finally:
        await store.close()


async def _visit(hub: Hub, page: str) -> tuple[Gathering, int]:
    """Join, write, wait until it is committed; answer the room and the session's number."""
    room = await hub.open(DocumentKey("demo", page))
    now = hub.sources.now()
    peer = Peer("bench", "Bench", "commenter", may_comment=True, may_moderate=False)
    session, effects = room.room.join(peer, v1=True, nonce="bench", now=now)
    attendance = room.attend(session)
    room.perform(effects)
    # A page nobody has written on leases its first id, 2.
    update = Writer(2, "bench").create(now.wall)
    for frame in (
        message.encode_resync(0, 0, b"\x00"),
        message.encode_operation(bytes(16), update),
    ):
        room.perform(room.room.receive(session, frame, hub.sources.now()))
    while room.room.busy:
        await room.progress.wait()
    frames = attendance.outbox.take()
    if not any(frame[0] == message.MessageType.ACK for frame in frames):
        raise AssertionError("the page's annotation was not acknowledged")
    return room, session


async def _wait_until_evicted(hub: Hub) -> None:
    with anyio.move_on_after(PATIENCE):
        while hub.rooms():  # noqa: ASYNC110 - the hub's housekeeping is what is waited for
            await anyio.sleep(GRACE / 2)


def _resident() -> int:
    gc.collect()
    return resident_bytes(os.getpid())


def main() -> int:
    """Measure; the only argument is how many rooms."""
    with tempfile.TemporaryDirectory(prefix="crdtchat-bench-") as folder:
        returned = anyio.run(partial(measure, int(sys.argv[1]), folder))
    json.dump(asdict(returned), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
