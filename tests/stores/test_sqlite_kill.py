"""kill -9 while writing: what was acknowledged is there, and nothing has to be repaired."""

import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import anyio

from crdtchat.stores.sqlite import SqliteStore
from crdtchat.testing.store_contract import entries, opened
from tests.fork_server import forked


def kill_at_random(path: Path, chance: random.Random, backend: str) -> int:
    """Let the child write for a while, kill it; return what it acknowledged last (0: nothing)."""
    child = forked("tests.stores.child_appends", [str(path), backend])
    assert child.stdout is not None
    with child.stdout:
        output = ""
        for _ in range(chance.choice([0, 1, 5, 30, 60])):
            output += child.stdout.readline()
        # Not to wait for anything: to meet the child anywhere in its work.
        time.sleep(chance.uniform(0, 0.004))
        child.send_signal(signal.SIGKILL)
        output += child.stdout.read()
    child.wait()
    lines = output.split("\n")[:-1]  # the last one may be cut
    return int(lines[-1]) if lines else 0


async def check(path: Path, acknowledged: int) -> int:
    """Reopen; all documents stand at one number, the acknowledged or the next; return it."""
    async with opened(SqliteStore(path)) as store:
        pages = await store.pages("demo")
        for page in pages:
            loaded = await store.load(page.key)
            assert loaded.entries == entries(loaded.snapshot_sequence + 1, loaded.sequence)
            if loaded.snapshot_sequence:
                assert loaded.snapshot == b"state at %d" % loaded.snapshot_sequence
        sequences = {page.sequence for page in pages} or {0}
    # One commit of all five documents: whole or not there.
    assert len(pages) in (0, 5)
    assert len(sequences) == 1
    (sequence,) = sequences
    assert acknowledged <= sequence <= acknowledged + 1
    return sequence


def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    """Invariant 2 of the design. 20 kills, each continuing on what the last one left."""
    path = tmp_path / "crdtchat.db"
    chance = random.Random(20)
    sequence = 0
    for kill in range(20):
        backend = ("asyncio", "trio")[kill % 2]
        acknowledged = max(sequence, kill_at_random(path, chance, backend))
        sequence = anyio.run(check, path, acknowledged, backend=backend)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert sequence > 100
