"""A process to be killed, for test_sqlite_kill: its arguments are a path and a backend.

Appends to several documents per commit for ever, folds one now and then, and writes the sequence
number that all of them have reached after each acknowledgement.
"""

import sys
from itertools import count

import anyio

from crdtchat.stores.base import DocumentKey
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.testing.store_contract import append_of

KEYS = [DocumentKey("demo", f"page {number}") for number in range(5)]


async def main() -> None:
    store = SqliteStore(sys.argv[1])
    await store.open()
    start = (await store.load(KEYS[0])).sequence
    for sequence in count(start + 1):
        appends = [append_of(key, sequence, sequence) for key in KEYS]
        assert await store.append(appends) == [sequence] * len(KEYS)
        sys.stdout.write(f"{sequence}\n")
        sys.stdout.flush()
        if sequence % 7 == 0:
            key = KEYS[sequence % len(KEYS)]
            assert await store.snapshot(key, 1, sequence - 3, b"state at %d" % (sequence - 3))


anyio.run(main, backend=sys.argv[2])
