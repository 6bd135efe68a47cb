"""A backup is put in the place of the database: nobody goes on with what it does not hold."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import crdtchat
from tests.server_process import ServerProcess, running_server

PAGE = "https://example.org/restored"


@pytest.fixture
def anyio_backend() -> str:
    """The client's loop is not in question here."""
    return "asyncio"


def backup(server: ServerProcess) -> Path:
    """What docs/operating.md says, while the server runs."""
    copy = server.data.parent / "backup.sqlite3"
    with (
        closing(sqlite3.connect(server.data / "crdtchat.sqlite3")) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


def put_back(server: ServerProcess, copy: Path) -> None:
    """Stop the server, and put a copy in the place of its database."""
    server.stop()
    for file in server.data.glob("crdtchat.sqlite3*"):
        file.unlink()
    shutil.copy(copy, server.data / "crdtchat.sqlite3")


def said(page: crdtchat.Page) -> list[str]:
    return sorted(comment.text for one in page.annotations for comment in one.comments)


async def write(page: crdtchat.Page, *texts: str) -> None:
    for text in texts:
        await page.annotate("words", text)
    await page.wait_saved()


async def test_all_go_on_from_the_backup(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        ann, bob = server.token("ann"), server.token("bob")

        def come(token: str) -> crdtchat.Page:
            return crdtchat.connect(server.url, page=PAGE, token=token)

        async with come(ann) as author, come(bob) as reader:
            await write(author, "kept")
            copy = backup(server)
            await write(author, "lost", "lost as well")
            await reader.wait_for(lambda page: len(said(page)) == 3)
            put_back(server, copy)
            server.restart()
            await author.wait_for(lambda page: said(page) == ["kept"])
            await reader.wait_for(lambda page: said(page) == ["kept"])
            await write(reader, "new")
            await author.wait_for(lambda page: said(page) == ["kept", "new"])
        assert "was a backup put in its place?" in server.log.read_text()


async def test_a_new_epoch_tells_who_comes_later_than_new_words(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        ann, bob = server.token("ann"), server.token("bob")

        def come(token: str) -> crdtchat.Page:
            return crdtchat.connect(server.url, page=PAGE, token=token)

        async with come(bob) as reader:
            async with come(ann) as author:
                await write(author, "kept")
                copy = backup(server)
                await write(author, "lost")
                await reader.wait_for(lambda page: len(said(page)) == 2)
            put_back(server, copy)
            assert "anew: 1;" in server.run("restored")
            elsewhere = ServerProcess(server.data).start()
            try:
                async with crdtchat.connect(elsewhere.url, page=PAGE, token=ann) as author:
                    assert said(author) == ["kept"]
                    await write(author, "new", "newer", "newest")
            finally:
                elsewhere.stop()
            server.restart()
            await reader.wait_for(lambda page: said(page) == ["kept", "new", "newer", "newest"])
            await write(reader, "after all")
        async with come(ann) as author:
            assert said(author) == ["after all", "kept", "new", "newer", "newest"]
