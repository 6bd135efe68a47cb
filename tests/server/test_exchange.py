"""Export and import over REST, against a real server: one path with the commands."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from crdtchat.access.directory import Directory
from crdtchat.access.gate import Gate
from crdtchat.access.guard import Guard
from crdtchat.access.principal import Principal
from crdtchat.access.roles import Role
from crdtchat.access.tenants import Tenant
from crdtchat.access.tokens import digest
from crdtchat.host.hub import Hub
from crdtchat.server.app import create_rest_app
from crdtchat.server.rest.asking import ATTESTED
from crdtchat.stores.base import Token
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.tuning import Tuning
from tests.server.conftest import Api
from tests.server_here import running
from tests.server_process import ServerProcess

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def anyio_backend() -> str:
    """In this process a hub is asyncio's."""
    return "asyncio"


@pytest.fixture
def fresh(api: dict[str, Api]) -> Iterator[dict[str, Api]]:
    """The same people on a page that nobody wrote on."""
    with httpx.Client(verify=False, timeout=60) as http:
        yield {
            user: Api(http, one.root.partition("/api/")[0], f"{one.page}/fresh", one.token)
            for user, one in api.items()
        }


def threads_of(api: Api) -> list[Any]:
    """What is on the page, without what tells one page from another."""
    return [
        (item["id"], [comment["body"]["value"] for comment in item["comments"]])
        for item in api("GET").json()["items"]
    ]


def fill(api: dict[str, Api]) -> str:
    """Two threads, one with a reply and a reaction; the reply's annotation."""
    api["ann"].annotate("First")
    aid = str(api["ann"].annotate("Second")["id"])
    reply = api["bob"]("POST", f"/annotations/{aid}/comments", json={"body": "A reply"}).json()
    api["ann"]("PUT", f"/annotations/{aid}/comments/{reply['id']}/reactions/👍")
    return aid


def test_one_page_out_and_into_another(api: dict[str, Api], fresh: dict[str, Api]) -> None:
    fill(api)
    export = api["own"]("GET", "/export")
    assert export.status_code == 200
    assert export.headers["content-type"].startswith("application/ld+json")
    rehearsed = fresh["own"]("POST", "/import", json=export.json(), dryRun="true").json()
    assert rehearsed["dryRun"] is True
    assert threads_of(fresh["own"]) == []
    assert fresh["own"]("GET", "/audit").json()["lines"] == []
    report = fresh["own"]("POST", "/import", json=export.json()).json()
    assert {**report, "dryRun": True} == rehearsed
    assert report["added"] == {"annotations": 2, "comments": 3, "names": 2, "reactions": 1}
    assert threads_of(fresh["own"]) == threads_of(api["own"])
    authors = {item["creator"]["id"] for item in fresh["vic"]("GET").json()["items"]}
    assert authors == {"import:ann"}
    for dry in ("true", "false"):
        again = fresh["own"]("POST", "/import", json=export.json(), dryRun=dry).json()
        assert (again["added"], again["leftOut"]) == ({}, [])
        assert again["known"] == {"annotations": 2, "comments": 3, "reactions": 1}
    lines = fresh["own"]("GET", "/audit").json()["lines"]
    assert {(line["who"], line["action"], line["via"]) for line in lines} == {
        ("own", "import", "rest")
    }
    assert sum(line.get("times", 1) for line in lines) == 3  # the names, and two annotations


def test_a_dry_run_judges_by_what_is_there(api: dict[str, Api], fresh: dict[str, Api]) -> None:
    aid = fill(api)
    export = api["own"]("GET", "/export").json()
    fresh["own"]("POST", "/import", json=export)
    fresh["mod"]("DELETE", f"/annotations/{aid}")
    reports = [
        fresh["own"]("POST", "/import", json=export, dryRun=dry).json()["leftOut"]
        for dry in ("true", "false")
    ]
    assert reports[0] == reports[1]
    assert all("deleted" in left["reason"] for left in reports[0])
    assert aid in reports[0][0]["examples"]
    assert len(threads_of(fresh["own"])) == 1


