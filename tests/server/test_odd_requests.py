"""Requests at the edge of HTTP: each is served, or answered in a clear sentence, over sockets as
over REST."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from crdtchat.server.doors import HEAD_BYTES
from tests.raw_client import raw_client
from tests.server.conftest import Api
from tests.server.test_rest import problem
from tests.server_process import ServerProcess

V1 = Subprotocol("crdtchat.v1")
Apis = dict[str, Api]
LONG = ("ż" * 2_048, "本" * 1_600)
"""Percent-encoded they are 12,288 and 14,400 bytes."""
TOO_LONG = ("本" * 2_048, "🙂" * 2_048)


@pytest.fixture
def anyio_backend() -> str:
    """The raw client's."""
    return "asyncio"


@pytest.mark.parametrize("page", LONG, ids=len)
async def test_a_long_page_id_works_on_both(server: ServerProcess, api: Apis, page: str) -> None:
    """A socket of one of more than 8,192 bytes was ended without an answer."""
    api["ann"].page = page
    api["ann"].annotate()
    async with raw_client(server.socket_url, page, token=api["ann"].token) as ann:
        await ann.join()
        assert len(ann.replica.values("a")) == 1


@pytest.mark.parametrize("page", TOO_LONG, ids=len)
async def test_a_longer_one_is_refused_by_both(server: ServerProcess, api: Apis, page: str) -> None:
    api["ann"].page = page
    words = problem(api["ann"]("GET"), 431)["detail"]
    assert str(HEAD_BYTES) in words
    with pytest.raises(InvalidStatus) as refused:
        async with raw_client(server.socket_url, page, token=api["ann"].token):
            pass
    assert refused.value.response.status_code == 431
    assert json.loads(refused.value.response.body)["detail"] == words


async def test_many_headers_work_on_both(server: ServerProcess, api: Apis) -> None:
    many = {f"x-{number}": "y" for number in range(200)} | {"cookie": "c=" + "d" * 10_000}
    assert api["ann"]("GET", headers=many).status_code == 200
    url = f"{server.socket_url}/sync/demo/many?token={api['ann'].token}"
    async with connect(url, subprotocols=[V1], additional_headers=many) as socket:
        assert await socket.recv()
