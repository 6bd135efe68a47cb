"""What a connection waits by does as asyncio's Event and Queue do."""

from __future__ import annotations

import asyncio

import pytest

from crdtchat.server.waiting import Inbox, Signal


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize("make", [Signal, asyncio.Event])
async def test_a_signal_wakes_all_who_wait_and_nobody_who_left(
    make: type[Signal | asyncio.Event],
) -> None:
    signal = make()
    tasks = [asyncio.create_task(signal.wait()) for _ in range(3)]
    await settled()
    assert not any(task.done() for task in tasks)
    tasks[1].cancel()
    await settled()
    signal.set()
    assert signal.is_set()
    await settled()
    assert [task.cancelled() for task in tasks] == [False, True, False]
    assert tasks[0].done()
    assert tasks[2].done()
    signal.clear()
    late = asyncio.create_task(signal.wait())
    await settled()
    assert not late.done()
    signal.set()
    await late


@pytest.mark.parametrize("make", [Inbox, asyncio.Queue])
async def test_an_inbox_keeps_the_order_and_loses_nothing_to_a_reader_who_left(
    make: type[Inbox | asyncio.Queue[object]],
) -> None:
    inbox = make()
    assert inbox.empty()
    left = asyncio.create_task(inbox.get())
    await settled()
    inbox.put_nowait(1)
    left.cancel()
    await settled()
    inbox.put_nowait(2)
    assert not inbox.empty()
    assert [await inbox.get(), await inbox.get()] == [1, 2]
    assert inbox.empty()
    reader = asyncio.create_task(inbox.get())
    await settled()
    assert not reader.done()
    inbox.put_nowait(3)
    assert await reader == 3
