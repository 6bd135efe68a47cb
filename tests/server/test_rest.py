"""REST on a real server: every route, its statuses, its conditions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import anyio
import httpx
import pytest

from tests.server.conftest import Api
from tests.server_process import ServerProcess

Apis = dict[str, Api]


def problem(answer: httpx.Response, status: int, code: str = "") -> dict[str, Any]:
    """Check that an answer is a problem body (RFC 9457) of this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status and body["title"] and body["detail"]
    assert body.get("code", "") == code
    return body


def test_an_annotation_from_its_making_to_its_end(api: Apis) -> None:
    ann, bob = api["ann"], api["bob"]
    selectors = [
        {"type": "TextQuoteSelector", "exact": "words", "prefix": "the ", "suffix": "."},
        {"type": "TextPositionSelector", "start": 4, "end": 9},
    ]
    target = {"type": "SpecificResource", "source": ann.page, "selector": selectors}
    body = {"type": "TextualBody", "value": "Whose?", "format": "text/markdown"}
    made = ann("POST", json={"target": target, "body": body})
    assert made.status_code == 201
    first = made.json()
    assert first["target"]["selector"] == selectors
    assert first["body"]["value"] == "Whose?"
    assert first["creator"] == {"type": "Person", "id": "ann", "name": "Ann"}
    found = httpx.get(
        str(httpx.URL(ann.root).join(made.headers["location"])),
        headers={"Authorization": f"Bearer {ann.token}"},
    )
    assert found.json() == first
    assert found.headers["etag"] == made.headers["etag"]
    path = f"/annotations/{first['id']}"

    reply = bob("POST", f"{path}/comments", json={"body": "Mine."})
    assert reply.status_code == 201
    cid = reply.json()["id"]
    nested = ann("POST", f"{path}/comments", json={"body": "Really?", "parent": cid})
    assert nested.json()["parent"] == cid
    assert bob("GET", f"{path}/comments/{cid}").json() == reply.json()
    edited = bob("PATCH", f"{path}/comments/{cid}", json={"body": "Mine, all mine."})
    assert edited.json()["body"]["value"] == "Mine, all mine." and edited.json()["modified"]

    both = ann("PATCH", path, json={"body": "Whose are they?", "resolved": True})
    assert both.status_code == 200
    assert both.json()["body"]["value"] == "Whose are they?" and both.json()["resolved"]
    again = bob("PATCH", path, json={"resolved": False}).json()
    assert not again["resolved"]
    moved = ann("PATCH", path, json={"target": {"exact": "other words", "start": 40, "end": 51}})
    assert moved.json()["target"]["selector"][0]["exact"] == "other words"

    assert bob("DELETE", f"{path}/comments/{cid}").status_code == 204
    left = ann("GET", path).json()["comments"]
    assert [comment.get("deleted") is None for comment in left] == [True, False, True]
    problem(bob("GET", f"{path}/comments/{cid}"), 404, "deleted")
    problem(bob("PATCH", f"{path}/comments/{cid}", json={"body": "x"}), 409, "deleted")
    assert ann("DELETE", path).status_code == 204
    problem(ann("GET", path), 404, "deleted")
    problem(ann("GET", f"{path}/comments/{cid}"), 404, "deleted")
    problem(ann("PATCH", path, json={"resolved": True}), 409, "deleted")
    assert ann("GET").json()["items"] == []


def test_reactions_of_one_user_add_up(api: Apis) -> None:
    ann, bob = api["ann"], api["bob"]
    made = ann.annotate()
    comment: dict[str, Any] = made["comments"][0]  # type: ignore[index]
    path = f"/annotations/{made['id']}/comments/{comment['id']}"
    for who, emoji in ((ann, "👍"), (ann, "❤️"), (bob, "👍"), (ann, "👍")):
        assert who("PUT", f"{path}/reactions/{emoji}").status_code == 204
    assert ann("GET", path).json()["reactions"] == {"👍": ["ann", "bob"], "❤️": ["ann"]}
    assert ann("DELETE", f"{path}/reactions/👍").status_code == 204
    assert ann("DELETE", f"{path}/reactions/👍").status_code == 204
    assert ann("GET", path).json()["reactions"] == {"❤️": ["ann"], "👍": ["bob"]}
    assert ann("DELETE", f"{path}/reactions/❤️").status_code == 204
    assert ann("GET", path).json()["reactions"] == {"👍": ["bob"]}
    problem(ann("PUT", f"{path}/reactions/a b"), 422, "bad-value")
    problem(ann("PUT", f"{path}/reactions/{'👍' * 65}"), 422, "bad-value")


