"""The text that an erased annotation was made on goes with it, as far as no other one names it."""

from __future__ import annotations

from pathlib import Path

import pytest

import crdtchat
from crdtchat.document.page_version import version_of
from tests.places import places
from tests.server_process import running_server
from tests.story.test_erasure import MARK, PAGE, erase

TEXT = f"The page said {MARK} that day, and more words beside it."
OTHER = "The page said nothing of the kind the day after."


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_gone_from_every_file(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        token = server.token("ann")
        async with crdtchat.connect(server.url, page=PAGE, token=token) as ann:
            aid = await ann.annotate(MARK, "Erase this.", page_text=TEXT)
            await ann.annotate("page", "Keep this.", page_text=OTHER)
        assert places(server.data, MARK)
        erase(server, "--page", PAGE, "--annotation", aid)
        assert places(server.data, MARK) == []
        async with crdtchat.connect(server.url, page=PAGE, token=token) as ann:
            assert await ann.page_text(version_of(TEXT)) is None
            assert await ann.page_text(version_of(OTHER)) == OTHER
        erase(server, "--user", "ann")
        async with crdtchat.connect(server.url, page=PAGE, name="Bob") as bob:
            assert await bob.page_text(version_of(OTHER)) is None
