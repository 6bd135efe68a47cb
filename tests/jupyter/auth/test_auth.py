"""Jupyter's identity, authorizer, tokens and origins hold for discussions."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection

from crdtchat.sync import message
from tests.jupyter.notebooks import write_notebook
from tests.raw_client import RawClient, broadcast_id

AT = 1_700_000_000_000
TARGET = ("y", "", "", 0, 1)
PAGE = "jupyter/auth/file.ipynb"
EVIL = {"Origin": "https://evil.example"}
NOBODY = ("", "eve", "out", "blind")
"""Without a token, with a wrong one, and those whom the authorizer lets see nothing."""

Fetch = Callable[..., Awaitable[Any]]


def headers(user: str) -> dict[str, str]:
    """What a user's program shows; pytest-jupyter's own token opens nothing here."""
    return {"Authorization": f"token {user}-token" if user else ""}


async def status(asked: Awaitable[Any]) -> int:
    """The status of an answer."""
    try:
        answer = await asked
    except HTTPClientError as error:
        return error.code
    if isinstance(answer, WebSocketClientConnection):
        answer.close()
        return 101
    code: int = answer.code
    return code


class Socket:
    """pytest-jupyter's connection, as the raw client uses one."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection

    async def send(self, frame: bytes) -> None:
        await self._connection.write_message(frame, binary=True)

    async def recv(self) -> bytes | str | None:
        return await self._connection.read_message()


Join = Callable[[str], Awaitable[RawClient]]


@pytest.fixture
def join(jp_ws_fetch: Fetch) -> Iterator[Join]:
    """Connects users to the page."""
    connections: list[WebSocketClientConnection] = []

    async def joined(user: str) -> RawClient:
        address = ("crdtchat", "sync", "jupyter", PAGE)
        protocols = [message.SUBPROTOCOL]
        connection = await jp_ws_fetch(*address, headers=headers(user), subprotocols=protocols)
        connections.append(connection)
        client = RawClient(Socket(connection))  # type: ignore[arg-type]
        await client.join()
        return client

    yield joined
    for connection in connections:
        connection.close()


def rest(jp_fetch: Fetch, user: str, method: str = "GET", **options: Any) -> Awaitable[Any]:
    """Ask for, or make, annotations."""
    shown = headers(user) | options.pop("headers", {})
    body = {"target": {"exact": "y", "start": 0}, "body": "words"} | options.pop("body", {})
    if method == "POST":
        shown["Content-Type"] = "application/json"
        options["body"] = json.dumps(body)
    address = ("crdtchat", "api", "v1", "jupyter", "annotations")
    return jp_fetch(*address, method=method, headers=shown, params={"page": PAGE}, **options)


def about(jp_fetch: Fetch, user: str, what: str, path: str = "here.ipynb") -> Awaitable[Any]:
    """Ask about a file."""
    address = ("crdtchat", "api", what)
    body = json.dumps({"path": path})
    return jp_fetch(*address, method="POST", headers=headers(user), body=body)


@pytest.mark.parametrize("user", NOBODY)
async def test_who_may_not_read_gets_nothing(
    jp_fetch: Fetch, jp_ws_fetch: Fetch, jp_root_dir: Any, user: str
) -> None:
    write_notebook(jp_root_dir / "here.ipynb", [("c1", "x")])
    socket = jp_ws_fetch("crdtchat", "sync", "jupyter", PAGE, headers=headers(user))
    assert await status(socket) == 403
    for method in ("GET", "POST"):
        assert await status(rest(jp_fetch, user, method)) == 403
    for what in ("discussion", "export", "import"):
        assert await status(about(jp_fetch, user, what)) == 403
        assert await status(about(jp_fetch, user, what, "none.ipynb")) == 403, "not even that"


async def test_pages_of_other_sites_cannot_use_a_visitors_cookie(
    jp_fetch: Fetch, jp_ws_fetch: Fetch, jp_serverapp: ServerApp
) -> None:
    shown = await jp_fetch("api", "status", headers=headers("ann"))
    cookie = {"Cookie": shown.headers["Set-Cookie"].partition(";")[0], "Authorization": ""}
    socket = ("crdtchat", "sync", "jupyter", PAGE)
    assert await status(jp_ws_fetch(*socket, headers=cookie)) == 101
    own = {"Origin": f"http://localhost:{jp_serverapp.port}"}
    assert await status(jp_ws_fetch(*socket, headers=cookie | own)) == 101
    assert await status(jp_ws_fetch(*socket, headers=cookie | EVIL)) == 403
    assert await status(rest(jp_fetch, "", headers=cookie)) == 200
    assert await status(rest(jp_fetch, "", headers=cookie | EVIL)) == 403
    assert await status(rest(jp_fetch, "", "POST", headers=cookie)) == 403, "no XSRF token"
    assert await status(rest(jp_fetch, "", "POST", headers=cookie | EVIL)) == 403


async def test_a_viewer_reads_and_does_not_write(jp_fetch: Fetch, join: Join) -> None:
    assert await status(rest(jp_fetch, "vic")) == 200
    assert await status(rest(jp_fetch, "vic", "POST")) == 403
    vic = await join("vic")
    await vic.operate(broadcast_id(1), vic.encode("a", "mine", ("vic", AT, *TARGET)))
    reject = await vic.until(message.Reject)
    assert (reject.code, reject.hard) == ("read-only", False)


async def test_nobody_signs_as_somebody_else(jp_fetch: Fetch, join: Join) -> None:
    ann = await join("ann")
    bob = await join("bob")
    await bob.operate(broadcast_id(1), bob.encode("a", "fake", ("ann", AT, *TARGET)))
    assert (await bob.until(message.Reject)).code == "forged-author"
    await ann.write(2, "a", "anno", ("ann", AT, *TARGET))
    forged = {"creator": {"id": "ann"}, "author": "ann"}
    made = await rest(jp_fetch, "bob", "POST", body=forged, headers={"Cookie": "who=ann"})
    assert json.loads(made.body)["creator"]["id"] == "bob"


async def test_only_a_moderator_deletes_what_is_anothers(join: Join) -> None:
    ann = await join("ann")
    await ann.write(1, "a", "anno", ("ann", AT, *TARGET))
    bob = await join("bob")
    await bob.operate(broadcast_id(2), bob.encode("d", "anno", ("bob", AT)))
    assert (await bob.until(message.Reject)).code == "not-author"
    mod = await join("mod")
    await mod.write(3, "d", "anno", ("mod", AT))


async def test_every_route_asks_who_you_are(jp_serverapp: ServerApp) -> None:
    assert jp_serverapp.web_app.settings["allow_unauthenticated_access"] is False
    ours = jp_serverapp.extension_manager.extension_apps["crdtchat_jupyter"]
    assert ours, "it was loaded: no route of it raised JupyterServerAuthWarning"
