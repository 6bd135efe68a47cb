"""kill -9 under write load, again and again: `python -m tests.story.kill --times 200`.

Three writers and a reader work on two pages. At a random moment the server is killed and started
again on the same data. Then every acknowledged operation must be in the log, everything the reader
was shown must be in the log, and the log must open as it is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import anyio
from websockets.exceptions import ConnectionClosed

from crdtchat.document.replica import Replica
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync import message
from tests.raw_client import RawClient, broadcast_id, raw_client
from tests.server_process import ServerProcess

PAGES = ("page one", "page two")
NOW = 1_700_000_000_000


class Witness:
    """What clients were told."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, set[str]] = {page: set() for page in PAGES}
        self.shown: dict[str, set[str]] = {page: set() for page in PAGES}
        self.count = 0
        self.kill_at = 0
        self.enough = anyio.Event()

    def acknowledge(self, page: str, broadcast_ids: Sequence[bytes]) -> None:
        """Note it; set off `enough` once `kill_at` were."""
        self.acknowledged[page].update(
            f"a{int.from_bytes(one, 'big'):09d}" for one in broadcast_ids
        )
        self.count += len(broadcast_ids)
        if self.count >= self.kill_at:
            self.enough.set()


async def _write(client: RawClient, page: str, start: int, witness: Witness) -> None:
    """Write annotations, several in flight, and note what is acknowledged."""
    await client.join()
    number = start

    async def send_one() -> None:
        nonlocal number
        number += 1
        value = (client.user, NOW, f"words {number}", "", "", 0, 5)
        await client.operate(broadcast_id(number), client.encode("a", f"a{number:09d}", value))

    for _ in range(8):
        await send_one()
    while True:
        ack = await client.until(message.Ack)
        witness.acknowledge(page, ack.broadcast_ids)
        for _ in ack.broadcast_ids:
            await send_one()


async def _read(client: RawClient, page: str, witness: Witness) -> None:
    await client.join()
    while True:
        batch = await client.until(message.Batch)
        witness.shown[page].update(event.aid for event in batch.events)


async def _load(
    server: ServerProcess, tokens: list[str], turn: int, witness: Witness, more: int
) -> None:
    """Work until so many more operations were acknowledged, then kill."""
    witness.kill_at = witness.count + more
    witness.enough = anyio.Event()
    async with anyio.create_task_group() as tasks:

        async def work(index: int, page: str) -> None:
            try:
                async with raw_client(server.socket_url, page, token=tokens[index]) as client:
                    if index == 3:
                        await _read(client, page, witness)
                    else:
                        start = turn * 1_000_000 + index * 100_000 + PAGES.index(page) * 50_000
                        await _write(client, page, start, witness)
            except (ConnectionClosed, OSError):
                return

        for page in PAGES:
            for index in range(4):
                tasks.start_soon(work, index, page)
        await witness.enough.wait()
        server.kill()


async def _check(data: Path, witness: Witness) -> int:
    """Open the log as the server does, and hold it against what clients were told."""
    store = SqliteStore(data / "crdtchat.sqlite3")
    await store.open()
    entries = 0
    try:
        for page in PAGES:
            loaded = await store.load(DocumentKey("demo", page))
            replica = Replica()
            if loaded.snapshot:
                replica.apply(loaded.snapshot)
            for entry in loaded.entries:
                replica.apply(entry.update)
            held = set(replica.values("a"))
            lost = witness.acknowledged[page] - held
            assert not lost, f"acknowledged and lost: {sorted(lost)[:3]}"
            ghosts = witness.shown[page] - held
            assert not ghosts, f"shown and not committed: {sorted(ghosts)[:3]}"
            entries += loaded.sequence
    finally:
        await store.close()
    return entries


async def kill_again_and_again(folder: Path, times: int, seed: int) -> Witness:
    """Kill and restart; raises AssertionError if a promise is broken."""
    random = Random(seed)
    witness = Witness()
    server = ServerProcess(folder / "data").start()
    try:
        tokens = [server.token(f"user{index}") for index in range(4)]
        for turn in range(times):
            await _load(server, tokens, turn, witness, random.randrange(1, 400))
            await _check(folder / "data", witness)
            server.restart()
    finally:
        server.kill()
    return witness


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.story.kill")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        witness = anyio.run(kill_again_and_again, Path(folder), flags.times, flags.seed)
    shown = sum(len(page) for page in witness.shown.values())
    sys.stdout.write(
        f"killed {flags.times} times: {witness.count} operations acknowledged, {shown} shown, "
        "0 lost, 0 uncommitted\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
