"""A server that has lost its data, with people on the page."""

from __future__ import annotations

import shutil

import anyio
import pytest

import crdtchat
from crdtchat.client.errors import NotSaved
from tests.server_process import ServerProcess


async def test_a_guest_goes_on_as_another(own_server: ServerProcess, page_id: str) -> None:
    """They were stopped for good, while those in browsers went on. What waited under the name that
    nobody knows any more is a draft."""
    async with crdtchat.connect(own_server.url, page=page_id, name="Ann") as ann:
        await ann.annotate("words", "of before")
        await ann.wait_saved()
        before = ann.me
        own_server.kill()
        await ann.wait_for(lambda page: page.state == "offline")
        await ann.annotate("words", "while it was away")
        await anyio.to_thread.run_sync(shutil.rmtree, own_server.data)
        own_server.restart()
        await ann.wait_for(lambda page: page.state == "live")
        assert before is not None and ann.me is not None
        assert ann.me.id != before.id and ann.me.name == "Ann"
        with pytest.raises(NotSaved) as caught:
            await ann.wait_saved()
        (draft,) = caught.value.drafts
        assert draft.text == "while it was away"
        ann.discard(draft)
        aid = await ann.annotate("words", "of now")
        await ann.wait_saved()
        assert [one.aid for one in ann.annotations] == [aid]


async def test_who_signed_in_is_told_to_do_so_again(
    own_server: ServerProcess, page_id: str
) -> None:
    token = own_server.token("ann")
    async with crdtchat.connect(own_server.url, page=page_id, token=token) as ann:
        own_server.kill()
        await ann.wait_for(lambda page: page.state == "offline")
        await anyio.to_thread.run_sync(shutil.rmtree, own_server.data)
        own_server.restart()
        await ann.wait_for(lambda page: page.state == "stopped")
