"""The script that a newcomer repeats says what it promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "notebooks" / "offline_and_killed.py"


def test_two_programs_and_a_killed_server() -> None:
    ran = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "both live: 1 annotation, saved" in ran.stdout
    assert "written meanwhile, unsaved: Ann 3, Bob 3" in ran.stdout
    assert "server back: Ann and Bob agree: True" in ran.stdout
    assert ran.stdout.count("Ann, without a server") == 3
    assert ran.stdout.count("Bob, without a server") == 3


def test_a_text_that_is_too_short(tmp_path: Path) -> None:
    """It ended in a traceback, and left its server running."""
    (tmp_path / "short.txt").write_text("Too short.\n")
    ran = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "short.txt"], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1), ran.stderr
    assert "name another file" in ran.stderr


def test_no_server_outlives_a_program_that_fails() -> None:
    code = "from local_server import LocalServer; print(LocalServer()._process.pid); 1 / 0"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPT.parent, stdout=subprocess.PIPE, text=True
    )
    assert ran.returncode == 1
    with pytest.raises(ProcessLookupError):
        os.kill(int(ran.stdout), 0)
