"""Gives memory back to the system: at once what is large, the rest once many connections have gone.

glibc gives a large buffer a mapping of its own, until one was freed: from then on buffers of that
size lie between small ones, where what they leave free is not given back while any of these lives.
On a busy page, where what readers miss is up to 12 MB, that was 12 MB of 62, and 17 more where some
read slowly.

What a flood of connections took stays for a while when they are gone: some of it in cycles that
Python looks for seldom here (`crdtchat.host.collector`), and what is free the C library keeps.
Measured over floods of 1,000 connections, one after another: 58 MB, then 84, 94 and 100; with this
65, 65 and 66.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable

import anyio
from anyio.to_thread import run_sync

from crdtchat.server.doors import Doors

PERIOD_S = 10.0
LARGE = 262_144
"""Bytes of a buffer that has a mapping of its own, always."""
_M_MMAP_THRESHOLD = -3
"""malloc.h"""
MANY = 256
"""Connections that went since the last time."""


async def give_memory_back(doors: Doors) -> None:
    """Look now and then, until cancelled; where the C library cannot, return."""
    trim = find_trim()
    if trim is None:
        return
    left = doors.left
    while True:
        await anyio.sleep(PERIOD_S)
        if doors.left - left >= MANY:
            left = doors.left
            # The young ones only: an old generation is the pages that are open, and large.
            # What is open is old from now on, so no connection may leave a cycle (tests hold
            # it to that).
            gc.collect(1)
            await run_sync(trim, 0)


def keep_large_apart() -> bool:
    """Settle what is large, for the whole process; False where the C library is not glibc."""
    if find_trim() is None:
        return False
    return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE))


def find_trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`, which no other C library has or needs."""
    if sys.platform != "linux":
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
