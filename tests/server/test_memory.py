"""Memory that is free goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import anyio
import anyio.from_thread
import pytest

from crdtchat.server import memory
from crdtchat.server.doors import Doors

# Every hundredth of many pieces stays: what is free between them lies scattered.
CHILD = """
import os
from crdtchat.server.memory import find_trim
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
pieces = [bytes(20_000) for _ in range(5_000)]
kept = pieces[::100]
del pieces
before = resident()
find_trim()(0)
print(before - resident())
"""


# The first makes glibc keep the others where the small ones are, each of which stays.
LARGE_CHILD = """
import os
from crdtchat.server.memory import LARGE, keep_large_apart
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
assert keep_large_apart()
first = b"x" * 20_000_000
del first
pairs = [(b"x" * 2 * LARGE, b"x" * 600) for _ in range(100)]
kept = [small for _, small in pairs]
before = resident()
del pairs
print(before - resident())
"""


@pytest.mark.parametrize("child", [CHILD, LARGE_CHILD])
def test_what_is_free_goes_back(child: str) -> None:
    ran = subprocess.run([sys.executable, "-c", child], check=True, capture_output=True, text=True)
    assert int(ran.stdout) > 50_000_000


async def test_it_is_asked_for_once_many_have_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    doors, trimmed = Doors(), anyio.Event()
    asked: list[int] = []

    def trim(pad: int) -> int:
        asked.append(doors.left)
        anyio.from_thread.run_sync(trimmed.set)
        return 1

    monkeypatch.setattr(memory, "find_trim", lambda: trim)
    monkeypatch.setattr(memory, "PERIOD_S", 0.001)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(memory.give_memory_back, doors)
        await anyio.wait_all_tasks_blocked()
        for number in range(memory.MANY):
            arrival = doors.arrive(f"10.0.0.{number % 250}")
            assert arrival is not None
            arrival.leave()
        await trimmed.wait()
        tasks.cancel_scope.cancel()
    assert asked == [memory.MANY]