def test_a_repeated_request_answers_the_first_result(api: Apis, server: ServerProcess) -> None:
    """Idempotent by broadcastId, for the same principal, also over a restart."""
    ann, bob = api["ann"], api["bob"]
    operation = {"broadcastId": str(uuid4())}
    first = ann.annotate("Once.", **operation)
    path = f"/annotations/{first['id']}/comments"
    reply = ann("POST", path, json={"body": "Also once.", **operation})
    server.stop()
    server.restart()
    assert ann.annotate("Once.", **operation)["id"] == first["id"]
    again = ann("POST", path, json={"body": "Also once.", **operation})
    assert (again.status_code, again.json()) == (201, reply.json())
    assert again.headers["location"] == reply.headers["location"]
    assert bob.annotate("By another.", **operation)["id"] != first["id"]
    items = ann("GET").json()["items"]
    assert [len(item["comments"]) for item in items] == [2, 1]
    ann("DELETE", f"/annotations/{first['id']}")
    answer = ann("POST", json={"target": {"exact": "the words"}, "body": "Once.", **operation})
    problem(answer, 409, "deleted")


async def test_the_same_request_many_times_at_once(
    api: Apis, server: ServerProcess, tokens: dict[str, str]
) -> None:
    body = {"target": {"exact": "x"}, "body": "Once.", "broadcastId": str(uuid4())}
    seen: list[tuple[int, str]] = []
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {tokens['ann']}"}) as http:

        async def post() -> None:
            url = f"{server.url}/api/v1/demo/annotations"
            answer = await http.post(url, params={"page": api["ann"].page}, json=body)
            seen.append((answer.status_code, answer.json()["id"]))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(post)
    assert len(set(seen)) == 1 and seen[0][0] == 201
    assert len(api["ann"]("GET").json()["items"]) == 1


def test_conditions(api: Apis) -> None:
    ann = api["ann"]
    made = ann.annotate()
    path = f"/annotations/{made['id']}"
    listed = ann("GET")
    for header in (listed.headers["etag"], "*", f'"x", W/{listed.headers["etag"]}'):
        same = ann("GET", headers={"If-None-Match": header})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["etag"] == listed.headers["etag"]
    one = ann("GET", path)
    assert ann("GET", path, headers={"If-None-Match": one.headers["etag"]}).status_code == 304
    changed = ann("PATCH", path, json={"resolved": True}, headers={"If-Match": one.headers["etag"]})
    assert changed.status_code == 200 and changed.headers["etag"] != one.headers["etag"]
    assert ann("GET", headers={"If-None-Match": listed.headers["etag"]}).status_code == 200
    stale = {"If-Match": one.headers["etag"]}
    problem(ann("PATCH", path, json={"resolved": False}, headers=stale), 412)
    problem(ann("DELETE", path, headers=stale), 412)
    comment = f"{path}/comments/{changed.json()['comments'][0]['id']}"
    problem(ann("PATCH", comment, json={"body": "x"}, headers=stale), 412)
    newest = ann("GET", comment).headers["etag"]
    edited = ann("PATCH", comment, json={"body": "x"}, headers={"If-Match": newest})
    assert edited.status_code == 200
    assert ann("DELETE", path, headers={"If-Match": "*"}).status_code == 204
    head = ann("HEAD")
    assert head.status_code == 200 and head.content == b""
    assert head.headers["etag"] == ann("GET").headers["etag"]


def test_a_collection_in_parts_and_by_filters(api: Apis) -> None:
    ann, bob = api["ann"], api["bob"]
    ids = [ann.annotate(f"number {number}")["id"] for number in range(5)]
    ids.append(bob.annotate()["id"])
    assert bob("PATCH", f"/annotations/{ids[1]}", json={"resolved": True}).status_code == 200
    whole = ann("GET").json()
    assert [item["id"] for item in whole["items"]] == ids
    assert whole["type"] == "AnnotationPage" and whole["startIndex"] == 0
    assert whole["partOf"]["total"] == 6 and "next" not in whole and "prev" not in whole

    seen: list[str] = []
    part = ann("GET", limit=4).json()
    assert part["partOf"]["id"] == whole["partOf"]["id"]
    headers = {"Authorization": f"Bearer {ann.token}"}
    while True:
        seen += [item["id"] for item in part["items"]]
        assert part["id"] != part.get("next")
        if "next" not in part:
            break
        part = httpx.get(part["next"], headers=headers).json()
    assert seen == ids
    assert part["startIndex"] == 4
    first = httpx.get(part["prev"], headers=headers).json()
    assert [item["id"] for item in first["items"]] == ids[:4]

    def found(**query: Any) -> list[str]:
        return [item["id"] for item in ann("GET", **query).json()["items"]]

    assert found(state="resolved") == [ids[1]]
    assert found(state="open", author="ann") == [ids[0], *ids[2:5]]
    assert found(author="nobody") == []
    last = ann("GET").json()["items"][-1]
    assert ids[-1] in found(since=last["created"])
    assert found(since="2100-01-01T00:00:00Z") == []
    refused: tuple[dict[str, Any], ...] = (
        {"state": "orphaned"},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "²"},
        {"offset": "-1"},
    )
    for query in refused:
        problem(ann("GET", **query), 400)


