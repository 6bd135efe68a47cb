"""What the audit log is said to hold is in it, with who, when and what: each action of the table in
docs/moderation.md is done once, against a real server and by the real commands."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import crdtchat
from crdtchat.sync import message
from tests.raw_client import broadcast_id, raw_client
from tests.server.conftest import Api
from tests.server_process import ServerProcess, running_server

DOCS = (Path(__file__).parents[2] / "docs" / "moderation.md").read_text(encoding="utf-8")
PAGE = "https://example.org/audited"
WORDS = {"exact": "many other words of the page", "prefix": "And here are ", "start": 13}
CONFIG = '[tenants.demo]\nguests = "commenter"\nretention_days = 1\n'


def documented() -> set[str]:
    """Actions of the table."""
    table = DOCS.partition("## Audit log")[2]
    rows = re.findall(r"^\| (`.+?`) \|", table, re.MULTILINE)
    return {action for row in rows for action in re.findall(r"`([a-z-]+)`", row)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("audited")
    config = folder / "crdtchat.toml"
    config.write_text(CONFIG)
    with running_server(folder / "data", ["--config", str(config)]) as running:
        yield running


class Doing:
    """Does things, and knows what lines they should leave."""

    def __init__(self, server: ServerProcess, http: httpx.Client) -> None:
        self.server = server
        self.config = str(server.data.parent / "crdtchat.toml")
        roles = {"ann": "commenter", "bob": "commenter", "mod": "moderator", "own": "owner"}
        self.tokens = {user: server.token(user, role) for user, role in roles.items()}
        self.api = {user: Api(http, server.url, PAGE, token) for user, token in self.tokens.items()}
        self.expected: list[tuple[str, str, str, str]] = []
        self.thread = self.api["ann"].annotate("Ann's")
        self.aid = str(self.thread["id"])
        self.cid = str(self.thread["comments"][0]["id"])  # type: ignore[index]

    def expect(self, who: str, action: str, target: str, via: str) -> None:
        """A line should be there."""
        self.expected.append((who, action, target, via))

    def moderate(self) -> None:
        """What moderators decide over REST."""
        thread, mod = f"/annotations/{self.aid}", self.api["mod"]
        for name, on, off in (("hidden", "hide", "unhide"), ("locked", "lock", "unlock")):
            mod("PUT", f"{thread}/{name}")
            mod("DELETE", f"{thread}/{name}")
            self.expect("mod", on, self.aid, "rest")
            self.expect("mod", off, self.aid, "rest")
        place = f"{thread}/comments/{self.cid}"
        self.api["bob"]("POST", f"{place}/reports", json={"reason": "spam"})
        mod("DELETE", f"{place}/reports")
        self.expect("bob", "report", f"{self.aid}/{self.cid}", "rest")
        self.expect("mod", "dismiss", f"{self.aid}/{self.cid}", "rest")
        mod("PUT", "/blocks/zoe")
        mod("DELETE", "/blocks/zoe")
        self.expect("mod", "block", "zoe", "rest")
        self.expect("mod", "unblock", "zoe", "rest")
        mod("PATCH", thread, json={"target": WORDS})
        self.expect("mod", "attach", self.aid, "rest")

    async def follow_and_delete(self) -> None:
        """What a moderator's program does over a socket."""
        text = f"There is more of the page now. {WORDS['prefix']}{WORDS['exact']}. And here."
        async with crdtchat.connect(self.server.url, page=PAGE, token=self.tokens["mod"]) as mod:
            await mod.wait_live()
            assert await mod.follow(text) == [self.aid]
            await mod.delete(self.aid, self.cid)
            await mod.wait_saved()
        self.expect("mod", "follow", self.aid, "socket")
        self.expect("mod", "delete", f"{self.aid}/{self.cid}", "socket")

    async def be_refused(self) -> None:
        """Over REST, over a socket, and at the door."""
        assert self.api["ann"]("PUT", f"/annotations/{self.aid}/locked").status_code == 403
        self.expect("ann", "refused", "forbidden", "rest")
        other = str(self.api["own"].annotate("Own's")["id"])
        assert self.api["bob"]("DELETE", f"/annotations/{other}").status_code == 403
        self.expect("bob", "refused", "not-author", "rest")
        async with raw_client(self.server.socket_url, PAGE, token=self.tokens["bob"]) as bob:
            await bob.until(message.Welcome)
            await bob.join()
            forged = bob.encode("c", f"{other}/forged01", ("ann", 1_700_000_000_000, "never said"))
            await bob.operate(broadcast_id(1), forged)
            await bob.closed()
        self.expect("bob", "refused", "forged-author", "socket")
        assert self.api["ann"]("GET", headers={"Authorization": "Bearer no"}).status_code == 401
        self.expect("", "refused", "sign-in", "rest")

    def exchange(self) -> None:
        """Import, over REST and by the command."""
        export = self.api["own"]("GET", "/export").json()
        report = self.api["own"]("POST", "/import", json=export, page="copy").json()
        assert report["added"]
        self.expect("own", "import", "", "rest")
        file = self.server.data.parent / "export.json"
        file.write_text(json.dumps(export))
        self.server.run("import", "--tenant", "demo", "--page", "third", str(file))
        self.expect("", "import", "", "command")

    def erase(self) -> None:
        """Erase a thread and a user, and let an old thread expire."""
        old = '{"id": "old1", "type": "Annotation", "creator": {"type": "Person", "id": "ann"}, '
        old += '"created": "2020-01-01T00:00:00Z", "target": {"selector": [{"exact": "x"}]}, '
        old += '"resolved": true, "resolution": {"creator": {"type": "Person", "id": "ann"}, '
        old += '"created": "2020-01-01T00:00:00Z"}, "comments": []}'
        file = self.server.data.parent / "old.json"
        file.write_text(old)
        self.run("import", "--restore", "--page", "fourth", str(file))
        self.run("compact", "--config", self.config)
        self.expect("", "expire", "old1", "command")
        gone = str(self.api["ann"].annotate("To be erased")["id"])
        self.run("erase", "--yes", "--page", PAGE, f"--annotation={gone}")
        self.run("erase", "--yes", "--user", "bob")
        self.expect("", "erase", gone, "command")
        self.expect("", "erase-user", "bob", "command")
        self.server.run("restored")
        self.expect("", "restored", "demo", "command")

    def operate(self) -> None:
        """The commands of access."""
        known = self.ids("token")
        self.run("token", "create", "--role", "viewer", "--user", "tmp")
        (new,) = self.ids("token") - known
        self.run("token", "revoke", new)
        self.run("role", "set", "moderator", "--user", "zoe")
        self.run("role", "clear", "--user", "zoe")
        self.expect("", "token-create", new, "command")
        self.expect("", "token-revoke", new, "command")
        self.expect("", "role-set", "zoe/moderator", "command")
        self.expect("", "role-clear", "zoe", "command")

    def keep_webhooks(self) -> None:
        """The commands of webhooks. (That one is gone its address says: tests/host.)"""
        self.run("webhook", "add", "--url", "https://example.org/hook")
        (webhook,) = self.ids("webhook")
        self.run("webhook", "change", webhook, "--active", "no")
        for command in ("rotate", "redeliver", "remove"):
            self.run("webhook", command, webhook)
        for action in ("add", "change", "rotate", "redeliver", "remove"):
            self.expect("", f"webhook-{action}", webhook, "command")

    def keep_tenants(self) -> None:
        """The commands of tenants, whose lines are the tenant's."""
        for command in ("add", "change", "rotate"):
            more = ["--guests", "viewer"] if command == "change" else []
            self.run("tenant", command, "fresh", *more, tenant="")
            self.expect("", f"tenant-{command}", "fresh", "command")
        self.run("tenant", "remove", "fresh", tenant="")
        self.expect("", "tenant-remove", "fresh", "command")

    def run(self, *command: str, tenant: str = "demo") -> str:
        """Run a command about a tenant."""
        return self.server.run(*command, *(("--tenant", tenant) if tenant else ()))

    def ids(self, kind: str) -> set[str]:
        """What `crdtchat token list` or another names first in each row."""
        return {line.split()[0] for line in self.run(kind, "list").splitlines()[1:]}

    def lines(self) -> list[dict[str, Any]]:
        """All that owners read, and what the command prints of another tenant."""
        headers = {"Authorization": f"Bearer {self.tokens['own']}"}
        own = httpx.get(f"{self.api['own'].root}/audit", headers=headers).json()["lines"]
        fresh = self.run("audit", tenant="fresh").splitlines()
        return [*own, *map(json.loads, fresh)]


@pytest.fixture
def anyio_backend() -> str:
    """The server's loop is not in question here."""
    return "asyncio"


async def test_every_action_has_its_line(server: ServerProcess) -> None:
    begun = time.time()
    with httpx.Client() as http:
        doing = Doing(server, http)
        doing.moderate()
        await doing.be_refused()
        await doing.follow_and_delete()
        doing.exchange()
        doing.operate()
        doing.keep_webhooks()
        doing.keep_tenants()
        doing.erase()
        lines = doing.lines()
    found = [
        (line.get("who", ""), line["action"], line.get("target", ""), line["via"]) for line in lines
    ]
    missing = [line for line in doing.expected if line not in found]
    assert missing == []
    for line in lines:
        assert begun - 60 < _seconds(line["at"]) < time.time() + 60
        if line.get("who") == "mod":
            assert line["role"] == "moderator"
    assert {action for _, action, _, _ in found} == documented() - {"webhook-gone"}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
