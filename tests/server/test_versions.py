"""Page versions over REST, against a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Self

import httpx
import pytest

import crdtchat
from crdtchat.document.page_version import VERSION_BYTES, VERSIONS_PER_PAGE, version_of
from crdtchat.document.records import Target
from tests.server_process import ServerProcess, running_server

TEXT = "Zażółć gęślą jaźń 🙂\r\nand more words.\n"
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
TENANTS = """
[tenants.demo]
guests = "viewer"
[tenants.private]
page_versions = false
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("versions")
    (folder / "crdtchat.toml").write_text(TENANTS)
    with running_server(folder / "data", ["--config", str(folder / "crdtchat.toml")]) as running:
        yield running


Meet = Callable[..., "Person"]
_pages = count(1)


@pytest.fixture
def page() -> str:
    """A page that nobody has been on."""
    return f"https://example.org/{next(_pages)}?b=ż"


@pytest.fixture
def meet(server: ServerProcess) -> Iterator[Meet]:
    """Make people of a server: `meet("ann", "viewer")`."""
    with ExitStack() as stack:

        def make(user: str, role: str = "commenter", at: ServerProcess = server) -> Person:
            return stack.enter_context(Person(at, user, role))

        yield make


class Person:
    """Somebody who annotates and speaks REST."""

    def __init__(self, server: ServerProcess, user: str, role: str = "commenter") -> None:
        self.server = server
        self.token = server.token(user, role)
        self.http = httpx.Client(
            base_url=f"{server.url}/api/v1/demo/",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    async def annotate(self, text: str, page: str) -> str:
        """Annotate the first word of a page version."""
        async with crdtchat.connect(self.server.url, page=page, token=self.token) as live:
            word = text.split()[0]
            target = Target(word, "", "", 0, len(word), version=version_of(text))
            aid, operation = live._actions.annotate(target, "?", live._tick())
            await live._submit(operation)
            await live.wait_saved()
            return aid

    async def delete(self, aid: str, page: str) -> None:
        async with crdtchat.connect(self.server.url, page=page, token=self.token) as live:
            await live.delete(aid)

    def put(self, text: bytes, page: str, name: str = "", **more: object) -> httpx.Response:
        path = f"versions/{name or version_of(text)}"
        headers = more.get("headers", PLAIN)
        assert isinstance(headers, dict)
        return self.http.put(path, params={"page": page}, content=text, headers=headers)

    def get(self, name: str, page: str, **headers: str) -> httpx.Response:
        return self.http.get(f"versions/{name}", params={"page": page}, headers=headers)


async def test_a_text_comes_back_as_it_was_sent(meet: Meet, page: str) -> None:
    ann, ben = meet("ann"), meet("ben", "viewer")
    name = version_of(TEXT)
    assert len(name) == 22
    assert ann.get(name, page).status_code == 404
    await ann.annotate(TEXT, page)
    stored = ann.put(TEXT.encode(), page)
    assert (stored.status_code, stored.headers["etag"]) == (201, f'"{name}"')
    assert ann.put(TEXT.encode(), page).status_code == 204
    found = ben.get(name, page)
    assert found.status_code == 200
    assert found.content == TEXT.encode()
    assert found.headers["content-type"] == "text/plain; charset=utf-8"
    assert found.headers["cache-control"].startswith("private, ")
    assert ben.get(name, page, **{"If-None-Match": found.headers["etag"]}).status_code == 304
    assert ben.http.head(f"versions/{name}", params={"page": page}).status_code == 200
    assert ben.get(name, page + "&c").status_code == 404


async def test_only_a_record_of_ones_own_brings_a_text(meet: Meet, page: str) -> None:
    ann, eve = meet("ann"), meet("eve")
    text = "The words that Ann saw."
    await ann.annotate(text, page)
    await eve.annotate("Other words.", page)
    refused = eve.put(text.encode(), page)
    assert (refused.status_code, refused.json()["code"]) == (409, "not-named")
    forged = ann.put(b"The words that Eve wants.", page, version_of(text))
    assert (forged.status_code, forged.json()["code"]) == (422, "bad-value")
    assert ann.get(version_of(text), page).status_code == 404
    assert ann.put(text.encode(), page).status_code == 201


async def test_a_deleted_annotation_names_nothing(meet: Meet, page: str) -> None:
    ann = meet("ann")
    aid = await ann.annotate(TEXT, page)
    await ann.delete(aid, page)
    assert ann.put(TEXT.encode(), page).status_code == 409


async def test_what_is_no_text_is_refused(server: ServerProcess, meet: Meet, page: str) -> None:
    ann = meet("ann")
    binary = b"\xff\xfe\xfd words"
    async with crdtchat.connect(server.url, page=page, token=ann.token) as live:
        for content in (binary, b"x" * (VERSION_BYTES + 1), b"x" * VERSION_BYTES):
            target = Target("words", version=version_of(content))
            await live._submit(live._actions.annotate(target, "?", live._tick())[1])
    assert ann.put(binary, page).status_code == 422
    assert ann.put(b"x" * (VERSION_BYTES + 1), page).status_code == 413
    longest = b"x" * VERSION_BYTES
    json = {"Content-Type": "application/json"}
    assert ann.put(longest, page, headers=json).status_code == 415
    assert ann.put(longest, page).status_code == 201
    assert ann.get(version_of(longest), page).content == longest


async def test_a_page_keeps_so_many(server: ServerProcess, meet: Meet, page: str) -> None:
    ann = meet("ann")
    texts = [f"Version {number}." for number in range(VERSIONS_PER_PAGE + 1)]
    async with crdtchat.connect(server.url, page=page, token=ann.token) as live:
        for text in texts:
            target = Target("Version", version=version_of(text))
            await live._submit(live._actions.annotate(target, "?", live._tick())[1])
    statuses = [ann.put(text.encode(), page).status_code for text in texts]
    assert statuses == [*[201] * VERSIONS_PER_PAGE, 422]
    assert ann.put(texts[-1].encode(), page).json()["code"] == "too-many-versions"


def test_who_may_and_where(server: ServerProcess, meet: Meet, page: str) -> None:
    name = version_of(TEXT)
    guest = httpx.put(
        f"{server.url}/api/v1/demo/versions/{name}",
        params={"page": page},
        content=TEXT.encode(),
        headers=PLAIN,
    )
    assert guest.status_code == 403
    ann = meet("ann")
    assert ann.get("short", page).status_code == 404
    assert ann.http.get(f"versions/{name}").status_code == 400
    token = server.token("cy", tenant="private")
    off = httpx.get(
        f"{server.url}/api/v1/private/versions/{name}",
        params={"page": page},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (off.status_code, off.json()["detail"]) == (404, "this tenant keeps no page versions")


def test_a_tenant_of_the_database_turns_them_off_and_on(server: ServerProcess) -> None:
    """It could not: only the configuration's could."""
    server.run("tenant", "add", "stored", "--page-versions", "no")
    headers = {"Authorization": f"Bearer {server.token('cy', tenant='stored')}"}
    address = f"{server.url}/api/v1/stored/versions/{version_of(TEXT)}?page=p"

    def until(detail: str) -> None:
        while httpx.get(address, headers=headers).json()["detail"] != detail:
            pass  # takes effect within a second

    until("this tenant keeps no page versions")
    server.run("tenant", "change", "stored", "--page-versions", "yes")
    until("there is no such page version")
    server.run("tenant", "change", "stored", "--guests", "viewer")
    server.run("tenant", "change", "stored", "--page-versions", "no")
    until("this tenant keeps no page versions")


async def test_versions_outlive_the_server(tmp_path: Path, meet: Meet, page: str) -> None:
    with running_server(tmp_path / "data") as server:
        ann = meet("ann", at=server)
        await ann.annotate(TEXT, page)
        assert ann.put(TEXT.encode(), page).status_code == 201
        server.kill()
        server.restart()
        assert ann.get(version_of(TEXT), page).content == TEXT.encode()
