"""Invariant 10: nothing of one tenant is visible to another.

Two tenants with the same page ids, the same users and the same broadcastIds; requests and frames of
each, at random, through every route and every message. Every text of a tenant carries its mark, and
no answer, event or frame that reaches the other may hold it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from crdtchat.document.page_version import version_of
from crdtchat.server.rest.routes import rest_routes
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.encode import encode_write
from crdtchat.testing.hostile import KILLERS
from tests.server_process import ServerProcess, running_server

TENANTS = ("alpha", "beta")
PAGES = ("https://example.org/shared", "notebook.ipynb")
MARKS = {tenant: f"mark-of-{tenant}" for tenant in TENANTS}
NO_LIMITS = "limits = { operations_per_minute = 0, user_operations_per_minute = 0 }"
CONFIG = "".join(f"[tenants.{tenant}]\n{NO_LIMITS}\n" for tenant in TENANTS)
ROUTES = sorted(
    (route.path, method)
    for route in rest_routes()
    for method in route.methods or ()
    if not route.path.endswith("/events")
)


class World:
    """The server, its tenants' tokens and first annotations, and all that streams told."""

    def __init__(self, server: ServerProcess, http: httpx.Client) -> None:
        self.server = server
        self.http = http
        self.tokens = {
            tenant: server.run(
                *("token", "create", "--tenant", tenant, "--role", "owner", "--user", "ann"),
                *("--name", f"Ann {MARKS[tenant]}"),
            ).strip()
            for tenant in TENANTS
        }
        self.told: dict[str, list[str]] = {tenant: [] for tenant in TENANTS}
        self.records: dict[str, list[tuple[str, str]]] = {tenant: [] for tenant in TENANTS}
        """Annotation and comment ids."""
        for tenant in TENANTS:
            for page in PAGES:
                self.plant(tenant, page)

    def plant(self, tenant: str, page: str) -> None:
        """A fresh annotation, for others to look for."""
        mark = MARKS[tenant]
        made = self.ask(
            "POST",
            f"/api/v1/{tenant}/annotations",
            tenant,
            page,
            {"target": {"exact": mark}, "body": mark},
        ).json()
        self.records[tenant].append((made["id"], made["comments"][0]["id"]))

    def ask(
        self, method: str, path: str, asker: str, page: str, body: object = None, **more: str
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[asker]}"}
        content: dict[str, Any] = {} if body is None else {"json": body}
        if isinstance(body, str):
            content = {"content": body.encode()}
            headers["Content-Type"] = "text/plain"
        url = f"{self.server.url}{path}"
        return self.http.request(
            method, url, params={"page": page, **more}, headers=headers, **content
        )

    def listen(self, tenant: str, page: str, stopping: threading.Event) -> None:
        """Keep all that a stream of events tells."""
        url, query = f"{self.server.url}/api/v1/{tenant}/events", {"page": page}
        headers = {"Authorization": f"Bearer {self.tokens[tenant]}"}
        with httpx.stream("GET", url, params=query, headers=headers, timeout=60) as answer:
            for line in answer.iter_lines():
                self.told[tenant].append(line)
                if stopping.is_set() and line.startswith("data:"):
                    return


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("apart")
    config = folder / "crdtchat.toml"
    config.write_text(CONFIG)
    arguments = ["--config", str(config)]
    with running_server(folder / "data", arguments) as server, httpx.Client() as http:
        yield World(server, http)


tenants, pages = st.sampled_from(TENANTS), st.sampled_from(PAGES)
requests = st.fixed_dictionaries(
    {
        "route": st.sampled_from(ROUTES),
        "asker": tenants,
        "owner": tenants,
        "about": tenants,
        "page": pages,
        "record": st.integers(0, 50),
        "operation": st.integers(1, 3),
        "query": st.sampled_from(
            [{}, {"limit": "2"}, {"state": "open"}, {"author": "ann"}, {"name": "Zoe"}]
        ),
    }
)
KINDS = ("sync step 1", "resync", "operation", "steal", "awareness", "query", "presence", "garbage")
frames = st.fixed_dictionaries(
    {
        "asker": tenants,
        "owner": tenants,
        "about": tenants,
        "page": pages,
        "v1": st.booleans(),
        "kinds": st.lists(st.sampled_from(KINDS), max_size=6),
        "record": st.integers(0, 50),
        "lease": st.booleans(),
    }
)


def body_for(path: str, method: str, asker: str, operation: int) -> object:
    """A body that a route takes, with the asker's mark in every text."""
    mark = MARKS[asker]
    if "/versions/" in path:
        return _text(mark) if method == "PUT" else None
    fields: dict[str, Any] = {"broadcastId": str(UUID(int=operation)), "body": f"says {mark}"}
    if path.endswith("/annotations"):
        fields["target"] = {"exact": f"words of {mark}", "version": version_of(_text(mark))}
    return fields if method in ("POST", "PATCH") else None


def _text(mark: str) -> str:
    return f"The text of {mark}"


