"""The examples of docs/rest.md, run as they stand against a real server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from crdtchat.access.description import LIMIT_NAMES
from crdtchat.access.tenants import DEFAULT_LIMITS
from crdtchat.server.openapi.document import openapi_document
from tests.server_process import ServerProcess

DOCS = (Path(__file__).parents[2] / "docs" / "rest.md").read_text(encoding="utf-8")


def test_the_examples(server: ServerProcess) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    names: dict[str, Any] = {}
    given = {"http://127.0.0.1:8000": server.url, '"..."': f'"{server.token("ann", "owner")}"'}
    for block in blocks:
        for placeholder, value in given.items():
            block = block.replace(placeholder, value)
        exec(compile(block, "docs/rest.md", "exec"), names)
    names["api"].close()


def test_the_table_of_statuses() -> None:
    rows = re.findall(r"^\| ((?:\d{3}(?:, )?)+) \|", DOCS, re.MULTILINE)
    named = {status for row in rows for status in row.split(", ")}
    answered = {
        status
        for methods in openapi_document()["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
        if status >= "400"
    }
    assert named == answered | {"405"}  # of methods that no document lists


@pytest.mark.parametrize("name", LIMIT_NAMES)
def test_the_table_of_limits(name: str) -> None:
    row = re.search(rf"^\| `{name}` \| ([\d,]+|none) \|", DOCS, re.MULTILINE)
    assert row is not None
    default = getattr(DEFAULT_LIMITS, name)
    if name == "comment_characters":
        default = 10_000  # where a tenant says nothing, the schema's bound
    assert row[1].replace(",", "").replace("none", "0") == str(default)