def test_what_cannot_be_read_is_reported(fresh: dict[str, Api]) -> None:
    hypothesis = {
        "id": "h1",
        "user": "acct:cy@hypothes.is",
        "created": "2026-01-01T00:00:00Z",
        "uri": "https://example.org/elsewhere",
        "text": "From elsewhere",
        "target": [{"selector": [{"type": "TextQuoteSelector", "exact": "words"}]}],
    }
    text = f"{json.dumps(hypothesis)}\n{{}}\n".encode()
    lines = {"Content-Type": "application/x-ndjson"}
    owner = fresh["own"]
    answer = httpx.post(
        f"{owner.root}/import",
        params={"page": owner.page},
        headers={"Authorization": f"Bearer {owner.token}", **lines},
        content=text,
    )
    report = answer.json()
    assert report["added"]["annotations"] == 1
    assert [(one["reason"], one["count"]) for one in report["leftOut"]] == [
        ("objects in none of the formats known", 1)
    ]
    assert [texts for _, texts in threads_of(owner)] == [["From elsewhere"]]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{no json", JSON, 400),
        (b"\xff\xfe", JSON, 400),
        (b"[]", {"Content-Type": "text/csv"}, 415),
        (b"[]", JSON, 200),
    ],
)
def test_bodies(fresh: dict[str, Api], content: bytes, headers: Any, status: int) -> None:
    owner = fresh["own"]
    answer = httpx.post(
        f"{owner.root}/import",
        params={"page": owner.page},
        headers={"Authorization": f"Bearer {owner.token}", **headers},
        content=content,
    )
    assert answer.status_code == status, answer.text


def test_too_large_a_body_is_refused(fresh: dict[str, Api]) -> None:
    owner = fresh["own"]
    answer = httpx.post(
        f"{owner.root}/import",
        headers={"Authorization": f"Bearer {owner.token}", **JSON},
        content=(b" " * 1_048_576 for _ in range(65)),
        timeout=60,
    )
    assert answer.status_code == 413


async def test_a_file_that_the_server_has_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container whose file system is read-only, and has no /tmp."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    async with running(tmp_path, Tuning()) as server:
        await server.hub.store.add_token(Token("t", digest("cct_own"), "demo", "owner", "own", ""))
        url = f"http://127.0.0.1:{server.port}/api/v1/demo/import"
        headers = {"Authorization": "Bearer cct_own", **JSON}
        async with httpx.AsyncClient(verify=False, headers=headers) as http:
            large = await http.post(url, content=b" " * 1_048_577)
            small = await http.post(url, content=b" " * 1_048_574 + b"[]")
    assert (large.status_code, small.status_code) == (503, 200)
    assert "No such file or directory" in large.json()["detail"]


def test_only_owners_and_only_their_pages(
    server: ServerProcess, api: dict[str, Api], page: str
) -> None:
    for user in ("ann", "vic", "mod"):
        assert api[user]("GET", "/export").status_code == 403
        assert api[user]("POST", "/import", json=[]).status_code == 403
    some = server.token("pat", "owner", page=page.replace("?", "[?]"))
    headers = {"Authorization": f"Bearer {some}"}
    with httpx.Client(verify=False, base_url=f"{api['own'].root}/", headers=headers) as http:
        assert http.get("export", params={"page": page}).status_code == 200
        assert http.get("export", params={"page": "another"}).status_code == 403
        assert http.get("export").status_code == 403
        assert http.post("import", json=[]).status_code == 403
        assert http.post("import", json=[], params={"page": page}).status_code == 200


def test_one_import_at_a_time(fresh: dict[str, Api]) -> None:
    """The first one has begun when the server asks for its body (RFC 9110, 10.1.1)."""
    owner = fresh["own"]
    url = httpx.URL(f"{owner.root}/import")
    head = [
        f"POST {url.raw_path.decode()} HTTP/1.1",
        f"Host: {url.netloc.decode()}",
        f"Authorization: Bearer {owner.token}",
        "Content-Type: application/json",
        "Content-Length: 2",
        "Expect: 100-continue",
        "Connection: close",
    ]
    with socket.create_connection((url.host, url.port), timeout=60) as first:
        answer = first.makefile("rb")
        first.sendall("\r\n".join([*head, "", ""]).encode())
        assert answer.readline().split()[1] == b"100"
        second = owner("POST", "/import", json=[])
        assert second.status_code == 429
        assert int(second.headers["Retry-After"]) >= 1
        first.sendall(b"[]")
        assert answer.readline() == b"\r\n"
        assert answer.readline().split()[1] == b"200"
        answer.read()
    assert owner("POST", "/import", json=[]).status_code == 200


async def test_a_program_that_signs_its_users_in_itself_has_it_too() -> None:
    """As Jupyter's server does, where the operator made somebody an owner."""
    store = MemoryStore()
    await store.open()
    gate = Gate(Directory({"demo": Tenant("demo")}, store), store)
    async with Hub(store) as hub:
        rest = create_rest_app(hub, gate, Guard(gate, lambda: hub.sources.now().wall))

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            own = Principal("demo", "own", "Own", Role.OWNER)
            await rest({**scope, "extensions": {ATTESTED: own}}, receive, send)

        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://own") as http:
            page = {"page": "p"}
            export = (await http.get("/api/v1/demo/export", params=page)).json()
            answer = await http.post("/api/v1/demo/import", params=page, json=export)
    assert (answer.status_code, answer.json()["added"]) == (200, {})
