"""`crdtchat webhook`, on a database of its own."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from queue import Empty

import anyio
import pytest
from anyio.to_thread import run_sync

from crdtchat.server.cli import main
from crdtchat.stores.base import Append, DocumentKey, Entry
from crdtchat.stores.hooking import Notice, Settlement, Webhook
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.effects import Deed
from crdtchat.sync.message import Event, EventKind
from tests.host.receiver import NETWORK, running_receiver
from tests.server.test_keyring import Cli, refused


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    found = Cli(tmp_path / "data", capsys)
    found("tenant", "add", "docs")
    return found


def rows(cli: Cli) -> list[list[str]]:
    """What `webhook list` shows."""
    _, out, _ = cli("webhook", "list", "--tenant", "docs")
    head, *found = out.splitlines()
    assert head.split() == ["webhook", "url", "events", "pages", "active", "waiting", "failed"]
    return [row.split() for row in found]


def add(cli: Cli, *more: str) -> tuple[str, str]:
    """Add one; answers its id and secret."""
    known = {row[0] for row in rows(cli)}
    status, secret, _ = cli("webhook", "add", "--tenant", "docs", *more)
    assert status == 0
    (made,) = {row[0] for row in rows(cli)} - known
    return made, secret.strip()


def test_webhooks_are_added_changed_and_removed(cli: Cli) -> None:
    url = ("--url", "https://example.org/hear")
    first, secret = add(cli, *url)
    assert secret.startswith("whsec_")
    second, _ = add(cli, *url, "--event", "deleted-text-chat", "--page", "a*")
    assert sorted(rows(cli), key=lambda row: row[2]) == [
        [first, url[1], "all", "*", "yes", "0", "0"],
        [second, url[1], "deleted-text-chat", "a*", "yes", "0", "0"],
    ]
    _, out, _ = cli("webhook", "list", "--tenant", "docs")
    assert secret not in out
    of_docs = ("--tenant", "docs")
    cli("webhook", "change", second, *of_docs, "--active", "no", "--event", "new-text-chat")
    assert [second, url[1], "new-text-chat", "a*", "no", "0", "0"] in rows(cli)
    refused(cli("webhook", "change", second, *of_docs), "say what to change")
    refused(cli("webhook", "add", *of_docs, "--url", "ftp://example.org"), "https://")
    refused(cli("webhook", "add", "--tenant", "shop", *url), "crdtchat tenant list")
    for plain in ("http://example.org", "http://93.184.215.14", "http://127.0.0.1:8000"):
        refused(cli("webhook", "add", *of_docs, "--url", plain), "has to be reached by https://")
        refused(cli("webhook", "change", first, *of_docs, "--url", plain), "webhook_networks")
    refused(cli("webhook", "add", *of_docs, "--url", "https://10.0.0.1"), "no public address")
    for command in ("rotate", "remove", "test", "failed", "redeliver", "change"):
        options = ("--active", "no") if command == "change" else ()
        refused(
            cli("webhook", command, first, "--tenant", "shop", *options), "crdtchat webhook list"
        )
    assert cli("webhook", "remove", second, *of_docs)[0] == 0
    assert [row[0] for row in rows(cli)] == [first]
    _, out, _ = cli("audit", "--tenant", "docs")
    acted = [line.partition('"action": "')[2].partition('"')[0] for line in out.splitlines()]
    assert acted[1:] == ["webhook-add", "webhook-add", "webhook-change", "webhook-remove"]


def test_plain_http_leads_into_networks_of_the_operators_own(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRDTCHAT_WEBHOOK_NETWORKS", "10.1.0.0/16,fd00::/8")
    for url in ("http://10.1.2.3:8000/x", "http://[fd00::1]/", "http://receiver.internal/"):
        add(cli, "--url", url)
    for url in ("http://10.2.0.1/", "http://[::1]/", "http://93.184.215.14/"):
        refused(cli("webhook", "add", "--tenant", "docs", "--url", url), "webhook_networks")


def test_two_commands_on_one_webhook_at_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reads before the first writes: a secret that was ended signed again."""
    first, between = SqliteStore.webhooks, [""]
    made, _ = add(cli, "--url", "https://example.org/hear")

    async def webhooks(store: SqliteStore, tenant: str | None = None) -> list[Webhook]:
        found = await first(store, tenant)
        if between:
            between.clear()
            command = ["webhook", "rotate", made, "--now", *of_docs, "--data", str(cli.data)]
            assert await run_sync(main, command) == 0
        return found

    of_docs = ("--tenant", "docs")
    monkeypatch.setattr(SqliteStore, "webhooks", webhooks)
    status, fresh, _ = cli("webhook", "change", made, *of_docs, "--page", "a*")
    assert (status, between) == (0, [])
    assert [row[3] for row in rows(cli)] == ["a*"]
    store = sqlite3.connect(cli.data / "crdtchat.sqlite3")
    ((secret,),) = store.execute("SELECT secrets FROM webhook").fetchall()
    store.close()
    assert secret == fresh.strip()


