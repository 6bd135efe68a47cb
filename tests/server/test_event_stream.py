"""A stream of events whose reader does not read, in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint
from starlette.types import Message

from crdtchat.access.directory import Directory
from crdtchat.access.gate import Admission, Gate
from crdtchat.access.guard import Guard
from crdtchat.access.principal import Principal
from crdtchat.access.roles import Role
from crdtchat.access.tenants import Tenant
from crdtchat.document.replica import Write
from crdtchat.host.hub import Hub
from crdtchat.server.rest import events
from crdtchat.server.rest.asking import Asked
from crdtchat.server.rest.events import QUEUE, EventStream
from crdtchat.server.rest.line import FairLine
from crdtchat.stores.base import DocumentKey, Entry
from crdtchat.stores.memory import MemoryStore

KEY = DocumentKey("demo", "page")
ANN = Principal("demo", "ann", "Ann", Role.COMMENTER)
NOW = 1_700_000_000_000
TARGET = ("words", "", "", 0, 5)


class Reader:
    """An ASGI connection whose reader reads when told to."""

    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.closed = False
        self.reads = anyio.Event()
        self.reads.set()
        self.got = anyio.Event()

    async def receive(self) -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.body":
            self.chunks.append(message["body"].decode())
            self.closed = not message["more_body"]
            self.got.set()

    async def until(self, text: str) -> None:
        while text not in "".join(self.chunks):
            self.got = anyio.Event()
            await self.got.wait()

    @property
    def ids(self) -> list[str]:
        """The ids of the events told."""
        lines = "".join(self.chunks).splitlines()
        return [line.removeprefix("id: ") for line in lines if line.startswith("id: ")]


class SlowStore(MemoryStore):
    """The log is a while in coming once it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.answers = anyio.Event()

    async def since(self, key: DocumentKey, after: int) -> tuple[Entry, ...]:
        found = await super().since(key, after)
        self.asked += 1
        await self.answers.wait()
        return found


@asynccontextmanager
async def streaming(
    hub: Hub,
    reader: Reader,
    after: tuple[int, int] | None = None,
    line: FairLine | None = None,
) -> AsyncIterator[EventStream]:
    gate = Gate(Directory({"demo": Tenant("demo")}, hub.store), hub.store)
    guard = Guard(gate, lambda: NOW)
    admission = Admission(ANN, "", False, 0, 0, Tenant("demo").terms)
    turn = partial((line or FairLine()).turn, "ann")
    stream = EventStream(Asked(hub, gate, admission, KEY), guard, after, nullcontext(), turn)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stream, {"type": "http"}, reader.receive, reader.send)
        await reader.until("retry: ")
        yield stream
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def opened(store: MemoryStore | None = None) -> AsyncIterator[Hub]:
    store = store or MemoryStore()
    await store.open()
    async with Hub(store) as hub:
        yield hub


async def annotate(hub: Hub, number: int) -> None:
    aid = f"anno{number}"
    writes: list[Write] = [("a", aid, ("ann", NOW, *TARGET))]
    await hub.write(KEY, ANN.peer(), writes, number.to_bytes(16, "big"))


async def test_a_reader_that_falls_behind_is_served_from_the_log() -> None:
    """Every event once, in order, from a queue that stays within its bound."""
    reader = Reader()
    async with opened() as hub, streaming(hub, reader) as stream:
        await annotate(hub, 1)
        await reader.until("anno1")
        reader.reads = anyio.Event()
        for number in range(2, 3 * QUEUE):
            await annotate(hub, number)
            assert len(stream._waiting) <= QUEUE
        reader.reads.set()
        await annotate(hub, 3 * QUEUE)
        await reader.until(f'"anno{3 * QUEUE}"')
    told = [line for line in "".join(reader.chunks).splitlines() if line.startswith("data: ")]
    assert len(told) == 3 * QUEUE
    for number, line in enumerate(told, 1):
        assert f'"anno{number}"' in line
    sequences = [int(one.removeprefix("1-")) for one in reader.ids]
    assert sequences == sorted(set(sequences))


