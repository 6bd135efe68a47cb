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


OTHER = {"If-Match": '"other"'}


def test_changes_happen_only_to_what_was_seen(api: Apis) -> None:
    """`If-Match` was passed over by replies, reports and what moderators decide."""
    ann, mod = api["ann"], api["mod"]
    thread = f"/annotations/{ann.annotate()['id']}"
    made = ann("POST", f"{thread}/comments", json={"body": "x"}).json()
    reply = f"{thread}/comments/{made['id']}"
    changes: list[tuple[Api, str, str, str, object]] = [
        (ann, "POST", f"{thread}/comments", thread, {"body": "A reply."}),
        (ann, "POST", f"{thread}/reports", thread, {"reason": "spam"}),
        (ann, "POST", f"{reply}/reports", reply, {"reason": "spam"}),
        (mod, "DELETE", f"{thread}/reports", thread, None),
        (mod, "DELETE", f"{reply}/reports", reply, None),
        (mod, "PUT", f"{thread}/locked", thread, None),
        (mod, "DELETE", f"{thread}/locked", thread, None),
        (mod, "PUT", f"{reply}/hidden", reply, None),
        (mod, "DELETE", f"{reply}/hidden", reply, None),
        (mod, "PUT", f"{thread}/hidden", thread, None),
        (mod, "DELETE", f"{thread}/hidden", thread, None),
    ]
    for who, method, path, about, body in changes:
        before = mod("GET", thread), mod("GET", "/reports").json()
        problem(who(method, path, json=body, headers=OTHER), 412)
        assert (mod("GET", thread).json(), mod("GET", "/reports").json()) == (
            before[0].json(),
            before[1],
        )
        seen = {"If-Match": who("GET", about).headers["etag"]}
        assert who(method, path, json=body, headers=seen).is_success, (method, path)


def test_what_was_done_is_not_refused_for_having_been_done(api: Apis) -> None:
    """Sent again, as by a client that had no answer, with the ETag of before."""
    ann, mod = api["ann"], api["mod"]
    thread = f"/annotations/{ann.annotate()['id']}"
    seen = {"If-Match": mod("GET", thread).headers["etag"]}
    reply = {"body": "Once.", "broadcastId": "0b7e5a2c-6a44-4c8e-9d0a-3a3f0a4f6c12"}
    made = [mod("POST", f"{thread}/comments", json=reply, headers=seen) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() == made[1].json()
    seen = {"If-Match": mod("GET", thread).headers["etag"]}
    for _ in range(2):
        assert mod("PUT", f"{thread}/locked", headers=seen).status_code == 204


def test_where_nothing_was_seen_it_is_refused(api: Apis) -> None:
    ann, own = api["ann"], api["own"]
    for who, method, path, body in (
        (ann, "POST", "/annotations", {"target": {"exact": "x"}, "body": "y"}),
        (ann, "PUT", f"/versions/{'v' * 22}", None),
        (own, "POST", "/import", []),
        (own, "PUT", "/blocks/troll", None),
        (own, "DELETE", "/blocks/troll", None),
    ):
        for header in ("*", '"other"'):
            problem(who(method, path, json=body, headers={"If-Match": header}), 412)
    assert own("GET").json()["items"] == [] == own("GET", "/blocks").json()["users"]
