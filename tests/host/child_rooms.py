"""Opens and leaves rooms: `python -m tests.host.child_rooms BACKEND DATABASE FIRST MORE`.

Prints resident bytes and Python's objects after the first, which fill the allocator's and the
disk's caches, both after so many more, and how many rooms were let go.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.lowlevel

from crdtchat.host.hub import Hub
from crdtchat.host.keeping import Keeping
from crdtchat.server.memory import find_trim
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync import message
from tests.host.pipe import connected

NOW = 1_700_000_000_000
AT_ONCE = 20
"""They share the disk's work: one by one they would wait for it thousands of times."""


def held() -> tuple[int, int]:
    """Resident bytes of this process, with what is free given back, as the server does; objects.

    Without the names of pages: the store remembers the last few thousand.
    """
    gc.collect()
    trim = find_trim()
    if trim is not None:
        trim(0)
    objects = sum(not isinstance(one, DocumentKey) for one in gc.get_objects())
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), objects


async def main(database: Path, first: int, more: int) -> None:
    """See the module."""
    store = SqliteStore(database)
    await store.open()
    async with Hub(store, keeping=Keeping(grace=0.0)) as hub:

        async def visit(pages: Iterator[int]) -> None:
            for number in pages:
                key = DocumentKey("demo", f"page {number}")
                async with connected(hub, key=key) as ann:
                    await ann.send("a", "anno", ("ann", NOW, "words", "", "", 0, 5))
                    await ann.until(message.Ack)

        async def visit_all(pages: Iterator[int]) -> None:
            async with anyio.create_task_group() as visitors:
                for _ in range(AT_ONCE):
                    visitors.start_soon(visit, pages)
            while hub.rooms():
                await anyio.lowlevel.checkpoint()

        await visit_all(iter(range(first)))
        before = held()
        await visit_all(iter(range(first, first + more)))
        after = held()
        evicted = hub.counters["rooms_evicted"]
    await store.close()
    sys.stdout.write(f"{json.dumps([before, after, evicted])}\n")


if __name__ == "__main__":
    _, loop, database, first, more = sys.argv
    anyio.run(main, Path(database), int(first), int(more), backend=loop)
