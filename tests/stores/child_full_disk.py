"""A process whose files may not grow, for test_sqlite_faults: `child_full_disk.py PATH BACKEND`.

The limit on file sizes (RLIMIT_FSIZE) is a full disk that needs no privileges. Sweeps the limit
over every place where a commit may hit it, then dies in the middle of a refused one. The last line
printed is the sequence number that every document has reached.
"""

import os
import resource
import sqlite3
import sys
from pathlib import Path

import anyio

from crdtchat.stores import sqlite as sqlite_store
from crdtchat.stores import sqlite_room
from crdtchat.stores.base import DocumentKey, StoreUnavailable
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.stores.sqlite_file import connect
from crdtchat.testing.store_contract import append_of, entries

PATH, BACKEND = Path(sys.argv[1]), sys.argv[2]
KEYS = [DocumentKey("demo", f"page {number}") for number in range(3)]

statements: list[str] = []


def traced(path: Path, busy_ms: int) -> sqlite3.Connection:
    connection = connect(path, busy_ms)
    connection.set_trace_callback(statements.append)
    return connection


vars(sqlite_store)["connect"] = traced
# A log that has room would not notice the limit.
vars(sqlite_room)["ROOM_BYTES"] = 0


def limit(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


async def append(store: SqliteStore, after: int) -> None:
    appends = [append_of(key, after + 1, after + 20) for key in KEYS]
    assert await store.append(appends) == [after + 20] * len(KEYS)


async def main() -> None:
    store = SqliteStore(PATH)
    await store.open()
    after = 0
    await append(store, after)
    after += 20
    refused_in: set[str] = set()
    wal = PATH.with_name(PATH.name + "-wal")
    for room in [*range(0, 24_000, 600), 0]:
        limit(os.stat(wal).st_size + room)
        try:
            await append(store, after)
            after += 20
            continue
        except StoreUnavailable as error:
            refusal = str(error)
        assert "check the disk, its quota and the file size limit" in refusal
        refused_in.add(next(s.split()[0] for s in reversed(statements) if s != "ROLLBACK"))
        for key in KEYS:
            loaded = await store.load(key)
            assert loaded.entries == entries(1, after), (key, room)
        # The same object works as soon as there is room.
        limit(resource.RLIM_INFINITY)
        await append(store, after)
        after += 20
    assert "COMMIT" in refused_in, refused_in
    limit(os.stat(wal).st_size + 5_000)
    try:
        await append(store, after)
    except StoreUnavailable:
        sys.stdout.write(f"{after}\n")
        sys.stdout.flush()
    os._exit(0)


anyio.run(main, backend=BACKEND)
