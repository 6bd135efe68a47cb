"""Lists come in parts: bounded, and whole whatever is written between two requests."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest

from crdtchat.stores.base import Grant
from crdtchat.stores.sqlite import SqliteStore
from tests.server.conftest import Api
from tests.server.test_rest import problem
from tests.server_process import ServerProcess, running_server

Apis = dict[str, Api]
PAGED = {"/pages": "pages", "/reports": "reports", "/blocks": "users"}


def ids(part: httpx.Response) -> list[str]:
    return [item["id"] for item in part.json()["items"]]


@pytest.fixture
def api(server: ServerProcess, page: str) -> Iterator[Apis]:
    """Of a tenant of its own for each test."""
    tenant = f"t{abs(hash(page))}"
    server.run("tenant", "add", tenant)
    with httpx.Client(verify=False) as http:
        apis = {
            user: Api(http, server.url, page, server.token(user, role, tenant=tenant), tenant)
            for user, role in (("ann", "commenter"), ("mod", "moderator"))
        }
        while apis["ann"]("GET").status_code == 404:
            pass  # a running server takes a new tenant in within a second
        yield apis


def follow(api: Api, path: str, limit: int) -> Iterator[list[Any]]:
    """The parts of a list, one after another."""
    place: dict[str, Any] = {}
    while True:
        body = api("GET", path, limit=limit, **place).json()
        yield body[PAGED[path]]
        if "next" not in body:
            return
        place = {"after": body["next"]}


def test_pages(api: Apis) -> None:
    ann, names = api["ann"], [f"page {number} ż🙂" for number in range(5)]
    for name in names:
        ann.page = name
        ann.annotate()
    ann.page = ""
    whole = ann("GET", "/pages").json()
    assert [page["page"] for page in whole["pages"]] == names[::-1] and "next" not in whole
    for limit in (1, 2, 4, 5):
        parts = list(follow(ann, "/pages", limit))
        assert {len(part) for part in parts[:-1]} <= {limit}
        assert list(chain(*parts)) == whole["pages"]


def test_a_page_that_is_new_moves_none_into_the_next_part(api: Apis) -> None:
    ann, found = api["ann"], []
    for number in range(5):
        ann.page = f"page {number}"
        ann.annotate()
    for number, part in enumerate(follow(ann, "/pages", 2)):
        found += [page["page"] for page in part]
        ann.page = f"new {number}"
        ann.annotate()
    assert found == [f"page {number}" for number in (4, 3, 2, 1, 0)]


def test_pages_of_a_token_for_some(api: Apis, server: ServerProcess) -> None:
    ann = api["ann"]
    for number in range(6):
        ann.page = f"{'odd' if number % 2 else 'even'} {number}"
        ann.annotate()
    ann.token = server.token("ann", "commenter", tenant=ann.root.rpartition("/")[2], page="odd*")
    parts = [[page["page"] for page in part] for part in follow(ann, "/pages", 2)]
    assert parts == [["odd 5", "odd 3"], ["odd 1"]]


def test_what_moderators_read(api: Apis) -> None:
    ann, mod = api["ann"], api["mod"]
    for number in range(3):
        aid = ann.annotate()["id"]
        assert mod("POST", f"/annotations/{aid}/reports", json={}).status_code == 204
        assert mod("PUT", f"/blocks/user {number}").status_code == 204
    for path, name in (("/reports", "reports"), ("/blocks", "users")):
        whole = mod("GET", path).json()[name]
        assert len(whole) == 3
        assert [len(part) for part in follow(mod, path, 2)] == [2, 1]
        assert list(chain(*follow(mod, path, 1))) == whole
    # What was in a part is dealt with before the next is asked for.
    seen = []
    for (report,) in follow(mod, "/reports", 1):
        seen.append(report["target"])
        mod("DELETE", f"/annotations/{report['target']}/reports")
    assert len(set(seen)) == 3


def test_annotations_that_go_and_come_in_between(api: Apis) -> None:
    ann = api["ann"]
    made = [str(ann.annotate(f"number {number}")["id"]) for number in range(6)]
    headers = {"Authorization": f"Bearer {ann.token}"}
    first = ann("GET", limit=2)
    assert ids(first) == made[:2]
    assert ann("DELETE", f"/annotations/{made[0]}").status_code == 204
    second = httpx.get(first.json()["next"], headers=headers)
    assert ids(second) == made[2:4]
    assert ann("DELETE", f"/annotations/{made[3]}").status_code == 204
    third = httpx.get(second.json()["next"], headers=headers)
    assert ids(third) == made[4:] and "next" not in third.json()
    back = httpx.get(third.json()["prev"], headers=headers)
    assert ids(back) == [made[1], made[2]] and back.json()["startIndex"] == 0
    assert "prev" not in back.json() and "next" in back.json()
    assert ids(ann("GET", offset=1, limit=2)) == [made[2], made[4]]
    beyond = ann("GET", offset=9, limit=2).json()
    assert beyond["items"] == [] and "next" not in beyond
    assert ids(httpx.get(beyond["prev"], headers=headers)) == made[4:]


@pytest.mark.parametrize("path", ["/annotations", *PAGED])
def test_what_is_no_place(api: Apis, path: str) -> None:
    mod = api["mod"]
    texts = (
        *("{}", "[]", "[1]", '["a"]' * 2, "[[],[]]", '[1,"a",2]', "null", "9" * 40, "[" * 9_000),
        *('[true,"a"]', '[-1,"a","b"]', '[9e99,"a","b"]', f'[{2**53},"a","b"]'),
        *('[1,"\\u0000","b"]', '[1,"\\ud800","b"]', '["\\ud800"]', '["\\u0000"]'),
    )
    places = (*(urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in texts), "", "ż")
    for place in places:
        problem(mod("GET", path, after=place), 400)
    for limit in ("0", "1001", "x", "-1", ""):
        problem(mod("GET", path, limit=limit), 400)
    if path == "/annotations":
        problem(mod("GET", path, before="x"), 400)
        problem(mod("GET", path, offset=0, after="x"), 400)


async def test_no_answer_is_longer_than_a_thousand_rows(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "crdtchat.sqlite3")
    await store.open()
    for number in range(1_005):
        await store.put_grant(Grant("demo", f"user {number:04}", "blocked"))
    await store.close()
    with running_server(tmp_path) as server, httpx.Client(verify=False) as http:
        mod = Api(http, server.url, "", server.token("mod", "moderator"))
        parts = list(follow(mod, "/blocks", 1_000))
        assert [len(part) for part in parts] == [1_000, 5]
        assert len(mod("GET", "/blocks").json()["users"]) == 1_000


def test_who_reads_without_pause_is_told_when_to_come_back(tmp_path: Path) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text(
        '[tenants.demo]\nguests = "commenter"\n[tenants.demo.limits]\nuser_reads_per_minute = 5\n'
        "[tenants.whole.limits]\nreads_per_minute = 5\nuser_reads_per_minute = 0\n"
    )
    with (
        running_server(tmp_path / "data", ["--config", str(config)]) as server,
        httpx.Client(verify=False) as http,
    ):

        def api(user: str, tenant: str = "demo") -> Api:
            return Api(http, server.url, "page", server.token(user, tenant=tenant), tenant)

        ann, bob = api("ann"), api("bob")
        read = [ann("GET", path) for path in ("/annotations", "/pages", "/presence") * 2]
        assert [answer.status_code for answer in read] == [200] * 5 + [429]
        body = problem(read[-1], 429, "rate-limited")
        assert 1 <= int(read[-1].headers["retry-after"]) <= 12 and "too fast" in body["detail"]
        assert ann("POST", json={"target": {"exact": "x"}, "body": "y"}).status_code == 201
        assert bob("GET").status_code == 200
        # Guests are others with each request, and one address.
        url = f"{server.url}/api/v1/demo/annotations"
        guests = [http.get(url, params={"page": "page"}).status_code for _ in range(6)]
        assert guests == [200] * 5 + [429]
        whole = [api(user, "whole")("GET").status_code for user in "abcdef"]
        assert whole == [200] * 5 + [429]
