"""Commands whose output cannot be written: one sentence, or none where a pipe has read enough."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from crdtchat.server.cli import main


def run(data: Path, command: Sequence[str], out: int) -> tuple[int, str]:
    """A command with this for its standard output; its exit status and errors."""
    ran = subprocess.run(
        [sys.executable, "-m", "crdtchat", *command, "--data", str(data)],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    assert (
        main(["role", "set", "viewer", "--tenant", "demo", "--user", "a", "--data", str(data)]) == 0
    )
    return data


COMMANDS = (
    ["audit", "--tenant", "demo"],
    ["export", "--tenant", "demo"],
    ["role", "list", "--tenant", "demo"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_pipe_that_nobody_reads_any_more(data: Path, command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        status, error = run(data, command, writing)
    finally:
        os.close(writing)
    assert status == 141
    assert error in ("", "0 annotations exported\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_disk_that_is_full(data: Path, command: list[str]) -> None:
    with open("/dev/full", "w") as full:
        status, error = run(data, command, full.fileno())
    assert status == 1
    said = error.removeprefix("0 annotations exported\n")
    assert said == "crdtchat: what this prints cannot be written: No space left on device\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_output_that_was_closed(data: Path, command: list[str]) -> None:
    closed = ["sh", "-c", 'exec "$@" >&-', "sh"]
    ran = subprocess.run(
        [*closed, sys.executable, "-m", "crdtchat", *command, "--data", str(data)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert ran.returncode == 0
    assert ran.stderr in ("", "0 annotations exported\n")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_whose_output_cannot_be_written_serves(tmp_path: Path, workers: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = ["--port", str(port), "--data", str(tmp_path / "data"), "--workers", str(workers)]
    with open("/dev/full", "w") as full:
        server = subprocess.Popen(
            [sys.executable, "-m", "crdtchat", "serve", *flags],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert server.stderr is not None
    assert "standard output cannot be written" in next(
        line for line in server.stderr if '"level": "warning"' in line
    )
    assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    server.terminate()
    assert "Traceback" not in server.stderr.read()
    assert server.wait() == (-signal.SIGTERM if workers == 1 else 0)
    server.stderr.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_whose_output_lacks_signs_spells_them(tmp_path: Path, workers: str) -> None:
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "crdtchat", "serve", "--workers", workers),
            *("--port", "0", "--data", str(tmp_path / "żółw")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="latin-1",
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    ) as server:
        try:
            assert server.stdout is not None
            assert any("\\u017có\\u0142w" in line for line in server.stdout)
        finally:
            server.terminate()
