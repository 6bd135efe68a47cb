"""Conditional requests beside those of `test_rest.test_conditions`, on a real server."""

from __future__ import annotations

import httpx
import pytest

from tests.server.conftest import Api
from tests.server.test_rest import problem
from tests.server_process import ServerProcess

Apis = dict[str, Api]


@pytest.mark.parametrize("path", ["/crdtchat.js", "/", "/usage", "/moderate", "/moderate.js"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_files_are_sent_once(server: ServerProcess, method: str, path: str) -> None:
    """Browsers ask for the script anew every five minutes."""
    first = httpx.get(f"{server.url}{path}")
    etag = first.headers["etag"]
    for header in (etag, f"W/{etag}", "*"):
        again = httpx.request(method, f"{server.url}{path}", headers={"If-None-Match": header})
        assert (again.status_code, again.content) == (304, b"")
        sent = ("etag", "cache-control", "access-control-allow-origin", "content-security-policy")
        assert [again.headers.get(name) for name in sent] == [
            first.headers.get(name) for name in sent
        ]
    other = httpx.request(method, f"{server.url}{path}", headers={"If-None-Match": '"other"'})
    assert other.status_code == 200
    assert other.content == (first.content if method == "GET" else b"")


def test_a_change_is_no_reading(api: Apis) -> None:
    """304 is for who reads: a change that `If-None-Match` forbids is not made, and 412."""
    ann = api["ann"]
    path = f"/annotations/{ann.annotate()['id']}"
    seen = ann("GET", path)
    comment = f"{path}/comments/{seen.json()['comments'][0]['id']}"
    for header in ("*", seen.headers["etag"]):
        forbidden = {"If-None-Match": header}
        problem(ann("PATCH", path, json={"resolved": True}, headers=forbidden), 412)
        problem(ann("DELETE", path, headers=forbidden), 412)
    problem(ann("PUT", f"{comment}/reactions/👍", headers={"If-None-Match": "*"}), 412)
    assert ann("GET", path).json() == seen.json()
    # What comes of a change may be what they had before.
    assert ann("PATCH", path, json={"target": {"exact": "others"}}).status_code == 200
    moved = ann("GET", path).headers["etag"]
    changed = ann("PATCH", path, json={"resolved": True}, headers={"If-None-Match": '"other"'})
    assert changed.status_code == 200
    assert changed.headers["etag"] != moved