def test_no_token_stands_in_what_is_answered(api: Apis, server: ServerProcess) -> None:
    ann = api["ann"]
    ann.annotate()
    ann.annotate()
    query = {"page": ann.page, "token": ann.token, "limit": "1"}
    answer = httpx.get(f"{ann.root}/annotations", params=query)
    assert answer.status_code == 200 and ann.token not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 100_000, 400),
        (b'{"target": 1, "body": "x"}', 422),
        (b'{"target": {"exact": 1}, "body": "x"}', 422),
        (b'{"target": {"exact": ""}, "body": "x"}', 422),
        (b'{"target": {"exact": "x", "start": 5, "end": 1}, "body": "x"}', 422),
        (b'{"target": {"exact": "x", "start": 1e3}, "body": "x"}', 422),
        (b'{"target": {"exact": "x", "start": 99999999999999999999}, "body": "x"}', 422),
        (b'{"target": {"exact": "\\ud800"}, "body": "x"}', 422),
        (b'{"target": {"exact": "x"}, "body": "\\ud800"}', 422),
        (b'{"target": {"exact": "x"}, "body": " "}', 422),
        (b'{"target": {"exact": "x"}, "body": {"value": 1}}', 422),
        (b'{"target": {"exact": "x"}, "body": "x", "broadcastId": "no"}', 422),
        (b'{"target": {"exact": "x"}, "body": "%s"}' % (b"x" * 10_001), 422),
        (b'{"target": {"exact": "x"}, "body": "%s"}' % (b"x" * 140_000), 413),
    ],
)
def test_bodies_that_are_refused(
    api: Apis, server: ServerProcess, body: bytes, status: int
) -> None:
    ann = api["ann"]
    headers = {"Authorization": f"Bearer {ann.token}", "Content-Type": "application/json"}
    url = f"{ann.root}/annotations"
    answer = httpx.post(url, params={"page": ann.page}, content=body, headers=headers)
    problem(answer, status, "bad-value" if status == 422 else "")
    assert ann("GET").json()["items"] == []


def test_requests_that_are_refused(api: Apis, server: ServerProcess) -> None:
    ann, vic = api["ann"], api["vic"]
    made = ann.annotate()
    path = f"/annotations/{made['id']}"
    problem(httpx.get(f"{server.url}/api/v1/nobody/annotations", params={"page": "p"}), 404)
    problem(httpx.get(f"{server.url}/api/v1/demo/nothing", params={"page": "p"}), 404)
    problem(httpx.get(f"{ann.root}/annotations"), 400)
    problem(ann("GET", page="x" * 2_049), 400)
    problem(ann("GET", page="x\0y"), 400)
    wrong = httpx.get(
        f"{ann.root}/annotations", params={"page": "p"}, headers={"Authorization": "Bearer cct_x"}
    )
    problem(wrong, 401)
    assert wrong.headers["www-authenticate"] == "Bearer"
    problem(vic("POST", json={"target": {"exact": "x"}, "body": "x"}), 403)
    problem(vic("DELETE", path), 403)
    problem(api["bob"]("DELETE", path), 403, "not-author")
    problem(api["bob"]("PATCH", path, json={"body": "not mine"}), 403, "not-author")
    problem(api["bob"]("PATCH", path, json={"target": {"exact": "y"}}), 403, "not-author")
    problem(ann("GET", "/annotations/nope1234"), 404, "unknown-annotation")
    problem(ann("GET", "/annotations/no!"), 404, "unknown-annotation")
    problem(ann("PATCH", f"{path}/comments/nope1234", json={"body": "x"}), 404, "unknown-comment")
    orphan = {"body": "x", "parent": "nope1234"}
    problem(ann("POST", f"{path}/comments", json=orphan), 404, "unknown-comment")
    problem(ann("PATCH", path, json={}), 422, "bad-value")
    problem(ann("PATCH", path, json={"resolved": "yes"}), 422, "bad-value")
    headers = {"Content-Type": "text/plain"}
    problem(ann("POST", headers=headers, json={"body": "x"}), 415)
    refused = ann("PUT")
    problem(refused, 405)
    assert {"GET", "POST", "HEAD"} <= set(refused.headers["allow"].split(", "))
    foreign = ann("GET", headers={"Origin": "https://evil.example"})
    problem(foreign, 403)
    assert "access-control-allow-origin" not in foreign.headers


