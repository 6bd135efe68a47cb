"""Figures of all processes of one port."""

from __future__ import annotations

from functools import partial
from math import inf

import anyio
import pytest

from crdtchat.brokers.memory import MemoryBroker, MemoryExchange
from crdtchat.server import fellows
from crdtchat.server.fellows import Fellows


async def test_two_who_ask_at_once_are_both_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first, as of two Prometheus servers, had to wait until nobody could answer any more."""
    monkeypatch.setattr(fellows, "ANSWER_S", inf)
    exchange = MemoryExchange()
    one, two = (Fellows(number, 2, MemoryBroker(exchange)) for number in (1, 2))
    found: list[dict[int, bytes]] = []

    async def ask() -> None:
        found.append(await one.figures(b"of one"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.run, partial(bytes, b"of one"))
        tasks.start_soon(two.run, partial(bytes, b"of two"))
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as asking:
            asking.start_soon(ask)
            asking.start_soon(ask)
        tasks.cancel_scope.cancel()
    assert found == [{1: b"of one", 2: b"of two"}] * 2
