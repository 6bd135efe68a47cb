"""Connections that mean no good, from one address: a process of its own.

`python -m tests.security.attackers PORT COUNT` opens them wave after wave, each at a line on
standard input, and at the last tells what became of them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from crdtchat.sync import message

HOSTILE = "127.0.0.66"
PAGE = "flooded"
WAVES = 50
AT_ONCE = 200
"""Connections that are being opened at a time."""


class Attack:
    """Opens connections; each is held by a task of its own until the server or the end ends it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.kinds: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self._held: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._ways: list[Callable[[asyncio.StreamWriter], Awaitable[None]]] = [
            self._half_open,
            self._silent,
            self._slow_loris,
            self._flooding,
        ]

    async def wave(self, first: int, count: int) -> None:
        """Open some more."""
        numbers = range(first, first + count)
        started = [asyncio.create_task(self._connect(number)) for number in numbers]
        self._held.update(started)
        async with self._gate:
            await asyncio.sleep(0)
        await asyncio.wait(started, timeout=0.2)

    async def end(self) -> None:
        """Let go of all."""
        for task in self._held:
            task.cancel()
        await asyncio.gather(*self._held, return_exceptions=True)

    async def _connect(self, number: int) -> None:
        way = self._ways[number % len(self._ways)]
        self.kinds[way.__name__.strip("_")] += 1
        try:
            async with self._gate:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self._port, local_addr=(HOSTILE, 0)
                )
        except ConnectionError:
            self.ended["refused"] += 1
            return
        doing = asyncio.create_task(self._quietly(way(writer)))
        try:
            while await reader.read(65_536):
                pass
            self.ended["closed by the server"] += 1
        except ConnectionError:
            self.ended["cut off by the server"] += 1
        finally:
            doing.cancel()
            writer.transport.abort()

    async def _quietly(self, work: Awaitable[None]) -> None:
        try:
            await work
        except ConnectionError:
            return

    async def _half_open(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_handshake()[:-30])
        await asyncio.Event().wait()

    async def _silent(self, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def _slow_loris(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_handshake()[:-30])
        while not writer.transport.is_closing():
            writer.write(b"x-a: b\r\n")
            await writer.drain()
            await asyncio.sleep(1)

    async def _flooding(self, writer: asyncio.StreamWriter) -> None:
        """A guest that sends all it can: half of it nonsense, half well-formed."""
        writer.write(_handshake())
        frames = [message.encode_resync(0, 0, b"\x00"), message.encode_presence({"typing": "a"})]
        burst = b"".join(_masked(frame) for frame in frames * 20)
        while not writer.transport.is_closing():
            writer.write(burst)
            await writer.drain()
            await asyncio.sleep(0)


def _handshake() -> bytes:
    return (
        f"GET /sync/demo/{quote(PAGE)} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: crdtchat.v1\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


def _masked(payload: bytes) -> bytes:
    return b"\x82" + bytes([0x80 | len(payload)]) + bytes(4) + payload


async def main(port: int, connections: int) -> None:
    """Attack."""
    attack = Attack(port)
    wave = max(50, connections // WAVES)
    for first in range(0, connections, wave):
        await attack.wave(first, min(wave, connections - first))
        sys.stdout.write("wave\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
    await attack.end()
    sys.stdout.write(json.dumps([attack.kinds, attack.ended]) + "\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
