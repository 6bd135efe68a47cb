"""Measure the SQLite store on this machine: `python tests/stores/measure_sqlite.py [DIRECTORY]`.

CPU is the whole process's (event loop and writer thread), wall is what the caller waits; both in
microseconds per entry. The fsync of an empty append to a file is printed to compare with.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from crdtchat.stores.base import Append, DocumentKey, Entry
from crdtchat.stores.sqlite import SqliteStore

DOCUMENTS = 2_000
HISTORY = 10  # entries of each document before measuring
ENTRIES = 6_400  # per measurement, at most
COMMITS = 400  # per measurement, at most

chance = random.Random(1)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def some_entry() -> Entry:
    """Of a size that annotations, replies and reactions have."""
    update = chance.randbytes(chance.choice((40, 150, 471)))
    return Entry(update, "user-1234", 1_700_000_000_000, chance.randbytes(16))


class Log:
    """Documents and where their logs end."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        keys = [DocumentKey("demo", f"https://example.org/articles/{n}") for n in range(DOCUMENTS)]
        self.ends = dict.fromkeys(keys, 0)
        self.keys = keys

    def appends(self, keys: list[DocumentKey], count: int) -> list[Append]:
        made = [
            Append(key, 1, self.ends[key], tuple(some_entry() for _ in range(count)))
            for key in keys
        ]
        for key in keys:
            self.ends[key] += count
        return made


async def timed(calls: list[Callable[[], Awaitable[object]]]) -> tuple[float, float, list[float]]:
    """Return CPU and wall seconds of all calls, and each one's wall seconds, sorted."""
    each = []
    cpu, wall = time.process_time(), time.perf_counter()
    for call in calls:
        start = time.perf_counter()
        await call()
        each.append(time.perf_counter() - start)
    return time.process_time() - cpu, time.perf_counter() - wall, sorted(each)


async def measure_appends(log: Log) -> None:
    say("entries/commit  documents   us CPU/entry  us wall/entry   ms/commit p50    p99")
    for batch, spread in ((1, True), (16, True), (64, True), (16, False), (64, False)):
        count = min(COMMITS, ENTRIES // batch)
        calls: list[Callable[[], Awaitable[object]]] = []
        for _ in range(count):
            keys = chance.sample(log.keys, batch) if spread else [chance.choice(log.keys)]
            appends = log.appends(keys, 1 if spread else batch)
            calls.append(lambda appends=appends: log.store.append(appends))  # type: ignore[misc]
        cpu, wall, each = await timed(calls)
        total = batch * count / 1e6
        say(
            f"{batch:14} {batch if spread else 1:10} {cpu / total:14.1f} {wall / total:14.1f}"
            f" {each[count // 2] * 1e3:15.2f} {each[int(count * 0.99)] * 1e3:6.2f}"
        )


async def measure_loads(log: Log) -> None:
    key = log.keys[0]
    await log.store.append(log.appends([key], 5_000 - log.ends[key]))
    cpu, _, _ = await timed([lambda: log.store.load(key)] * 10)
    say(f"load a log of 5,000 entries: {cpu / 10 * 1e3:.1f} ms CPU")
    await log.store.snapshot(key, 1, 5_000, chance.randbytes(1_000_000))
    cpu, _, _ = await timed([lambda: log.store.load(key)] * 100)
    say(f"load a snapshot of 1 MB: {cpu / 100 * 1e3:.2f} ms CPU")
    cpu, _, _ = await timed([lambda: log.store.load(DocumentKey("demo", "none"))] * 1_000)
    say(f"load a document that is not there: {cpu / 1_000 * 1e6:.0f} us CPU")


def measure_fsync(directory: Path) -> None:
    with (directory / "fsync").open("wb", buffering=0) as file:
        each = []
        for _ in range(100):
            start = time.perf_counter()
            file.write(bytes(4_096))
            os.fsync(file.fileno())
            each.append(time.perf_counter() - start)
    say(f"write and fsync of 4 KiB: p50 {sorted(each)[50] * 1e3:.2f} ms")


async def main(directory: Path) -> None:
    measure_fsync(directory)
    store = SqliteStore(directory / "crdtchat.db")
    await store.open()
    log = Log(store)
    for _ in range(HISTORY):
        await store.append(log.appends(log.keys, 1))
    await measure_appends(log)
    await measure_loads(log)
    await store.close()
    store = SqliteStore(directory / "crdtchat.db")
    cpu, _, _ = await timed([store.open])
    say(f"open with {DOCUMENTS:,} documents: {cpu * 1e3:.1f} ms CPU")
    await store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as scratch:
        anyio.run(main, Path(scratch))
