"""Wrong uses of the command line and the configuration: each answer is one sentence that says what
is wrong and what to do, and nothing is made or changed by them."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from crdtchat.server.cli import main, make_parser
from crdtchat.server.settings import BadSetting, read_settings, unknown_variables
from crdtchat.server.storage import make_broker, make_store, shown
from tests.certificates import certified
from tests.server.unprivileged import run_unprivileged
from tests.server_process import running_server

SECRET = 'secret = "at least 32 characters that sign your users"'


class Cli:
    """Runs commands in this process, in a folder of their own."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture

    def __call__(self, *command: object) -> tuple[int, str, str]:
        """Its exit status, output and errors."""
        status = main([str(word) for word in command])
        captured = self._capture.readouterr()
        return status, captured.out, captured.err

    def refuses(self, *command: object, says: tuple[str, ...]) -> None:
        """One sentence on standard error, and no database in the folder."""
        status, out, error = self(*command)
        assert (status, out) == (2, ""), error
        assert error.startswith("crdtchat: ")
        assert error.count("\n") == 1
        for words in says:
            assert words in error
        assert not (self.folder / "crdtchat-data").exists()


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CRDTCHAT_")]:
        monkeypatch.delenv(name)
    return Cli(tmp_path, capsys)


def test_the_version(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli("--version")
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out == f"crdtchat {metadata.version('crdtchat')}\n"


def test_nothing_at_all_is_answered_by_what_there_is(cli: Cli) -> None:
    status, _, error = cli()
    assert status == 2
    assert "serve pages' discussions" in error
    assert "crdtchat doctor" in error


def test_a_port_that_is_taken(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = (f"127.0.0.1 port {port}", "in use", "--port")
        cli.refuses("serve", "--port", port, says=words)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--port", 70_000], ("choose 1 to 65535",)),
        (["--host", "192.0.2.1", "--config", "good.toml"], ("--host", "address of this machine")),
        (["--host", "no.invalid", "--config", "good.toml"], ("no.invalid", "--host")),
        (["--host", "0.0.0.0"], ("crdtchat tenant add", "--config")),
        (["--host", "", "--config", "good.toml"], ("host is empty", "leave it out")),
        (["--data", ""], ("data is empty", "leave it out")),
        (["--tls-cert", "", "--tls-key", ""], ("tls_cert is empty", "leave it out")),
        (["--data", "good.toml"], ("good.toml", "choose a data directory")),
        (["--config", "nothing.toml"], ("there is no configuration file nothing.toml",)),
        (["--config", "."], ("cannot read the configuration .",)),
        (["--store", "mysql://x"], ("mysql", "postgresql://")),
        (["--broker", "amqp://x"], ("amqp", "redis://")),
        (["--tls-cert", "x.pem"], ("--tls-key",)),
        (["--tls-cert", "x.pem", "--tls-key", "y.pem"], ("x.pem", "No such file")),
        (["--trusted-proxies", "front"], ("front", "127.0.0.1,10.0.0.0/8")),
        (["--allowed-hosts", "https://a.example"], ("https://a.example", "without scheme")),
    ],
    ids=lambda given: " ".join(map(str, given)) if isinstance(given, list) else "",
)
def test_flags_of_serve(
    cli: Cli, tmp_path: Path, flags: list[object], says: tuple[str, ...]
) -> None:
    (tmp_path / "good.toml").write_text(f"[tenants.docs]\n{SECRET}\n")
    cli.refuses("serve", "--port", 0, *flags, says=says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('host = "127.0.0.1', "is not TOML"),
        ("prot = 8000", "did you mean 'port'?"),
        (f"[tenant.docs]\n{SECRET}", "did you mean 'tenants'?"),
        ('[tenants.docs]\nguest = "viewer"', "did you mean 'guests'?"),
        ("[tenants.docs]\nfoo = 1", "there are audience, guests,"),
        ('[tenants.docs]\nguests = "writer"', "'viewer' or 'commenter'"),
        ('[tenants.docs]\nsecret = "short"', "at least 32 characters"),
        ('[tenants.docs]\norigins = ["docs.example.org"]', "https://docs.example.org"),
        (
            "[tenants.docs]\nlimits = {user_operations_per_minutes = 1}",
            "did you mean 'user_operations_per_minute'?",
        ),
        ('port = "http"', "must be a number, not 'http'"),
        ("port = true", "must be a whole number, not True"),
        ("port = 80.5", "must be a whole number, not 80.5"),
        ("connections = 0", "at least 1"),
        ("data = 1", "data is a text, in quotes"),
        ("metrics_token = 123456", "metrics_token is a text, in quotes"),
        ("tls_cert = true", "tls_cert is a text, in quotes"),
    ],
    ids=lambda given: given.replace("\n", " "),
)
def test_what_stands_in_the_file(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "crdtchat.toml"
    path.write_text(text)
    with pytest.raises(BadSetting) as raised:
        read_settings({"config": str(path)}, {})
    assert says in str(raised.value)


@pytest.mark.parametrize("name", ["trusted_proxies", "webhook_networks", "allowed_hosts"])
@pytest.mark.parametrize("value", ["5", "true", "[5]", "{a = 1}"])
def test_what_is_no_list_of_texts(tmp_path: Path, name: str, value: str) -> None:
    path = tmp_path / "crdtchat.toml"
    path.write_text(f"{name} = {value}")
    with pytest.raises(BadSetting, match=r"are (addresses|names)[^:]*, as [^:]*$"):
        read_settings({"config": str(path)}, {})


def test_variables_that_nothing_reads() -> None:
    given = {"CRDTCHAT_PROT": "1", "CRDTCHAT_PORT": "1", "CRDTCHAT_TOKEN": "x", "PATH": "/"}
    (sentence,) = unknown_variables(given)
    assert sentence == (
        "the environment has CRDTCHAT_PROT, which nothing reads; did you mean 'CRDTCHAT_PORT'?"
    )


def test_a_variable_that_kubernetes_has_set() -> None:
    with pytest.raises(BadSetting, match="enableServiceLinks: false"):
        read_settings({}, {"CRDTCHAT_PORT": "tcp://10.0.0.1:8000"})


@pytest.mark.parametrize(
    "command",
    [
        "export --tenant demo",
        "audit --tenant demo",
        "compact --tenant demo",
        "erase --tenant demo --page x --yes",
        "tenant list",
        "tenant rotate docs",
        "token list --tenant demo",
        "role list --tenant demo",
        "webhook list --tenant demo",
    ],
)
def test_in_a_folder_without_a_database(cli: Cli, tmp_path: Path, command: str) -> None:
    """They answered as if there were one, and made it."""
    says = (f"{tmp_path}/crdtchat-data/crdtchat.sqlite3", "--data", "--config")
    cli.refuses(*command.split(), says=says)


@pytest.mark.parametrize(
    "command",
    ["serve --port 0", "tenant list", "token create --tenant demo --role owner"],
)
@pytest.mark.parametrize("folder", ["closed", "closed/data"])
def test_a_folder_that_is_somebody_elses(tmp_path: Path, command: str, folder: str) -> None:
    """As for an operator who is not the user that serves: it was told by a traceback."""
    (tmp_path / "closed").mkdir(mode=0)
    ran = run_unprivileged(*command.split(), "--data", tmp_path / folder)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1), ran.stderr
    assert ran.stderr.startswith(f"crdtchat: {tmp_path / folder}")
    assert "(Permission denied): run as the user that owns the data directory" in ran.stderr


