"""Texts that no UTF-8 holds: of cut JSON, and of file names in another encoding."""

from __future__ import annotations

import pytest

import crdtchat
from crdtchat.document.records import InvalidRecord
from tests.server_process import ServerProcess


async def test_half_a_surrogate_pair_is_answered_in_a_sentence(
    server: ServerProcess, page_id: str
) -> None:
    """Some ended the page in a group of errors, others spoke of codecs."""
    half = "cut \ud83d"
    says = "holds half a surrogate pair"
    with pytest.raises(ValueError, match=says):
        crdtchat.connect(server.url, page=page_id, name=half)
    with pytest.raises(ValueError, match=says):
        crdtchat.connect(server.url, page=page_id, tenant=half)
    for address in ("http://\ud83d.example", f"{server.url}/\ud83d"):
        with pytest.raises(ValueError, match=says):
            crdtchat.connect(address, page=page_id)
    async with crdtchat.connect(server.url, page=page_id) as page:
        aid = await page.annotate("words", "text")
        for call in (
            page.annotate(half, "text"),
            page.annotate("words", half),
            page.annotate("words", "text", prefix=half),
            page.annotate("words", "text", page_text=f"words {half}"),
            page.reattach(aid, "words", page_text=f"words {half}"),
            page.reply(aid, half),
            page.react(aid, page.annotations[0].comments[0].cid, "\ud83d"),
            page.page_text(half),
            page.anchor_all(half),
            page.follow(half),
            page.import_json(half),
        ):
            with pytest.raises(InvalidRecord, match=says):
                await call
        await page.wait_saved()
        assert len(page.annotations) == 1
