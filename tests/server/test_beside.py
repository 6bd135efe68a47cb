"""What takes long for a large page or file is done beside what others are answered: none of it runs
in the thread that answers everybody."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

import httpx
import pytest

from crdtchat.access.tokens import digest
from crdtchat.document import json_items, jsonld, view
from crdtchat.stores.base import Token
from crdtchat.sync.tuning import Tuning
from tests.server_here import running

PAGE = {"page": "p"}
JSON = {"Content-Type": "application/json"}
ITEM = {"target": {"exact": "the words"}, "body": "Whose words?"}


@pytest.fixture
def anyio_backend() -> str:
    """The server is asyncio's."""
    return "asyncio"


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An owner's requests to a server in this thread."""
    token = Token("t1", digest("cct_own"), "demo", "owner", "own", "Own")
    async with running(tmp_path, Tuning()) as server:
        await server.hub.store.add_token(token)
        async with httpx.AsyncClient(
            verify=False,
            base_url=f"http://127.0.0.1:{server.port}/api/v1/demo",
            headers={"Authorization": "Bearer cct_own"},
            timeout=60,
        ) as client:
            yield client


@contextmanager
def called_here(*modules: ModuleType) -> Iterator[set[str]]:
    """Functions of some modules that this thread calls in a block."""
    files, called = {module.__file__ for module in modules}, set[str]()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename in files:
            called.add(frame.f_code.co_name)

    sys.setprofile(note)  # of this thread alone
    try:
        yield called
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("body", [b" " * 1_000_000, b'[{"id": "a"}, 5]'], ids=["spaces", "list"])
async def test_an_import_is_read(http: httpx.AsyncClient, body: bytes) -> None:
    """60 MB of spaces in the name of one tenant's owner kept everybody waiting for 20 seconds."""
    with called_here(json_items) as called:
        answer = await http.post("/import", params=PAGE, content=body, headers=JSON)
    assert answer.status_code == 200
    assert called == {"__init__"}


async def test_a_page_is_listed(http: httpx.AsyncClient) -> None:
    """Whoever might read a large page could hold up everybody, by asking for one annotation."""
    made = await http.post("/annotations", params=PAGE, json=ITEM)
    with called_here(view, jsonld) as called:
        answer = await http.get("/annotations", params={**PAGE, "limit": 1})
    assert [item["id"] for item in answer.json()["items"]] == [made.json()["id"]]
    assert called == set()