def test_a_test_is_signed_with_both_secrets_while_they_rotate(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRDTCHAT_WEBHOOK_NETWORKS", NETWORK)
    of_docs = ("--tenant", "docs")
    with running_receiver() as receiver:
        hook, first = add(cli, "--url", receiver.url)
        _, out, note = cli("webhook", "rotate", hook, *of_docs)
        second = out.strip()
        assert "until you rotate again" in note
        status, out, note = cli("webhook", "test", hook, *of_docs)
        assert (status, out) == (0, "")
        assert "took it" in note
        got = receiver.got.get()
        for secret in (first, second):
            assert got.verify(secret) == {
                "type": "test",
                "timestamp": got.verify(secret)["timestamp"],
                "data": {"tenant": "docs"},
            }
        _, out, _ = cli("webhook", "rotate", hook, *of_docs, "--now")
        cli("webhook", "test", hook, *of_docs)
        assert receiver.got.get().headers["webhook-signature"].count("v1,") == 1
        receiver.answer = lambda got: 500
        refused(cli("webhook", "test", hook, *of_docs), "answered 500")
        monkeypatch.delenv("CRDTCHAT_WEBHOOK_NETWORKS")
        receiver.got.get()
        refused(cli("webhook", "test", hook, *of_docs), "no public address")
        with pytest.raises(Empty):
            receiver.got.get_nowait()


def test_what_was_set_aside_is_listed_and_queued_again(cli: Cli) -> None:
    hook, _ = add(cli, "--url", "https://example.org/")

    async def fail() -> None:
        store = SqliteStore(cli.data / "crdtchat.sqlite3")
        await store.open()
        event = Event(EventKind.DELETED, b"\x00" * 16, "a", "", "ann", 1_700_000_000_000)
        notice = Notice("evt_1", event, (hook,))
        key = DocumentKey("docs", "p\x1b[2J\x9b")
        await store.append([Append(key, 1, 0, (Entry(b"", "", 1),), notices=(notice,))])
        await store.add_deeds(key, [Deed("ann", "commenter", "report", "a", 1, "rest")])
        (one,) = await store.take_deliveries(hook, 0, 1, 9)
        await store.settle_deliveries([Settlement(one.number, "answered 500", at=5)])
        await store.close()

    anyio.run(fail)
    assert rows(cli)[0][-2:] == ["0", "1"]
    _, out, _ = cli("webhook", "failed", hook, "--tenant", "docs")
    assert out.splitlines()[1].split()[:3] == ["evt_1", "deleted-text-chat", "p\\u001b[2J\\u009b"]
    assert "2023-11-14 22:13" in out
    assert "answered 500" in out
    _, out, _ = cli("audit", "--tenant", "docs")
    assert all(map(str.isprintable, out.splitlines()))
    assert json.loads(out.splitlines()[-1])["page"] == "p\x1b[2J\x9b"
    _, _, note = cli("webhook", "redeliver", hook, "--tenant", "docs")
    assert "1 events" in note
    assert rows(cli)[0][-2:] == ["1", "0"]
