"""A page's annotations out of a real server and into another page, from Python."""

from __future__ import annotations

import pytest

import crdtchat
from crdtchat.client.errors import RequestFailed
from tests.server_process import ServerProcess


async def test_out_and_in(server: ServerProcess, page_id: str) -> None:
    owner, reader = server.token("own", "owner"), server.token("ann")
    copy = f"{page_id}/copy"
    async with (
        crdtchat.connect(server.url, page=page_id, token=owner) as here,
        crdtchat.connect(server.url, page=copy, token=owner) as there,
    ):
        await here.annotate("words", "Whose words?")
        await here.wait_saved()
        text = await here.export_json()
        expected = {"annotations": 1, "comments": 1, "names": 1}
        assert (await there.import_json(text, dry_run=True)).added == expected
        assert list(there.annotations) == []
        report = await there.import_json(text)
        assert report.added == expected
        assert not report.left_out
        await there.wait_for(lambda page: bool(page.annotations))
        assert there.annotations[0].author == "import:own"
        again = await there.import_json(text)
        assert next(again.lines()) == "nothing is new: nothing was changed"
        with pytest.raises(RequestFailed, match="cannot be read") as refused:
            await there.import_json("nothing that is JSON")
        assert refused.value.status == 400
    with crdtchat.connect_blocking(server.url, page=page_id, token=reader) as blocking:
        with pytest.raises(RequestFailed, match="may not administer"):
            blocking.export_json()
        with pytest.raises(RequestFailed, match="may not import"):
            blocking.import_json(text)
    with crdtchat.connect_blocking(server.url, page=copy, token=owner) as blocking:
        assert blocking.import_json(blocking.export_json()).known["annotations"] == 1


async def test_nobody_answers(server: ServerProcess, page_id: str) -> None:
    page = crdtchat.connect("http://127.0.0.1:9", page=page_id, token="x")
    with pytest.raises(RequestFailed, match="no answer") as failed:
        await page.export_json()
    assert failed.value.status == 0
