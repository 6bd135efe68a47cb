"""What is done one at a time, for everybody in turn."""

from __future__ import annotations

import anyio

from crdtchat.server.rest.line import FairLine


async def test_who_wants_much_keeps_nobody_waiting_for_all_of_it() -> None:
    line, served = FairLine(), list[str]()
    busy, done = anyio.Event(), anyio.Event()

    async def want(who: str) -> None:
        async with line.turn(who):
            served.append(who)
            if len(served) == 1:
                busy.set()
                await done.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(want, "much")
        await busy.wait()
        for _ in range(100):
            tasks.start_soon(want, "much")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(want, "one")
        given_up = anyio.CancelScope()

        async def give_up() -> None:
            with given_up:
                await want("another")

        tasks.start_soon(give_up)
        await anyio.wait_all_tasks_blocked()
        given_up.cancel()
        done.set()
    assert "one" in served[:3]
    assert served.count("much") == 101
    assert "another" not in served
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(want, "another")
    assert served[-1] == "another"
