"""The table of roles, row by row: what each may do, over the socket and over REST alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from crdtchat.access.roles import Role
from crdtchat.document.replica import Replica, Write
from crdtchat.sync import message
from tests.raw_client import RawClient, broadcast_id, raw_client
from tests.server.conftest import Api
from tests.server_process import ServerProcess

USERS = {
    Role.BLOCKED: "blake",
    Role.VIEWER: "vic",
    Role.COMMENTER: "cleo",
    Role.MODERATOR: "mod",
    Role.OWNER: "own",
}
EVERYBODY = frozenset(Role)
WRITERS = EVERYBODY - {Role.BLOCKED, Role.VIEWER}
MODERATORS = WRITERS - {Role.COMMENTER}
TARGET = {"exact": "the words"}
PARTS = ("the words", "", "", 0, 9)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done to a thread of Zoe's, who is somebody else."""

    method: str
    path: str
    body: object
    write: tuple[str, str, tuple[str | int, ...] | str] | None
    """The same as root, key and value; `BY` and `AT` stand for who and when. None: no such write
    passes a socket."""
    roles: frozenset[Role]
    """Who may."""


BY, AT = "{by}", -1
DEEDS = {
    "read": Deed("GET", "{thread}", None, None, EVERYBODY),
    "list": Deed("GET", "/annotations", None, None, EVERYBODY),
    "see who is here": Deed("GET", "/presence", None, None, EVERYBODY),
    "annotate": Deed(
        *("POST", "/annotations", {"target": TARGET, "body": "x"}),
        *(("a", "mine0001", (BY, AT, *PARTS)), WRITERS),
    ),
    "reply": Deed(
        *("POST", "{thread}/comments", {"body": "x"}),
        *(("c", "{aid}/mine0001", (BY, AT, "x")), WRITERS),
    ),
    "resolve": Deed(
        *("PATCH", "{thread}", {"resolved": True}), *(("s", "{aid}", (1, BY, AT)), WRITERS)
    ),
    "react": Deed(
        *("PUT", "{comment}/reactions/👍", None), *(("r", "{aid}/{cid}/{by}", "👍"), WRITERS)
    ),
    "edit another's comment": Deed(
        *("PATCH", "{comment}", {"body": "what she never said"}),
        *(("c", "{aid}/{cid}", (BY, AT, "what she never said")), frozenset()),
    ),
    "move another's annotation": Deed(
        *("PATCH", "{thread}", {"target": {"exact": "elsewhere"}}),
        *(("t", "{aid}", (BY, AT, "elsewhere", "", "", 0, 9)), MODERATORS),
    ),
    "delete another's comment": Deed(
        "DELETE", "{comment}", None, ("d", "{aid}/{cid}", (BY, AT)), MODERATORS
    ),
    "delete another's annotation": Deed(
        "DELETE", "{thread}", None, ("d", "{aid}", (BY, AT)), MODERATORS
    ),
    "see usage": Deed("GET", "/usage", None, None, frozenset({Role.OWNER})),
}


@dataclass(frozen=True, slots=True)
class Thread:
    """Zoe's annotation with two comments, and who comes to it."""

    server: ServerProcess
    zoe: Api
    aid: str
    cid: str

    def fill(self, text: str, by: str = "") -> str:
        """Put the thread's ids where they belong."""
        thread = f"/annotations/{self.aid}"
        names = {"aid": self.aid, "cid": self.cid, "by": by, "thread": thread}
        return text.format(**names, comment=f"{thread}/comments/{self.cid}")

    def state(self) -> object:
        """All there is on the page."""
        return self.zoe("GET").json()["items"]


@pytest.fixture(scope="module")
def role_tokens(server: ServerProcess) -> dict[str, str]:
    """Nobody is given a token to be blocked by: an owner blocks a commenter."""
    made = {
        user: server.token(user, Role.COMMENTER if role is Role.BLOCKED else role)
        for role, user in USERS.items()
    }
    with httpx.Client(verify=False) as http:
        owner, blocked = (Api(http, server.url, "scratch", made[user]) for user in ("own", "blake"))
        assert owner("PUT", f"/blocks/{USERS[Role.BLOCKED]}").is_success
        body = {"target": TARGET, "body": "x"}
        while blocked("POST", json=body).status_code != 403:
            pass
    return {**made, "zoe": server.token("zoe")}


@pytest.fixture
def thread(server: ServerProcess, role_tokens: dict[str, str], page: str) -> Iterator[Thread]:
    with httpx.Client(verify=False) as http:
        zoe = Api(http, server.url, page, role_tokens["zoe"])
        aid = str(zoe.annotate("Whose words?")["id"])
        reply = zoe("POST", f"/annotations/{aid}/comments", json={"body": "Mine."})
        yield Thread(server, zoe, aid, reply.json()["id"])


@pytest.mark.parametrize("name", DEEDS)
@pytest.mark.parametrize("role", Role)
def test_over_rest(thread: Thread, role_tokens: dict[str, str], role: Role, name: str) -> None:
    deed = DEEDS[name]
    before = thread.state()
    with httpx.Client(verify=False) as http:
        api = Api(http, thread.server.url, thread.zoe.page, role_tokens[USERS[role]])
        answer = api(deed.method, thread.fill(deed.path), json=deed.body)
    if role in deed.roles:
        assert answer.is_success, answer.text
        assert (thread.state() == before) == (deed.method == "GET")
    else:
        assert answer.status_code == 403
        assert thread.state() == before


def write_of(thread: Thread, deed: Deed, by: str) -> Write:
    assert deed.write is not None
    root, key, value = deed.write
    if isinstance(value, str):
        return root, thread.fill(key, by), value
    at = time.time_ns() // 1_000_000
    parts = tuple(by if part == BY else at if part == AT else part for part in value)
    return root, thread.fill(key, by), parts


async def do(client: RawClient, write: Write) -> message.Ack | message.Reject:
    """Write as a client would, on top of what the page holds."""
    replica = Replica(client.client)
    replica.apply(client.replica.state())
    await client.operate(broadcast_id(1), replica.write([write]))
    while True:
        answer = await client.next()
        if isinstance(answer, message.Ack | message.Reject):
            return answer


@pytest.mark.parametrize("name", [name for name, deed in DEEDS.items() if deed.write])
@pytest.mark.parametrize("role", Role)
async def test_over_the_socket(
    thread: Thread, role_tokens: dict[str, str], role: Role, name: str
) -> None:
    deed, user = DEEDS[name], USERS[role]
    before = thread.state()
    url, page = thread.server.socket_url, thread.zoe.page
    async with raw_client(url, page, token=role_tokens[user]) as client:
        await client.join()
        answer = await do(client, write_of(thread, deed, user))
    if role in deed.roles:
        assert isinstance(answer, message.Ack), answer
        assert thread.state() != before or name == "annotate"
    else:
        assert isinstance(answer, message.Reject)
        assert answer.code in ("read-only", "not-author")
        assert thread.state() == before
