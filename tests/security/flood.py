"""`python -m tests.security.flood`: thousands of connections from one address that mean no good.

Half-open, silent, slow-loris and flooding ones, all held as long as the server lets them, while a
user at another address joins and writes, again and again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.raw_client import raw_client
from tests.security.attackers import PAGE
from tests.server_process import ServerProcess, running_server

PER_ADDRESS = 256
PER_CONNECTION = 65_536
PER_SOCKET = 1_200_000
FLOOR = 100_000_000
"""The stated bound (docs/operating.md): so many bytes for each connection and each WebSocket that
one address may have, above what the server takes anyway; the floor is what Python keeps of it."""


@dataclass(slots=True)
class Seen:
    """What became of the attack."""

    fates: str = ""
    joins: int = 0
    slowest: float = 0.0
    """Seconds of the slowest of these."""
    before: int = 0
    most: int = 0
    after: int = 0
    descriptors: tuple[int, int] = (0, 0)


async def flood(server: ServerProcess, connections: int) -> Seen:
    """Attack, and watch. Raises AssertionError if a promise is broken."""
    seen = Seen()
    token = server.token("ann")
    await _join_and_write(server, token, seen)
    seen.before = server.memory()
    descriptors = _descriptors(server)
    bound = seen.before + FLOOR + PER_ADDRESS * (2 * PER_CONNECTION + PER_SOCKET)
    command = ["-m", "tests.security.attackers", server.url.rpartition(":")[2], str(connections)]
    attackers = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=PIPE, stdout=PIPE
    )
    assert attackers.stdin is not None and attackers.stdout is not None
    while (line := await attackers.stdout.readline()) == b"wave\n":
        await _join_and_write(server, token, seen)
        seen.most = max(seen.most, server.memory())
        assert seen.most < bound, f"{seen.most:,} bytes, not {bound:,}"
        assert _descriptors(server) < descriptors + 2 * PER_ADDRESS + 20
        attackers.stdin.write(b"\n")
    seen.fates = " ".join(str(one) for one in json.loads(line))
    await attackers.wait()
    await _quiet(server)
    await _join_and_write(server, token, seen)
    await _quiet(server)
    seen.after = server.memory()
    seen.descriptors = (descriptors, _descriptors(server))
    # A leak would be of hundreds. The store opens its connections (three files each) when it first
    # needs them, and who asks now has one as well.
    assert seen.descriptors[1] <= descriptors + 16, seen.descriptors
    assert seen.after < seen.before + FLOOR, f"{seen.before:,} before, {seen.after:,} after"
    return seen


async def _join_and_write(server: ServerProcess, token: str, seen: Seen) -> None:
    began = time.monotonic()
    async with asyncio.timeout(60), raw_client(server.socket_url, PAGE, token=token) as ann:
        await ann.join()
        target = ("ann", time.time_ns() // 1_000_000, "words", "", "", 0, 5)
        await ann.write(seen.joins, "a", f"join{seen.joins}", target)
    seen.joins += 1
    seen.slowest = max(seen.slowest, time.monotonic() - began)


async def _quiet(server: ServerProcess) -> None:
    """Wait until nobody is connected but who asks."""
    async with httpx.AsyncClient(timeout=30) as http, asyncio.timeout(60):
        while True:
            text = (await http.get(f"{server.url}/metrics")).text
            rows = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[:1] != "#")
            if float(rows["crdtchat_connections"]) == 0 and float(rows["crdtchat_tcp"]) <= 1:
                return
            await asyncio.sleep(0.1)


def _descriptors(server: ServerProcess) -> int:
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.security.flood", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_server(Path(folder) / "data") as server:
        seen = asyncio.run(flood(server, flags.connections))
    sys.stdout.write(
        f"{flags.connections} hostile connections: {seen.fates}\n"
        f"the user joined and wrote {seen.joins} times, the slowest in {seen.slowest:.2f} s\n"
        f"memory: {seen.before:,} before, at most {seen.most:,}, {seen.after:,} after; "
        f"descriptors: {seen.descriptors[0]} before, {seen.descriptors[1]} after\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
