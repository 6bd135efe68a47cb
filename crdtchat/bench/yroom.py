"""The peer of an operation: an update in pycrdt-websocket's room, in process and in memory.

Nothing is verified and nothing is kept there; the update is applied, and sent to two clients that
do nothing. So it says how quick the machine is at work of this kind, whatever else it does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, Self

import anyio

from crdtchat.bench.records import Writer, build_page

_CLIENTS = 2
_CLIENT = 7_777_777
"""Of no writer of the page."""


def measure(annotations: int, *, operations: int, group: int) -> float:
    """CPU microseconds of an annotation's update, `group` at once. Needs pycrdt-websocket."""
    seconds: list[float] = []  # as the room's task group swallows what its block returns
    anyio.run(_measure, annotations, operations, group, seconds)
    return seconds[0] * 1e6 / operations


async def _measure(annotations: int, operations: int, group: int, seconds: list[float]) -> None:
    from pycrdt import Doc, create_update_message
    from pycrdt.websocket import YRoom

    now = time.time_ns() // 1_000_000
    page, _ = build_page(annotations, 5, now)
    doc: Doc[Any] = Doc()
    doc.apply_update(page)
    writer = Writer(_CLIENT, "bench", 0, seed=_CLIENT)
    messages = [create_update_message(writer.create(now)) for _ in range(operations)]
    async with anyio.create_task_group() as tasks, YRoom(ydoc=doc) as room:
        await room.ydoc_observed.wait()
        clients = [_Client() for _ in range(_CLIENTS)]
        for client in clients:
            tasks.start_soon(room.serve, client)
        total = 0.0
        for begin in range(0, operations, group):
            total += await _send(clients, messages[begin : begin + group])
        seconds.append(total)
        tasks.cancel_scope.cancel()
    for client in clients:
        client.close()
    room._update_send_stream.close()  # it does not do so itself


async def _send(clients: Sequence[_Client], messages: Sequence[bytes]) -> float:
    """The first client sends, all are sent it; answers seconds of CPU."""
    await anyio.wait_all_tasks_blocked()
    for client in clients:
        client.expect(len(messages))
    began = time.process_time()
    for message in messages:
        clients[0].sent.send_nowait(message)
    for client in clients:
        await client.has_all.wait()
    return time.process_time() - began


class _Client:
    """A channel, as the room wants it, whose client counts what it gets."""

    path = "bench"

    def __init__(self) -> None:
        self.sent, self._sent = anyio.create_memory_object_stream[bytes](math.inf)
        self.expect(0)

    def expect(self, count: int) -> None:
        self._left = count
        self.has_all = anyio.Event()

    def close(self) -> None:
        self.sent.close()
        self._sent.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await self._sent.receive()

    async def recv(self) -> bytes:
        return await self._sent.receive()

    async def send(self, message: bytes) -> None:
        self._left -= 1
        if not self._left:
            self.has_all.set()