def test_a_moderator_deletes_and_moves_what_others_wrote(api: Apis) -> None:
    made = api["ann"].annotate()
    path = f"/annotations/{made['id']}"
    mod = api["mod"]
    assert mod("PATCH", path, json={"target": {"exact": "elsewhere"}}).status_code == 200
    problem(mod("PATCH", path, json={"body": "words in her mouth"}), 403, "not-author")
    assert mod("DELETE", path).status_code == 204


def test_foreign_pages_of_allowed_origins(api: Apis) -> None:
    """The demo tenant allows pages of this machine."""
    ann = api["ann"]
    origin = "http://localhost:5173"
    asked = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
    preflight = httpx.options(f"{ann.root}/annotations/x", headers=asked)
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    for answer in (ann("GET", headers={"Origin": origin}), ann("GET", "/nothing", headers=asked)):
        assert answer.headers["access-control-allow-origin"] == origin
        assert "Origin" in answer.headers["vary"]
        assert "ETag" in answer.headers["access-control-expose-headers"]
    evil = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    refused = httpx.options(f"{ann.root}/annotations", headers=evil)
    problem(refused, 403)
    assert "access-control-allow-origin" not in refused.headers


def test_a_cookie_writes_for_own_pages_only(api: Apis, server: ServerProcess) -> None:
    """Cross-site request forgery: the browser sends the cookie, and says whose page asked."""
    ann = api["ann"]
    url, query = f"{ann.root}/annotations", {"page": ann.page}
    body = {"target": {"exact": "x"}, "body": "by cookie"}
    guests = len(ann("GET").json()["items"])

    def post(**headers: str) -> httpx.Response:
        sent = {"Cookie": f"crdtchat_token={ann.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(url, params=query, json=body, headers=sent)

    assert post(Origin=server.url).json()["creator"]["id"] == "ann"
    assert post(Sec_Fetch_Site="same-origin").json()["creator"]["id"] == "ann"
    for headers in (
        {},
        {"Origin": "http://localhost:5173"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        answer = post(**headers)
        # The demo admits guests: without the cookie it is one of them who writes, or nobody.
        assert answer.status_code == 403 or answer.json()["creator"]["id"] != "ann"
    assert len(ann("GET", author="ann").json()["items"]) == guests + 2
    read = httpx.get(url, params=query, headers={"Cookie": f"crdtchat_token={ann.token}"})
    assert read.status_code == 200


def test_a_guest_who_wrote_comes_back_as_the_same(server: ServerProcess, page: str) -> None:
    """By what the first answer told; reading tells nothing, and another guest is another."""
    root = f"{server.url}/api/v1/demo/annotations"
    body = {"target": {"exact": "x"}, "body": "a guest's"}
    query = {"page": page, "name": "Zoe"}
    with httpx.Client(params=query) as http:
        assert "crdtchat-token" not in http.get(root).headers
        refused = http.post(root, json={})
        assert refused.status_code == 422
        assert "crdtchat-token" not in refused.headers
        made = http.post(root, json=body, headers={"Origin": server.url})
        token = made.headers["crdtchat-token"]
        assert "Crdtchat-Token" in made.headers["access-control-expose-headers"]
        assert made.json()["creator"]["name"] == "Zoe"
        where = f"{root}/{made.json()['id']}"
        problem(http.patch(where, json={"body": "another's"}), 403, "not-author")
        mine = {"Authorization": f"Bearer {token}"}
        changed = http.patch(where, json={"body": "mine still"}, headers=mine)
        assert (changed.status_code, changed.json()["body"]["value"]) == (200, "mine still")
        assert "crdtchat-token" not in changed.headers
        assert http.delete(where, headers=mine).status_code == 204
