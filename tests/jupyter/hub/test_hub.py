"""JupyterHub with its real proxy: users of several servers in one discussion, under their names."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import crdtchat
from crdtchat.sync import message
from tests.jupyter.hub.process import USERS, HubProcess, running_hub
from tests.jupyter.kernels import running_kernel
from tests.jupyter.notebooks import write_notebook
from tests.raw_client import raw_client
from tests.server_process import ServerProcess

EVIL = "https://evil.example"
WORDS = {"exact": "words", "start": 0, "kind": "source", "part": "cell=h1"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[HubProcess, ServerProcess]]:
    """The hub with everybody's server running, and the central server."""
    with running_hub(tmp_path_factory.mktemp("hub")) as (hub, central):
        for user in USERS:
            write_notebook(hub.home / user / "talk.ipynb", [("h1", "words"), ("h2", "y")])
        with ThreadPoolExecutor() as threads:
            list(threads.map(hub.start_server, USERS))
        yield hub, central


@pytest.fixture
def hub(both: tuple[HubProcess, ServerProcess]) -> HubProcess:
    return both[0]


@pytest.fixture
def central(both: tuple[HubProcess, ServerProcess]) -> ServerProcess:
    return both[1]


def discussion(client: httpx.Client, **headers: str) -> httpx.Response:
    """Ask a user's server where their notebook is discussed."""
    body = {"path": "talk.ipynb"}
    return client.post("crdtchat/api/discussion", json=body, headers=headers)


def xsrf(browser: httpx.Client) -> str:
    """What a page of the user's server reads from its cookies."""
    path = browser.base_url.path
    found = [one.value for one in browser.cookies.jar if (one.name, one.path) == ("_xsrf", path)]
    assert found[0] is not None
    return found[0]


async def test_two_users_see_each_others_comments_at_once(
    hub: HubProcess, central: ServerProcess
) -> None:
    places: dict[str, dict[str, Any]] = {}
    for user in ("ann", "bob"):
        with hub.browser(user) as browser:
            assert discussion(browser).status_code == 403, "no XSRF token"
            token = {"X-XSRFToken": xsrf(browser)}
            assert discussion(browser, **token, Origin=EVIL).status_code in (403, 404)
            places[user] = discussion(browser, **token).raise_for_status().json()
    assert {place["url"] for place in places.values()} == {central.url}
    assert len({place["page"] for place in places.values()}) == 1
    place = places["ann"]
    async with (
        crdtchat.connect(
            place["url"], tenant=place["tenant"], page=place["page"], token=place["token"]
        ) as ann,
        crdtchat.connect(
            place["url"],
            tenant=place["tenant"],
            page=place["page"],
            token=places["bob"]["token"],
        ) as bob,
    ):
        await ann.wait_live()
        await bob.wait_live()
        aid = await ann.annotate("words", "Ann asks.", kind="source", part="cell=h1")
        await bob.wait_for(lambda page: page.annotation(aid) is not None)
        await bob.reply(aid, "Bob answers.")
        await ann.wait_for(lambda page: len(page.annotations[0].comments) == 2)
        signed = [(one.author, one.author_name) for one in ann.annotations[0].comments]
        assert signed == [("ann", "ann"), ("bob", "bob")], "as the hub knows them"
        await ann.wait_for(lambda page: {one.name for one in page.people} == {"ann", "bob"})


async def test_the_central_server_lets_in_whom_it_should(
    hub: HubProcess, central: ServerProcess
) -> None:
    with hub.program("bob") as program:
        place = discussion(program).raise_for_status().json()
        assert program.get("crdtchat/api/v1/jupyter/pages").status_code == 404, "one place alone"
    tenant, page, token = place["tenant"], place["page"], place["token"]
    own = {"tenant": tenant, "token": token}
    async with raw_client(central.socket_url, page, origin=hub.url, **own) as bob:
        assert (await bob.until(message.Welcome)).info["readonly"] is False
    async with raw_client(central.socket_url, page, origin=EVIL, **own) as evil:
        assert await evil.closed() == 4403
    async with raw_client(central.socket_url, "jupyter/other.ipynb", **own) as other:
        assert await other.closed() == 4403, "the token is for one page"


def test_a_users_server_is_theirs(hub: HubProcess) -> None:
    with hub.program("bob", "ann") as bob, httpx.Client(base_url=bob.base_url) as nobody:
        assert discussion(bob).status_code == 403
        assert discussion(nobody).status_code == 403


async def test_a_server_of_its_own_behind_the_proxy(hub: HubProcess) -> None:
    with hub.program("cy") as cy:
        place = discussion(cy).raise_for_status().json()
        assert (place["url"], place["user"]) == ("/user/cy/crdtchat", "cy")
        body = {"target": WORDS, "body": "Over REST."}
        query = {"page": place["page"]}
        api = "crdtchat/api/v1/jupyter/annotations"
        made = cy.post(api, params=query, json=body).raise_for_status()
        assert made.headers["location"].startswith(f"/user/cy/{api}/")
        assert cy.get(hub.url + made.headers["location"]).json()["creator"]["id"] == "cy"
        socket = f"{hub.url.replace('http', 'ws', 1)}/user/cy/crdtchat"
        async with raw_client(
            socket,
            place["page"],
            tenant="jupyter",
            headers={"Authorization": cy.headers["Authorization"]},
        ) as peer:
            await peer.join()
            assert peer.user == "cy"
            assert peer.replica.get("a", made.json()["id"]) is not None


@pytest.mark.parametrize("user", USERS)
def test_a_notebook_finds_its_discussion(hub: HubProcess, user: str) -> None:
    with hub.program(user) as program, running_kernel(program, "talk.ipynb") as kernel:
        where = discussion(program).json()["page"]
        assert kernel.run(
            "import crdtchat\n"
            "from crdtchat.client.surroundings import locate\n"
            "with crdtchat.connect_blocking() as page:\n"
            "    page.wait_live(); print(page.me.id, page.state, locate(*[None] * 5).page)"
        ) == (f"{user} live {where}")
