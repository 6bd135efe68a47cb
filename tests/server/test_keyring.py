"""The commands that say who may come in, on a database of their own."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

from crdtchat.server.cli import main
from crdtchat.stores.base import StoredTenant
from crdtchat.stores.sqlite import SqliteStore
from tests.access.signing import new_signer, write_key_set

Run = tuple[int, str, str]


class Cli:
    """Runs commands in this process, on one data directory."""

    def __init__(self, data: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capture = capture

    def __call__(self, *command: str) -> Run:
        status = main([*command, "--data", str(self.data)])
        captured = self._capture.readouterr()
        return status, captured.out, captured.err


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path / "data", capsys)


def refused(run: Run, words: str) -> None:
    """One sentence with the remedy, and nothing on standard output."""
    status, out, error = run
    assert (status, out) == (2, "")
    assert error.startswith("crdtchat: ")
    assert error.count("\n") == 1
    assert words in error


def described(data: Path) -> dict[str, Any]:
    """The one tenant that is kept in a database."""
    with closing(sqlite3.connect(data / "crdtchat.sqlite3")) as database:
        ((description,),) = database.execute("SELECT description FROM tenant").fetchall()
    found: dict[str, Any] = json.loads(description)
    return found


def test_tokens(cli: Cli) -> None:
    status, secret, note = cli("token", "create", "--tenant", "docs", "--role", "viewer")
    assert status == 0
    assert secret.startswith("cct_")
    assert "api-" in note
    assert "no tenant is called docs here yet" in note
    ann = ("--user", "ann", "--page", "a-*", "--ttl", "30d")
    cli("token", "create", "--tenant", "docs", "--role", "owner", *ann)
    _, out, _ = cli("token", "list", "--tenant", "docs")
    head, *rows = out.splitlines()
    assert head.split() == ["token", "user", "role", "pages", "made", "valid"]
    assert secret.strip() not in out
    row = next(row for row in rows if " ann " in row)
    assert "owner" in row
    assert "a-*" in row
    assert "until 20" in row
    identity = row.split()[0]
    refused(cli("token", "revoke", identity, "--tenant", "blog"), "crdtchat token list")
    assert cli("token", "revoke", identity, "--tenant", "docs")[0] == 0
    _, out, _ = cli("token", "list", "--tenant", "docs")
    assert [row.split()[-1] for row in out.splitlines()[1:]].count("revoked") == 1
    bad = ("token", "create", "--tenant", "docs", "--role", "viewer")
    refused(cli(*bad, "--user", "~1"), "cannot be a user id")
    refused(cli(*bad, "--user", "import:ann"), "cannot be a user id")
    for never in ("soon", "0d", "٣d"):
        refused(cli(*bad, "--ttl", never), "say 30d, 12h or 45m")


def test_tenants(cli: Cli, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_text(new_signer("EdDSA").pem)
    _, secret, note = cli("tenant", "add", "docs", "--origin", "https://docs.example.org")
    assert len(secret.strip()) >= 32
    assert secret.strip() not in note
    _, out, _ = cli("tenant", "add", "blog", "--guests", "viewer", "--public-key", str(pem))
    assert out == ""
    _, out, _ = cli("tenant", "list")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["blog", "viewer", "EdDSA", "-", "database"],
        ["docs", "-", "HS256", "https://docs.example.org", "database"],
    ]
    assert secret.strip() not in out
    refused(cli("tenant", "add", "docs"), "crdtchat tenant change")
    refused(cli("tenant", "add", "a/b"), "use letters")
    refused(cli("tenant", "add", "shop", "--origin", "shop.example.org"), "is no origin")
    refused(cli("tenant", "add", "shop", "--jwks", "/nowhere"), "cannot read the key set")
    refused(cli("tenant", "add", "shop", "--public-key", "/nowhere"), "cannot read /nowhere")
    refused(cli("tenant", "add", "shop", "--limit", "speed=1"), "there is no limit 'speed'")
    refused(cli("tenant", "add", "shop", "--limit", "connections"), "say NAME=N")
    refused(cli("tenant", "rotate", "shop"), "crdtchat tenant list")
    refused(cli("tenant", "remove", "shop"), "crdtchat tenant list")
    refused(cli("tenant", "change", "shop", "--guests", "viewer"), "crdtchat tenant list")
    refused(cli("tenant", "change", "docs"), "say what to change")
    refused(cli("tenant", "change", "docs", "--origin", "x"), "is no origin")
    assert cli("tenant", "change", "docs", "--guests", "commenter")[0] == 0
    _, out, _ = cli("tenant", "list")
    changed = out.splitlines()[2].split()
    assert changed[:4] == ["docs", "commenter", "HS256", "https://docs.example.org"]
    assert cli("tenant", "change", "docs", "--guests", "none", "--origin", "null")[0] == 0
    _, out, _ = cli("tenant", "list")
    assert out.splitlines()[2].split()[:4] == ["docs", "-", "HS256", "null"]
    _, rotated, _ = cli("tenant", "rotate", "docs")
    assert rotated != secret
    assert cli("tenant", "remove", "blog")[0] == 0
    config = tmp_path / "crdtchat.toml"
    config.write_text("[tenants.docs]\n")
    configured = ("--config", str(config))
    refused(cli("tenant", "remove", "docs", *configured), "described in the configuration")
    refused(cli("tenant", "add", "docs", *configured), "described in the configuration")
    _, out, _ = cli("tenant", "list", *configured)
    assert [line.split()[-1] for line in out.splitlines()[1:]] == ["configuration"]


def test_keys_take_the_place_of_a_secret(cli: Cli, tmp_path: Path) -> None:
    """The secret, which may have leaked, went on signing people in."""
    pem = tmp_path / "key.pem"
    pem.write_text(new_signer("EdDSA").pem)
    cli("tenant", "add", "docs", "--guests", "viewer")
    status, _, note = cli("tenant", "change", "docs", "--public-key", str(pem))
    assert (status, "signed in by its secret" in note) == (0, True)
    _, out, _ = cli("tenant", "list")
    assert out.splitlines()[1].split()[:3] == ["docs", "viewer", "EdDSA"]
    _, _, note = cli("tenant", "change", "docs", "--public-key", str(pem))
    assert "secret" not in note


def test_everybody_is_signed_out(cli: Cli, tmp_path: Path) -> None:
    """Public keys and key sets went on signing people in, where all were to be signed out."""
    pem, keys = tmp_path / "key.pem", tmp_path / "keys.json"
    pem.write_text(new_signer("EdDSA").pem)
    write_key_set(keys, new_signer("RS256"))
    cli("tenant", "add", "docs", "--public-key", str(pem), "--jwks", str(keys), "--audience", "a")
    _, first, _ = cli("tenant", "rotate", "docs")
    before = described(cli.data)
    assert before["secrets"] == [first.strip()] and before["public_keys"] and before["jwks"]
    _, second, _ = cli("tenant", "rotate", "docs", "--now")
    assert described(cli.data) == {"audience": "a", "secrets": [second.strip()]}


def test_what_a_tenant_was_given_is_taken_from_it_again(cli: Cli, tmp_path: Path) -> None:
    pem, keys = tmp_path / "key.pem", tmp_path / "keys.json"
    pem.write_text(new_signer("EdDSA").pem)
    write_key_set(keys, new_signer("RS256"))
    given = {
        "--origin": "https://docs.example.org",
        "--retention-hold": "https://docs.example.org/*",
        "--public-key": str(pem),
        "--jwks": str(keys),
        "--audience": "comments",
    }
    cli("tenant", "add", "docs", *chain.from_iterable(given.items()))
    for flag in given:
        assert cli("tenant", "change", "docs", flag, "none")[0] == 0
    assert described(cli.data) == {
        "origins": [],
        "retention_holds": [],
        "public_keys": [],
        "jwks": "",
        "audience": "",
    }
    _, out, _ = cli("tenant", "list")
    assert out.splitlines()[1].split()[:3] == ["docs", "-", "API"]
    two = ("--origin", "none", "--origin", "https://docs.example.org")
    refused(cli("tenant", "change", "docs", *two), "--origin none stands alone")
    # Taking away what was not there ends no secret.
    cli("tenant", "rotate", "docs")
    _, _, note = cli("tenant", "change", "docs", "--public-key", "none", "--jwks", "none")
    assert "secret" not in note
    _, out, _ = cli("tenant", "list")
    assert out.splitlines()[1].split()[:3] == ["docs", "-", "HS256"]


def test_a_limit_is_changed_and_the_others_stay(cli: Cli) -> None:
    """Those that were not named went back to their defaults, and nothing told of it."""
    limits = ("--limit", "user_operations_per_minute=300", "--limit", "connections=50")
    cli("tenant", "add", "docs", *limits)
    for limit in ("annotations_per_day=100", "connections=60"):
        assert cli("tenant", "change", "docs", "--limit", limit)[0] == 0
    assert described(cli.data)["limits"] == {
        "user_operations_per_minute": 300,
        "connections": 60,
        "annotations_per_day": 100,
    }


def test_two_commands_on_one_tenant_at_once(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reads before the first writes: a secret that was ended came back."""
    first, between = SqliteStore.tenants, ["rotate", "docs", "--now"]

    async def tenants(store: SqliteStore) -> list[StoredTenant]:
        found = await first(store)
        if between:
            command = ["tenant", *between, "--data", str(cli.data)]
            between.clear()
            assert await run_sync(main, command) == 0
        return found

    _, old, _ = cli("tenant", "add", "docs", "--guests", "viewer")
    monkeypatch.setattr(SqliteStore, "tenants", tenants)
    status, fresh, _ = cli("tenant", "change", "docs", "--guests", "commenter")
    assert status == 0
    assert not between
    assert described(cli.data) == {"guests": "commenter", "secrets": [fresh.strip()]}
    assert fresh != old
    between += ["add", "shop"]
    status, _, error = cli("tenant", "add", "shop")
    assert status == 2
    assert "crdtchat: there is a tenant shop" in error


