"""`crdtchat doctor` on installations that are well and ones that are not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crdtchat.server.cli import main
from tests.certificates import certified
from tests.fork_server import run_crdtchat
from tests.server.unprivileged import run_unprivileged
from tests.server_process import ServerProcess, running_server


def doctor(*arguments: object) -> tuple[int, list[str]]:
    """Its exit status, and its lines."""
    ran = run_crdtchat("doctor", *arguments)
    assert ran.stderr == ""
    return ran.returncode, ran.stdout.splitlines()


def said(lines: list[str], level: str) -> list[str]:
    return [line.removeprefix(level).strip() for line in lines if line.startswith(level)]


def test_nothing_is_wrong_with_a_server_at_work(server: ServerProcess) -> None:
    server.token("ann")
    port = server.url.rpartition(":")[2]
    status, lines = doctor("--data", server.data, "--port", port)
    assert (status, said(lines, "fail")) == (0, [])
    (found,) = [line for line in said(lines, "ok") if "port" in line]
    assert found.endswith(f"is running at 127.0.0.1 port {port}")
    assert any("can be read" in line for line in said(lines, "ok"))


def test_before_the_first_start_nothing_is_made(tmp_path: Path) -> None:
    data = tmp_path / "data"
    status, lines = doctor("--data", data, "--port", 0)
    assert status == 0
    assert any("will be made" in line for line in said(lines, "ok"))
    assert not data.exists()


def test_a_damaged_database(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        server.token("ann")
    path = data / "crdtchat.sqlite3"
    with path.open("r+b") as file:
        file.seek(8_192)
        file.write(b"\xff" * (path.stat().st_size - 8_192))
    status, lines = doctor("--data", data, "--port", 0)
    assert status == 1
    assert any("is damaged" in line for line in said(lines, "fail"))
    assert any("restore the last backup" in line for line in lines)


def test_a_database_that_is_locked_or_read_only_is_not_damaged(tmp_path: Path) -> None:
    """Nobody may be told to restore a backup over a file that is well."""
    data = tmp_path / "data"
    with running_server(data) as server:
        server.token("ann")
    with closing(sqlite3.connect(data / "crdtchat.sqlite3")) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        status, lines = doctor("--data", data, "--port", 0)
    assert status == 1
    assert any("is locked by another process" in line for line in said(lines, "fail"))
    assert not any("damaged" in line or "backup" in line for line in lines)
    for path in (*data.iterdir(), data):
        path.chmod(0o500)
    ran = run_unprivileged("doctor", "--data", data, "--port", 0)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "cannot be written by this user" in ran.stdout
    assert "is read-only: make the file" in ran.stdout
    assert "damaged" not in ran.stdout


def test_a_folder_that_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    for folder in ("closed", "closed/data"):
        ran = run_unprivileged("doctor", "--data", tmp_path / folder, "--port", 0)
        assert (ran.returncode, ran.stderr) == (1, "")
        (found,) = said(ran.stdout.splitlines(), "fail")
        assert "(Permission denied): run as the user that owns the data directory" in found


def test_a_disk_that_takes_no_write(tmp_path: Path) -> None:
    """The bound on the size of files is a full disk that needs no privileges."""
    script = f'ulimit -f 0; exec "{sys.executable}" -m crdtchat doctor --port 0 --data "$0"'
    command = ["bash", "-c", script, str(tmp_path / "data")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "")
    (fault,) = said(ran.stdout.splitlines(), "fail")
    assert fault == f"{tmp_path} takes no write: File too large"
    assert "free some space" in ran.stdout


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    """It was said that the database would be made in it."""
    (tmp_path / "data").touch()
    status, lines = doctor("--data", tmp_path / "data", "--port", 0)
    (found,) = said(lines, "fail")
    assert status == 1
    assert "(Not a directory): choose a data directory" in found
    assert not any("will be made" in line for line in lines)


def test_what_is_open_to_the_world_by_accident(tmp_path: Path) -> None:
    status, lines = doctor("--data", tmp_path, "--host", "0.0.0.0", "--port", 0)
    assert status == 1
    assert any("refusing to listen" in line for line in said(lines, "fail"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = 70000", "port 70000 is none: choose 1 to 65535"),
        ("port = -1", "port -1 is none: choose 1 to 65535"),
        ('host = "a..b"', "no address is known for the host 'a..b': no name looks so"),
        ('broker = "http://h"', "no broker is called 'http': say redis://host"),
        ('broker = "redis://h:99999"', "the broker's URL cannot be read"),
        ('broker = "redis://h"\nstore = "memory:"', "there is nobody to talk to"),
        ('workers = 2\nstore = "memory:"', "leave --workers out"),
    ],
)
def test_what_serve_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    """The doctor called ports that are none free, and did not look at the broker."""
    config = tmp_path / "crdtchat.toml"
    config.write_text(f"{text}\n[tenants.docs]\nguests = 'viewer'\n")
    flags = ["--config", str(config), "--data", str(tmp_path / "data")]
    assert main(["serve", *flags]) == 2
    assert says in capsys.readouterr().err
    assert main(["doctor", *flags]) == 1
    out = capsys.readouterr().out
    assert any(says in line for line in said(out.splitlines(), "fail"))
    assert not (text.startswith(("port", "host")) and "is free" in out)


def test_workers_that_cannot_share_a_port(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtchat.server.settings.sys.platform", "darwin")
    monkeypatch.setenv("CRDTCHAT_WORKERS", "2")
    for command, status in (("serve", 2), ("doctor", 1)):
        assert main([command, "--data", str(tmp_path / "data"), "--port", "0"]) == status
        printed = capsys.readouterr()
        assert "several workers on one port need Linux" in printed.out + printed.err


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text('[tenants.docs]\nsecret = "short"\n')
    status, lines = doctor("--config", config)
    assert status == 1
    assert any("cannot be used" in line for line in said(lines, "fail"))


def test_a_tenant_that_everybody_may_embed(tmp_path: Path) -> None:
    config = tmp_path / "crdtchat.toml"
    config.write_text('[tenants.docs]\nguests = "viewer"\norigins = ["*"]\n')
    status, lines = doctor("--config", config, "--data", tmp_path / "data", "--port", 0)
    assert status == 0
    assert "tenant docs may be embedded by every page there is" in said(lines, "warn")


@pytest.mark.parametrize(
    ("days", "level"), [(90, "ok"), (5, "warn"), (-1, "fail")], ids=["good", "soon", "over"]
)
def test_a_certificate_and_its_end(tmp_path: Path, days: int, level: str) -> None:
    certificate, key = certified(tmp_path, days)
    flags = ("--data", tmp_path / "data", "--port", 0)
    status, lines = doctor(*flags, "--tls-cert", certificate, "--tls-key", key)
    assert any("is good until" in line for line in said(lines, level))
    assert status == (level == "fail")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("crdtchat doc", "doctor"), ("crdtchat serve --tru", "--trusted-proxies")],
)
def test_the_shell_completes(typed: str, completed: str) -> None:
    words = typed.split()
    script = (
        f'source <("{sys.executable}" -m crdtchat completion bash)\n'
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}\n"
        "_shtab_crdtchat crdtchat; echo ${COMPREPLY[@]}\n"
    )
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [completed], ran.stderr