def test_a_configuration_is_listed_before_there_is_a_database(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "crdtchat.toml").write_text(f"[tenants.docs]\n{SECRET}\n")
    status, out, _ = cli("tenant", "list", "--config", "crdtchat.toml")
    assert status == 0
    assert "docs" in out
    assert not (tmp_path / "crdtchat-data").exists()


def test_only_a_migration_needs_the_server_stopped() -> None:
    """`compact` runs beside a server in `tests/story/test_retention.py`."""
    told = " ".join(make_parser().format_help().split())
    assert told.count("(server stopped)") == 1
    assert "or back (server stopped)" in told


def test_a_tenant_or_page_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    cli("token", "create", "--tenant", "demo", "--role", "viewer", "--data", tmp_path / "data")
    flags = ("--data", tmp_path / "data")
    cli.refuses("export", "--tenant", "dmeo", *flags, says=("dmeo", "crdtchat tenant list"))
    cli.refuses("compact", "--tenant", "dmeo", *flags, says=("dmeo",))
    for what in (("--page", "x"), ("--user", "ann")):
        misspelt = ("--tenant", "dmeo", *what, "--yes", *flags)
        cli.refuses("erase", *misspelt, says=("dmeo", "crdtchat tenant list"))
    for look in ("audit", "token list", "role list", "webhook list"):
        cli.refuses(
            *look.split(), "--tenant", "dmeo", *flags, says=("dmeo", "crdtchat tenant list")
        )
        assert cli(*look.split(), "--tenant", "demo", *flags)[0] == 0
    # What is kept of one that is not described yet, or not any more, may be looked at.
    cli("token", "create", "--tenant", "later", "--role", "viewer", *flags)
    for look, lines in (("audit", 1), ("token list", 2)):
        status, out, _ = cli(*look.split(), "--tenant", "later", *flags)
        assert (status, len(out.splitlines())) == (0, lines)
    wanted = ("--tenant", "demo", "--page", "nothing", *flags)
    cli.refuses("export", *wanted, says=("tenant demo has no page 'nothing'",))


