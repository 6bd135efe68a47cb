"""Waiting for a room's appends to end."""

from __future__ import annotations

import anyio

from crdtchat.host.progress import Progress


async def test_all_who_wait_are_woken_each_time() -> None:
    progress = Progress()
    woken: list[str] = []

    async def wait(who: str) -> None:
        await progress.wait()
        woken.append(who)

    for _ in range(2):
        async with anyio.create_task_group() as tasks:
            for who in ("ann", "bob"):
                tasks.start_soon(wait, who)
            await anyio.wait_all_tasks_blocked()
            assert not woken, "nobody is woken by what was told before"
            progress.tell()
        assert sorted(woken) == ["ann", "bob"]
        woken.clear()
        progress.tell()


async def test_nobody_waits_for_a_room_that_was_given_up() -> None:
    progress = Progress()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(progress.wait)
        await anyio.wait_all_tasks_blocked()
        progress.end()
    await progress.wait()
