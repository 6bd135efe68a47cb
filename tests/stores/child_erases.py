"""A process to be killed, for test_sqlite_erase: its argument is a path.

Writes what is to be erased, says "ready", erases it and scrubs the file.
"""

import sys

import anyio

from crdtchat.stores.base import Append, Entry, Erasure
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.testing.store_contract import KEY

SECRET = b"what somebody wanted gone" * 2_000


async def main() -> None:
    store = SqliteStore(sys.argv[1])
    await store.open()
    loaded = await store.load(KEY)
    entries = tuple(Entry(SECRET, "ann", 1) for _ in range(30))
    (sequence,) = await store.append([Append(KEY, loaded.epoch, loaded.sequence, entries)])
    assert isinstance(sequence, int)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    assert await store.erase(Erasure(KEY, loaded.epoch, sequence, b"new")) == loaded.epoch + 1
    await store.scrub()


anyio.run(main)
