"""Who changes whose words, as the client knows it before the server is asked."""

from __future__ import annotations

import pytest

import crdtchat
from crdtchat.client.errors import ReadOnly, UnknownRecord
from tests.server_process import ServerProcess


async def test_what_is_somebody_else_s_is_refused_here(
    own_server: ServerProcess, page_id: str
) -> None:
    """It ended the connection for good, as the server cannot tell a slip from forgery."""
    tokens = {user: own_server.token(user) for user in ("ann", "bob")}
    tokens["mod"] = own_server.token("mod", "moderator")
    pages = [crdtchat.connect(own_server.url, page=page_id, token=one) for one in tokens.values()]
    async with pages[0] as ann, pages[1] as bob, pages[2] as mod:
        aid = await ann.annotate("words", "ann's")
        for one in (bob, mod):
            await one.wait_for(lambda page: bool(page.annotations))
        (opening,) = bob.annotations[0].comments
        cid = await bob.reply(aid, "bob's")
        for one in (bob, mod):
            with pytest.raises(ReadOnly, match="only the author of a comment edits it"):
                await one.edit(aid, opening.cid, "not ann's")
        with pytest.raises(ReadOnly, match="author of a comment or a moderator deletes it"):
            await bob.delete(aid, opening.cid)
        with pytest.raises(ReadOnly, match="author of an annotation or a moderator deletes it"):
            await bob.delete(aid)
        with pytest.raises(UnknownRecord):
            await bob.delete(aid, "none")
        await bob.edit(aid, cid, "bob's own")
        await bob.wait_saved()
        await mod.wait_for(lambda page: page.annotations[0].comments[1].text == "bob's own")
        await mod.delete(aid, cid)
        await mod.wait_saved()
        await bob.wait_for(lambda page: len(page.annotations[0].comments) == 1)
        assert [page.state for page in pages] == ["live"] * 3
        assert [page.drafts for page in pages] == [()] * 3
