"""`crdtchat serve --workers N`: real processes behind one port."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest

import crdtchat
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.storage import make_broker
from crdtchat.server.workers import tell
from tests.nodes.test_two_nodes import until
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer
from tests.server_process import ServerProcess, running_server


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["SQLite", "PostgreSQL and Redis"])
def arguments(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "SQLite":
        return ["--workers", "2"]
    postgres: PostgresServer = request.getfixturevalue("postgres")
    redis: RedisServer = request.getfixturevalue("redis")
    store = postgres.url(postgres.fresh())
    return ["--workers", "2", "--store", store, "--broker", redis.url, "--drain-seconds", "0"]


def workers_of(server: ServerProcess) -> list[int]:
    """Process ids."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(child) for child in children.split()]


async def connections(url: str) -> Counter[str]:
    """Open WebSockets, by worker."""
    async with httpx.AsyncClient(verify=False, base_url=url) as http:
        text = (await http.get("/metrics")).text
    found = re.findall(r'^crdtchat_connections\{worker="(\d)"\} (\S+)$', text, re.MULTILINE)
    return Counter({worker: int(float(count)) for worker, count in found})


async def test_a_page_is_one_page_whichever_worker_serves_whom_and_whichever_dies(
    tmp_path: Path, arguments: list[str]
) -> None:
    with running_server(tmp_path / "data", arguments) as server:
        written: dict[str, int] = {}
        progress: Counter[int] = Counter()
        writing: set[int] = set()
        ended = anyio.Event()

        async def work(number: int) -> None:
            user = f"user{number}"
            async with crdtchat.connect(server.url, tenant="demo", page="p", name=user) as page:
                while not ended.is_set():
                    aid = await page.annotate(f"words of {user}", "a comment")
                    await page.wait_saved()
                    written[aid] = number
                    progress[number] += 1
                writing.discard(number)
                await until(lambda: not writing)
                await until(lambda: written.keys() == {one.aid for one in page.annotations})

        async def all_got_on() -> None:
            before = {number: progress[number] for number in writing}
            await until(lambda: all(progress[number] > was for number, was in before.items()))

        async with anyio.create_task_group() as tasks:
            while (
                len(await connections(server.url)) < 2
                or 0 in (await connections(server.url)).values()
            ):
                writing.add(len(writing))
                tasks.start_soon(work, len(writing) - 1)
                await all_got_on()
            first, second = workers_of(server)
            os.kill(first, signal.SIGKILL)
            await until(lambda: len(set(workers_of(server)) - {first, second}) == 1)
            await all_got_on()
            ended.set()
        async with httpx.AsyncClient(verify=False, base_url=server.url) as http:
            assert (await http.get("/health")).json()["status"] == "ok"
        pids = workers_of(server)
        assert await anyio.to_thread.run_sync(server.stop) == 0
        assert not any(_lives(pid) for pid in pids)
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        assert {line["worker"] for line in lines} == {0, 1, 2}
        (told,) = [line["message"] for line in lines if line["level"] == "error"]
        assert re.fullmatch(r"worker [12] ended by signal 9 and is started again", told)


async def test_one_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """While memory is short, or an upgrade replaces the interpreter."""
    program = tmp_path / "python"
    program.symlink_to(sys.executable)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    server = ServerProcess(
        *(tmp_path / "data", ["--workers", "2"]), environment=environment, program=program
    ).start()
    program.unlink()
    one, other = workers_of(server)
    os.kill(one, signal.SIGKILL)
    await until(lambda: "cannot be started, and is tried again" in server.log.read_text())
    assert workers_of(server) == [other]
    program.symlink_to(sys.executable)
    await until(lambda: len(workers_of(server)) == 2)
    assert other in workers_of(server)
    assert await anyio.to_thread.run_sync(server.stop) == 0


async def test_one_that_has_just_ended_hears_no_signal() -> None:
    async with await anyio.open_process([sys.executable, "-c", ""]) as process:
        await process.wait()
        tell(process, signal.SIGTERM)


async def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", ["--workers", "2"]) as server:
        pids = workers_of(server)
        assert len(pids) == 2
        await anyio.to_thread.run_sync(server.kill)
        await until(lambda: not any(_lives(pid) for pid in pids))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_cannot_be_started_is_said_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "crdtchat", "serve", "--workers", "2"),
                *("--data", str(tmp_path), "--port", str(taken.getsockname()[1])),
            ],
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 2
    assert re.fullmatch(r"crdtchat: 127\.0\.0\.1 port \d+ cannot be .*--port\n", ran.stderr)


def test_a_store_in_memory_has_one_worker() -> None:
    with pytest.raises(BadSetting, match="leave --workers out"):
        make_broker(Settings(store="memory:", workers=2))
