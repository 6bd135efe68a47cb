"""The welcome of a real server is the one that is documented."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from crdtchat.document.schema import COMMENT_CP
from crdtchat.sync import message
from tests.raw_client import raw_client
from tests.server_process import running_server

PROTOCOL = Path(__file__).parents[2] / "docs" / "PROTOCOL.md"


@pytest.fixture
def anyio_backend() -> str:
    """The raw client speaks through asyncio."""
    return "asyncio"


def documented() -> dict[str, Any]:
    """The example of PROTOCOL section 4."""
    text = PROTOCOL.read_text(encoding="utf-8")
    found = re.search(r"\*\*Welcome\*\*.*?```json\n(.*?)```", text, re.DOTALL)
    assert found is not None
    example: dict[str, Any] = json.loads(found[1])
    return example


def shape(value: object) -> object:
    """Names of members, all the way down."""
    return {name: shape(part) for name, part in value.items()} if isinstance(value, dict) else None


async def test_it_holds_what_is_documented(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        async with raw_client(server.socket_url, "page", token=server.token("ann")) as ann:
            welcome = await ann.until(message.Welcome)
    assert shape(welcome.info) == shape(documented())
    limits = welcome.info["limits"]
    assert isinstance(limits, dict)
    assert limits["comment_cp"] == COMMENT_CP == documented()["limits"]["comment_cp"]
