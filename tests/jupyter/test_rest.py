"""The REST interface behind Jupyter's sign-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from anyio.to_thread import run_sync

from tests.jupyter.process import JupyterProcess
from tests.raw_client import raw_client

API = "crdtchat/api/v1/jupyter"
WORDS = {"exact": "words", "start": 3, "kind": "source", "part": "cell=c1"}


class Script:
    """A user's program about one page."""

    def __init__(self, client: httpx.Client, page: str) -> None:
        self._client = client
        self._page = page

    def ask(self, method: str, path: str = "annotations", **options: Any) -> httpx.Response:
        """Make a request below `/crdtchat/api/v1/jupyter`."""
        return self._client.request(method, f"{API}/{path}", params={"page": self._page}, **options)

    def annotate(self, text: str) -> httpx.Response:
        """Make an annotation."""
        return self.ask("POST", json={"target": WORDS, "body": text})


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    return f"jupyter/rest/{request.node.name}.ipynb"


@pytest.fixture
def script(jupyter: JupyterProcess, page: str) -> Iterator[Any]:
    """Makes users' programs."""
    clients: list[httpx.Client] = []

    def made(user: str) -> Script:
        clients.append(jupyter.client(user))
        return Script(clients[-1], page)

    yield made
    for client in clients:
        client.close()


async def test_a_program_reads_and_writes_as_its_user(
    jupyter: JupyterProcess, page: str, script: Any
) -> None:
    ann = script("ann")
    async with raw_client(jupyter.socket_url, page, token="bob-token", tenant="jupyter") as bob:
        await bob.join()
        made = await run_sync(ann.annotate, "By a program of Ann's.")
        assert made.status_code == 201, made.text
        item = made.json()
        assert item["creator"] == {"type": "Person", "id": "ann", "name": "Ann"}
        while bob.replica.get("a", item["id"]) is None:
            await bob.next()
    assert made.headers["location"].startswith(f"/far/down/{API}/annotations/{item['id']}")
    with jupyter.client("ann") as client:
        found = client.get(str(httpx.URL(jupyter.url).join(made.headers["location"])))
    assert (found.status_code, found.json()["id"]) == (200, item["id"])
    replied = script("bob").ask(
        "POST", f"annotations/{item['id']}/comments", json={"body": "Bob's too."}
    )
    assert replied.status_code == 201
    listed = ann.ask("GET")
    assert listed.headers["content-type"].startswith("application/ld+json")
    assert [len(one["comments"]) for one in listed.json()["items"]] == [2]
    again = ann.ask("GET", headers={"If-None-Match": listed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ann.ask("HEAD").content == b""
    wrong = ann.ask("PUT")
    assert wrong.status_code == 405
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert wrong.headers["content-type"] == "application/problem+json"


def test_who_may_not_gets_a_problem(script: Any) -> None:
    for user in ("", "eve", "out", "blind"):
        for answer in (script(user).ask("GET"), script(user).annotate("Me?")):
            assert (answer.status_code, answer.json()["status"]) == (403, 403)
            assert answer.headers["content-type"] == "application/problem+json"
    aid = script("ann").annotate("Mine.").json()["id"]
    assert script("bob").ask("DELETE", f"annotations/{aid}").status_code == 403
    assert script("mod").ask("DELETE", f"annotations/{aid}").status_code == 204


def test_other_tenants_are_not_here(jupyter: JupyterProcess) -> None:
    with jupyter.client("mod") as client:
        answer = client.get("crdtchat/api/v1/demo/annotations", params={"page": "x"})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.get("crdtchat/api/v1/jupyter/annotations").status_code == 400


def test_a_cookie_writes_with_the_xsrf_token_alone(jupyter: JupyterProcess, page: str) -> None:
    with jupyter.client("ann") as signed_in:
        signed_in.get("api/status")
        cookies = dict(signed_in.cookies)
    body = {"target": WORDS, "body": "From a page of Jupyter's."}
    address = f"{API}/annotations?page={page}"
    with httpx.Client(base_url=jupyter.url, cookies=cookies) as browser:
        assert browser.post(address, json=body).status_code == 403
        # What a page of Jupyter's shows: that it can read the site's cookies.
        browser.cookies.set("_xsrf", "0123456789abcdef")
        assert browser.post(address, json=body).status_code == 403
        xsrf = {"X-XSRFToken": "0123456789abcdef"}
        assert browser.post(address, json=body, headers=xsrf).status_code == 201
        evil = {"Origin": "https://evil.example"}
        assert browser.post(address, json=body, headers=xsrf | evil).status_code == 403


def test_a_body_has_an_end(script: Any) -> None:
    ann = script("ann")
    long = b'{"body": "' + b"x" * 3_000_000 + b'"}'
    kind = {"Content-Type": "application/json"}
    assert ann.ask("POST", content=long, headers=kind).status_code == 413
    parts = (long[at : at + 65_536] for at in range(0, len(long), 65_536))
    assert ann.ask("POST", content=parts, headers=kind).status_code == 413
    assert ann.annotate("Short.").status_code == 201


async def test_events_arrive_as_they_happen(
    jupyter: JupyterProcess, page: str, script: Any
) -> None:
    headers = {"Authorization": "token vic-token"}
    query = {"page": page}
    async with (
        httpx.AsyncClient(base_url=jupyter.url, headers=headers, timeout=60) as client,
        client.stream("GET", f"{API}/events", params=query) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        first = [line async for line in _until(lines, "id:")][-1]
        made = await run_sync(script("ann").annotate, "News.")
        data = [line async for line in _until(lines, "data:")][-1]
    event = json.loads(data.removeprefix("data:"))
    assert (event["page"], event["by"]) == (page, "ann")
    assert made.json()["id"] in data
    async with (
        httpx.AsyncClient(base_url=jupyter.url, headers=headers, timeout=60) as client,
        client.stream(
            "GET",
            f"{API}/events",
            params=query,
            headers={"Last-Event-ID": first.removeprefix("id:").strip()},
        ) as stream,
    ):
        again = [line async for line in _until(stream.aiter_lines(), "data:")][-1]
    assert again == data, "what was missed is told from the log"


async def test_who_is_blocked_goes_on_reading(
    jupyter: JupyterProcess, page: str, script: Any
) -> None:
    mod = script("mod")
    async with raw_client(jupyter.socket_url, page, token="pat-token", tenant="jupyter") as pat:
        await pat.join()
        assert (await run_sync(mod.ask, "PUT", "blocks/pat")).status_code == 204
        assert await pat.closed() == 4501
    try:
        assert script("pat").annotate("Still me.").status_code == 403
        assert script("pat").ask("GET").status_code == 200
    finally:
        assert mod.ask("DELETE", "blocks/pat").status_code == 204


async def _until(lines: Any, beginning: str) -> Any:
    async for line in lines:
        yield line
        if line.startswith(beginning):
            return
