"""The sleepers, in a process of their own, as people's machines are.

In one process with everybody else the 12 MB that each of them reads on waking would make the others
late, and be told as the server's doing. `python -m tests.reliability.dormitory` is that process; it
is told what to do, and answers, in lines of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict

import uvloop

from crdtchat.bench.door import Door
from crdtchat.bench.machine import allow_files
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.statevector import decode_state_vector
from tests.reliability.sleeper import Kept, Sleeper

_LINE = 1 << 24
"""Bytes of the longest line."""


class Dormitory:
    """The sleepers, as seen by who measures."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def enter(self, doors: list[Door], count: int) -> None:
        """So many connect, by these doors in turn. Raises AssertionError if one cannot."""
        told = await self._ask("enter", [asdict(door) for door in doors], count)
        assert told is True, told

    def pace(self, due: float) -> None:
        """Who has read less than so many bytes since the first call reads on, the others stop."""
        self._tell("pace", due)

    async def wake(self) -> None:
        """All read on."""
        await self._ask("wake")

    async def missing(self, vector: bytes) -> int:
        """How many do not hold exactly what has this state vector."""
        return int(str(await self._ask("missing", vector.hex())))

    async def differences(self) -> list[int]:
        """How many each was sent in place of what it missed."""
        told = await self._ask("differences")
        assert isinstance(told, list)
        return [int(count) for count in told]

    async def leave(self) -> list[str]:
        """All hang up; answers why connections had ended before."""
        told = await self._ask("leave")
        assert isinstance(told, list)
        return [str(reason) for reason in told]

    def _tell(self, what: str, *arguments: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, *arguments]).encode() + b"\n")

    async def _ask(self, what: str, *arguments: object) -> object:
        assert self._process.stdout is not None
        self._tell(what, *arguments)
        return json.loads(await self._process.stdout.readline())


@asynccontextmanager
async def dormitory() -> AsyncIterator[Dormitory]:
    """A process for sleepers; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.reliability.dormitory"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
    )
    try:
        yield Dormitory(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


class _Beds:
    """The same, from within."""

    def __init__(self) -> None:
        self._sleepers: list[Sleeper] = []
        self._had: list[int] = []

    async def enter(self, doors: list[dict[str, str]], count: int) -> bool:
        allow_files(count + 100)
        shared = dict[bytes, bytes]()
        for number in range(count):
            door = Door(**doors[number % len(doors)])  # type: ignore[arg-type]
            self._sleepers.append(await Sleeper.open(door, Kept(shared)))
        return True

    def pace(self, due: float) -> None:
        self._had = self._had or [one.received for one in self._sleepers]
        for sleeper, before in zip(self._sleepers, self._had, strict=True):
            if sleeper.received - before < due:
                sleeper.read_on()
            else:
                sleeper.stop_reading()

    def wake(self) -> bool:
        for sleeper in self._sleepers:
            sleeper.held()  # not in the time that is measured
        for sleeper in self._sleepers:
            sleeper.read_on()
        return True

    def missing(self, vector: str) -> int:
        wanted = decode_state_vector(bytes.fromhex(vector), OPERATION)
        held = (decode_state_vector(one.held(), OPERATION) for one in self._sleepers)
        return sum(one != wanted for one in held)

    def differences(self) -> list[int]:
        return [one.differences for one in self._sleepers]

    def leave(self) -> list[str]:
        closed = [one.closed for one in self._sleepers if one.closed]
        for sleeper in self._sleepers:
            sleeper.hang_up()
        return closed


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    said = asyncio.StreamReader(limit=_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin)
    beds = _Beds()
    simple: dict[str, Callable[..., object]] = {
        "pace": beds.pace,
        "wake": beds.wake,
        "missing": beds.missing,
        "differences": beds.differences,
        "leave": beds.leave,
    }
    while line := await said.readline():
        what, *arguments = json.loads(line)
        told = await beds.enter(*arguments) if what == "enter" else simple[what](*arguments)
        if told is not None:
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_serve())