def send_request(world: World, asked: dict[str, Any]) -> None:
    path, method = asked["route"]
    records = world.records[asked["about"]]
    aid, cid = records[asked["record"] % len(records)]
    names = {"tenant": asked["owner"], "aid": aid, "cid": cid, "emoji": "👍", "user": "zoe"}
    address = path.format(**names, name=version_of(_text(MARKS[asked["about"]])))
    body = body_for(path, method, asked["asker"], asked["operation"])
    answer = world.ask(method, address, asked["asker"], asked["page"], body, **asked["query"])
    if asked["asker"] != asked["owner"]:
        assert answer.status_code in (401, 405), (address, answer.text)
    assert answer.status_code < 500
    foreign = other(asked["asker"])
    assert MARKS[foreign] not in answer.text + str(answer.headers)
    if method == "POST" and path.endswith("/annotations") and answer.status_code == 201:
        made = answer.json()
        world.records[asked["asker"]].append((made["id"], made["comments"][0]["id"]))


def frame_of(world: World, kind: str, asked: dict[str, Any], client: int, clock: int) -> bytes:
    records = world.records[asked["about"]]
    aid, cid = records[asked["record"] % len(records)]
    mark = MARKS[asked["asker"]]
    match kind:
        case "sync step 1":
            return message.encode_sync_step1(b"\x00")
        case "resync":
            return message.encode_resync(0, 0, b"\x00")
        case "operation" | "steal":
            key = f"{aid}/{cid}" if kind == "steal" else f"{aid}/{cid[:-2]}zz"
            value = ("ann", 1_700_000_000_000, mark)
            update = encode_write(client, clock, root="c", key=key, value=value, origin=None)
            return (
                message.encode_operation(UUID(int=1).bytes, update)
                if asked["v1"]
                else message.encode_sync_update(update)
            )
        case "awareness":
            state = AwarenessState(client, 1, {"user": {"name": mark}, "says": mark})
            return message.encode_awareness_message(encode_awareness([state]))
        case "query":
            return b"\x03"
        case "presence":
            return message.encode_presence({"typing": aid}) if asked["v1"] else b"\x03"
    return next(iter(KILLERS.values()))


def send_frames(world: World, asked: dict[str, Any]) -> None:
    query = {"token": world.tokens[asked["asker"]]}
    if asked["lease"]:
        query["lease"] = "5-guessed"
    page = quote(asked["page"], safe="")
    url = f"{world.server.socket_url}/sync/{asked['owner']}/{page}?{urlencode(query)}"
    protocols = [Subprotocol(message.SUBPROTOCOL)] if asked["v1"] else None
    seen, code = b"", 0
    foreign = MARKS[other(asked["asker"])].encode()
    with connect(url, subprotocols=protocols, compression=None, max_size=None) as socket:
        client, clock = 88_001, 0
        try:
            if asked["v1"]:
                welcome = message.decode_from_server(socket.recv())  # type: ignore[arg-type]
                assert isinstance(welcome, message.Welcome)
                client, clock = int(str(welcome.info["client"])), int(str(welcome.info["clock"]))
                seen += str(welcome.info).encode()
                socket.send(message.encode_resync(0, 0, b"\x00"))
            for kind in asked["kinds"]:
                socket.send(frame_of(world, kind, asked, client, clock))
            # What comes after the answer to this one comes after the answers to all others.
            socket.send(message.encode_sync_step1(b"\x00"))
            while not isinstance(frame := socket.recv(timeout=20), str):
                seen += frame
                if isinstance(message.decode_from_server(frame), message.SyncStep2):
                    break
        except ConnectionClosed as closed:
            ended = closed.rcvd
            code, seen = (ended.code, seen + ended.reason.encode()) if ended else (1006, seen)
    assert code != 1006
    assert (code == CloseCode.SIGN_IN) == (asked["asker"] != asked["owner"])
    assert foreign not in seen


def other(tenant: str) -> str:
    return TENANTS[1 - TENANTS.index(tenant)]


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(st.one_of(requests, frames), min_size=5, max_size=25))
def run_steps(world: World, steps: list[dict[str, Any]]) -> None:
    for step in steps:
        if "route" in step:
            send_request(world, step)
        else:
            send_frames(world, step)


def test_random_requests_and_frames(world: World) -> None:
    stopping = threading.Event()
    listeners = [
        threading.Thread(target=world.listen, args=(tenant, page, stopping))
        for tenant in TENANTS
        for page in PAGES
    ]
    for listener in listeners:
        listener.start()
    try:
        run_steps(world)
    finally:
        stopping.set()
        for tenant in TENANTS:
            for page in PAGES:
                world.plant(tenant, page)
        for listener in listeners:
            listener.join()
    for tenant in TENANTS:
        told = "\n".join(world.told[tenant])
        assert f'"tenant": "{tenant}"' in told
        assert f'"tenant": "{other(tenant)}"' not in told
        assert MARKS[other(tenant)] not in told
        own = world.ask("GET", f"/api/v1/{tenant}/annotations", tenant, PAGES[0]).text
        assert MARKS[tenant] in own


def test_what_belongs_to_nobody(world: World) -> None:
    """Pages that anybody may see hold nothing of a tenant's."""
    for path in (
        "/health",
        "/metrics",
        "/openapi.json",
        "/usage",
        "/moderate",
        "/crdtchat.js",
        "/",
    ):
        text = world.http.get(f"{world.server.url}{path}").text
        assert not any(mark in text for mark in MARKS.values())