@pytest.mark.parametrize(
    "command",
    [
        "erase --tenant demo --yes --user=",
        "erase --tenant demo --yes --page=",
        "erase --tenant demo --yes --page x --annotation=",
        "erase --yes --user ann --tenant=",
        "export --tenant demo --user=",
        "import file.json --page x --tenant=",
        "import file.json --tenant demo --page=",
        "token create --role owner --tenant=",
        "token create --role owner --tenant demo --page=",
        "token create --role owner --tenant demo --user=",
        "token create --role owner --tenant demo --ttl=",
        "tenant add docs --audience=",
        "tenant change docs --audience=",
        "tenant add docs --retention-hold=",
        "export --tenant demo --output=",
        "role set viewer --user ann --tenant=",
        "webhook add --tenant demo --url https://example.org/ --page=",
    ],
)
def test_what_is_empty(cli: Cli, command: str) -> None:
    """As from a variable that is not set: an erasure wrote every page anew; a token was made for
    somebody made up, or for ever; an import filled a tenant without a name; tokens for any audience
    signed in; a hold kept nothing."""
    *_, flag = command.split()
    cli.refuses(*command.split(), says=(f"{flag.rstrip('=')} is empty",))


@pytest.mark.parametrize(
    "command",
    [
        "token create --role owner --tenant a/b",
        "role set viewer --user ann --tenant a/b",
        "import file.json --page x --tenant a/b",
    ],
)
def test_what_no_tenant_can_be_called(cli: Cli, tmp_path: Path, command: str) -> None:
    """It was kept for one that nobody could reach."""
    (tmp_path / "file.json").write_text("[]")
    cli.refuses(*command.split(), says=("a tenant cannot be called 'a/b'",))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ("create table x (a); pragma user_version = 999", "upgrade crdtchat"),
        ("create table x (a)", "a directory of its own"),
    ],
    ids=["newer", "another program's"],
)
def test_a_database_that_is_not_for_us(cli: Cli, tmp_path: Path, made: str, says: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    connection = sqlite3.connect(folder / "crdtchat.sqlite3")
    connection.executescript(made)
    connection.close()
    cli.refuses("serve", "--port", 0, "--data", folder, says=(says,))


def test_a_server_says_where_it_is_who_may_come_and_where_the_data_lies(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "crdtchat", "serve", "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CRDTCHAT_PROT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline().rstrip() for _ in range(5)]
        warning = process.stderr.readline()
    finally:
        process.terminate()
        process.communicate()
    address = lines[0].removeprefix("crdtchat listening on ")
    assert address.startswith("http://127.0.0.1:")
    assert lines[1:] == [
        "  tenant demo: guests are commenters; embedded by pages of this machine",
        f"  pages: {address}/ to begin with, /moderate, /usage",
        f"  data: {tmp_path}/crdtchat-data/crdtchat.sqlite3",
        "  only this machine can connect; Ctrl+C ends it",
    ]
    assert "did you mean 'CRDTCHAT_PORT'?" in warning


@pytest.mark.parametrize("password", ["se%zzcret", "se/cret", "se?cret/", "se#cret/", "se[cret"])
@pytest.mark.parametrize(
    ("flag", "url"),
    [
        ("--store", "postgresql://ann:{}@127.0.0.1:1/db"),
        ("--broker", "redis://ann:{}@127.0.0.1:1"),
        ("--broker", "redis+cluster://ann:{}@127.0.0.1:1,127.0.0.1:2"),
        ("--broker", "redis+sentinel://ann:{}@127.0.0.1:1/main"),
    ],
)
def test_no_password_is_told(flag: str, url: str, password: str) -> None:
    """One with a sign that has to be encoded stood in the error, and so in the journal."""
    settings = read_settings({flag.strip("-"): url.format(password)}, {})
    try:
        make_store(settings)
        broker = make_broker(settings)
    except BadSetting as error:
        told = str(error)
    else:
        told = shown(settings) + (broker.place if broker is not None else "")
    assert "cret" not in told


@pytest.mark.parametrize("store", ["postgresql://ann:%zz@db/chat", "postgresql://ann:a/b@db/chat"])
def test_how_to_write_a_password(cli: Cli, store: str) -> None:
    cli.refuses("serve", "--store", store, says=("cannot be read", "%25 for %, %2F for /"))
    broker = store.replace("postgresql", "redis").replace("%zz", "#")
    cli.refuses("serve", "--broker", broker, says=("cannot be read", "%25 for %, %2F for /"))


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_a_key_with_a_passphrase(cli: Cli, tmp_path: Path, command: str) -> None:
    """Whoever had a terminal was asked for it, twice and in vain."""
    certificate, key = certified(tmp_path, 90)
    secret = load_pem_private_key(key.read_bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim")
    )
    key.write_bytes(secret)
    flags = ("--data", tmp_path / "data", "--tls-cert", certificate, "--tls-key", key)
    status, out, error = cli(command, *flags)
    assert status != 0
    assert f"the key {key} has a passphrase" in out + error


def test_a_file_of_windows_editor(tmp_path: Path) -> None:
    """It begins with a mark of its own, which was no TOML."""
    config = tmp_path / "crdtchat.toml"
    config.write_text("port = 8123\n", encoding="utf-8-sig")
    assert read_settings({"config": str(config)}, {}).port == 8123


def test_the_doctor_knows_who_has_the_port(cli: Cli, tmp_path: Path) -> None:
    certificate, key = certified(tmp_path, 90)
    for flags in ([], ["--tls-cert", str(certificate), "--tls-key", str(key)]):
        with running_server(tmp_path / "data", flags) as server:
            port = server.url.rpartition(":")[2]
            wanted = ("--data", server.data, "--port", port, *flags)
            _, out, _ = cli("doctor", *wanted)
        assert f"is running at 127.0.0.1 port {port}" in out
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.listen()
        wanted = ("--data", server.data, "--port", other.getsockname()[1])
        status, out, _ = cli("doctor", *wanted)
    assert status == 1
    assert "cannot be listened on" in out
    assert "--port" in out
