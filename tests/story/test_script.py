"""The script that a newcomer repeats says what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "notebooks" / "offline_and_killed.py"


def test_two_programs_and_a_killed_server() -> None:
    ran = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "both live: 1 annotation, saved" in ran.stdout
    assert "written meanwhile, unsaved: Ann 3, Bob 3" in ran.stdout
    assert "server back: Ann and Bob agree: True" in ran.stdout
    assert ran.stdout.count("Ann, without a server") == 3
    assert ran.stdout.count("Bob, without a server") == 3
