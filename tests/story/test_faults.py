"""What happens to a machine, with people on the page: the disk is full, the process stands still.

Those who read go on, those who write keep their words, and once it is over everybody has all of it.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync

import crdtchat
from tests.server_process import ServerProcess, running_server

PAGE = "https://example.org/faults"


@contextmanager
def no_file_grows(server: ServerProcess) -> Iterator[None]:
    """A limit on the size of files that nothing can be written below: a full disk, as the process
    sees it, without privileges."""
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))


def texts(page: crdtchat.Page) -> list[str]:
    """What everybody says."""
    return [comment.text for thread in page.annotations for comment in thread.comments]


def write_over_rest(server: ServerProcess, token: str) -> str:
    """What is said of a write that cannot be saved."""
    answer = httpx.post(
        f"{server.url}/api/v1/demo/annotations",
        params={"page": PAGE},
        headers={"Authorization": f"Bearer {token}"},
        json={"target": {"exact": "words"}, "body": "over REST"},
        timeout=60,
    )
    assert answer.status_code == 503
    return str(answer.json()["detail"])


def health(server: ServerProcess) -> str:
    with urlopen(f"{server.url}/health", timeout=30) as answer:
        return str(json.load(answer)["status"])


@pytest.mark.timeout(180)
async def test_a_full_disk_refuses_no_reader_and_loses_no_word(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        tokens = {user: server.token(user) for user in ("ann", "bob", "cid")}
        async with (
            crdtchat.connect(server.url, page=PAGE, token=tokens["ann"]) as ann,
            crdtchat.connect(server.url, page=PAGE, token=tokens["bob"]) as bob,
        ):
            aid = await ann.annotate("quoted", "before")
            await ann.wait_saved()
            await bob.wait_for(lambda page: texts(page) == ["before"])
            with no_file_grows(server):
                await ann.reply(aid, "while it is full")
                await ann.wait_for(lambda page: page.state != "live")
                # Not committed, so nobody sees it; what is there is read as ever.
                async with crdtchat.connect(server.url, page=PAGE, token=tokens["cid"]) as cid:
                    await cid.wait_for(lambda page: page.state == "live")
                    assert texts(cid) == ["before"]
                assert texts(bob) == ["before"]
                assert await run_sync(health, server) == "ok"
                refused = await run_sync(write_over_rest, server, tokens["cid"])
                assert str(server.data) not in refused  # that is for the log
            await ann.wait_saved()
            await bob.wait_for(lambda page: texts(page) == ["before", "while it is full"])
        server.kill()
        server.restart()
        async with crdtchat.connect(server.url, page=PAGE, token=tokens["bob"]) as bob:
            await bob.wait_for(lambda page: texts(page) == ["before", "while it is full"])


@pytest.mark.timeout(180)
async def test_a_process_that_stood_still_goes_on_where_it_was(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        tokens = {user: server.token(user) for user in ("ann", "bob")}
        async with (
            crdtchat.connect(server.url, page=PAGE, token=tokens["ann"]) as ann,
            crdtchat.connect(server.url, page=PAGE, token=tokens["bob"]) as bob,
        ):
            aid = await ann.annotate("quoted", "before")
            await ann.wait_saved()
            await bob.wait_for(lambda page: texts(page) == ["before"])
            with server.paused():
                await ann.reply(aid, "ann, meanwhile")
                await bob.reply(aid, "bob, meanwhile")
                for _ in range(100):
                    await anyio.lowlevel.checkpoint()
                assert texts(ann) == ["before", "ann, meanwhile"]
                assert texts(bob) == ["before", "bob, meanwhile"]
            for page in (ann, bob):
                await page.wait_saved()
                await page.wait_for(lambda page: len(texts(page)) == 3)
            assert texts(ann) == texts(bob)
