"""Commands whose output cannot be written: one sentence, or none where a pipe has read enough."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