async def test_what_is_written_while_the_log_is_read_is_told() -> None:
    """Also where that is more than waits for a reader."""
    reader, store = Reader(), SlowStore()
    async with opened(store) as hub:
        await annotate(hub, 1)
        async with streaming(hub, reader, (1, 0)):
            await anyio.wait_all_tasks_blocked()
            assert store.asked == 1
            for number in range(2, QUEUE + 9):
                await annotate(hub, number)
            store.answers.set()
            await annotate(hub, QUEUE + 9)
            await reader.until(f'"anno{QUEUE + 9}"')
    told = [line for line in "".join(reader.chunks).splitlines() if line.startswith("data: ")]
    assert len(told) == QUEUE + 9


async def test_logs_are_read_one_after_another() -> None:
    """They may be large, and are let go of before the next one is read."""
    store, line = SlowStore(), FairLine()
    first, second = Reader(), Reader()
    async with opened(store) as hub:
        await annotate(hub, 1)
        async with streaming(hub, first, (1, 0), line), streaming(hub, second, (1, 0), line):
            await anyio.wait_all_tasks_blocked()
            assert store.asked == 1
            first.reads = anyio.Event()
            store.answers.set()
            await second.until("anno1")
            first.reads.set()
            await first.until("anno1")
    assert store.asked == 2


async def test_an_operation_of_several_events_has_one_id() -> None:
    """Who leaves in its midst hears all of it again."""
    reader = Reader()
    async with opened() as hub, streaming(hub, reader):
        await annotate(hub, 1)
        writes: list[Write] = [
            ("c", "anno1/c001", ("ann", NOW, "x")),
            ("c", "anno1/c002", ("ann", NOW, "y")),
        ]
        await hub.write(KEY, ANN.peer(), writes, bytes(16))
        await reader.until("c002")
    blocks = "".join(reader.chunks).split("\n\n")
    first = next(block for block in blocks if "c001" in block)
    second = next(block for block in blocks if "c002" in block)
    assert "id:" not in first and "id: 1-" in second


async def test_a_quiet_line_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.001)
    reader = Reader()
    async with opened() as hub, streaming(hub, reader):
        await reader.until(":\n\n:\n\n")


async def test_a_reader_that_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "PATIENCE_S", 0.01)
    reader = Reader()
    async with opened() as hub, streaming(hub, reader):
        reader.reads = anyio.Event()
        await annotate(hub, 1)
        while any(room._listeners for room in hub.rooms()):
            await checkpoint()
        assert hub.counters["streams_stuck"] == 1


async def test_a_room_that_is_given_up_ends_its_streams() -> None:
    reader = Reader()
    async with opened() as hub, streaming(hub, reader):
        hub.stop()
        while not reader.closed:
            await checkpoint()


async def test_who_was_told_more_by_another_node_hears_what_follows() -> None:
    """And nothing twice: the node that they come to has not heard of it yet. (The first operation
    of a user has their name behind it in the log.)"""
    first, second = Reader(), Reader()
    async with opened() as hub, streaming(hub, first), Hub(hub.store) as other:
        await annotate(other, 1)
        await annotate(other, 2)
        async with streaming(hub, second, (1, 3)):
            assert "anno1" not in "".join(first.chunks), "this node had heard of it"
            await annotate(other, 3)
            await annotate(hub, 4)
            await second.until("anno4")
        text = "".join(second.chunks)
        assert "resync" not in text
        assert [f'"anno{number}"' in text for number in range(1, 5)] == [False, False, True, True]
        assert second.ids == ["1-4", "1-5"]


async def test_who_was_told_more_than_the_log_holds_starts_over() -> None:
    """A backup was put in its place."""
    reader = Reader()
    async with opened() as hub:
        await annotate(hub, 1)
        async with streaming(hub, reader, (1, 7)):
            await reader.until("event: resync")
            assert reader.ids == ["1-2"]