def test_roles(cli: Cli) -> None:
    who = ("--tenant", "docs", "--user", "ann")
    status, _, note = cli("role", "set", "moderator", *who)
    assert (status, "no tenant is called docs here yet" in note) == (0, True)
    refused(cli("role", "clear", *who[:3], "bob"), "given no role")
    assert cli("role", "set", "viewer", *who)[0] == 0
    _, out, _ = cli("role", "list", "--tenant", "docs")
    assert [line.split() for line in out.splitlines()[1:]] == [["ann", "viewer"]]
    assert cli("role", "clear", *who)[0] == 0
    refused(cli("role", "set", "viewer", "--tenant", "docs", "--user", "a/b"), "user id")


def test_a_server_for_the_world_needs_a_tenant(cli: Cli) -> None:
    refused(cli("serve", "--host", "0.0.0.0", "--port", "0"), "crdtchat tenant add")
    assert not cli.data.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("color = 'red'", "no setting is called 'color'"),
        ("port = 'http'", "the port must be a number"),
        ("port = []", "the port must be a whole number"),
        ("data = 5", "data is a text"),
        ("tls_cert = true", "tls_cert is a text"),
        ("tls_key = []", "tls_key is a text"),
        ("metrics_token = 12345678", "metrics_token is a text"),
        ("tenants = 5", "one table per tenant"),
        ("[tenants.docs]\nsecrets = ['short']", "[tenants.docs] secrets are texts"),
        ("[tenants.docs]\ncolor = 'red'", "has no setting 'color'"),
        ("= nonsense", "is not TOML"),
    ],
)
def test_settings_that_are_refused(cli: Cli, tmp_path: Path, text: str, words: str) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text(text)
    refused(cli("tenant", "list", "--config", str(config)), words)
