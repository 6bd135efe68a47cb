"""Dates may lie in the past: what stands first in a thread for that is nobody else's word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from tests.raw_client import raw_client
from tests.server.test_openapi_strict import check
from tests.server_process import running_server

CREATED = 1_700_000_000_000


async def test_words_dated_before_an_annotation_are_not_its_authors(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        tokens = {user: server.token(user) for user in ("ann", "bob")}
        async with raw_client(server.socket_url, "page", token=tokens["ann"]) as ann:
            await ann.join()
            await ann.write(1, "a", "anno", ("ann", CREATED, "the words", "", "", 0, 9))
            await ann.write(2, "c", "anno/c001", ("ann", CREATED, "Hers."))
        async with raw_client(server.socket_url, "page", token=tokens["bob"]) as bob:
            await bob.join()
            await bob.write(3, "c", "anno/c002", ("bob", 1, "His."))
        route = f"{server.url}/api/v1/demo/annotations/anno"
        headers = {"Authorization": f"Bearer {tokens['ann']}"}
        async with httpx.AsyncClient(params={"page": "page"}, headers=headers) as client:
            shown = (await client.get(route)).json()
        (exported,) = _exported(server.run("export", "--tenant", "demo"))
    check("GET", "/annotations/{aid}", 200, shown)
    for found in (shown, exported):
        assert found["creator"]["id"] == "ann"
        assert found["body"]["value"] == "His."
        assert found["body"]["creator"] == {"type": "Person", "id": "bob", "name": "Bob"}


def _exported(text: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(text)["first"]["items"]
    return items
