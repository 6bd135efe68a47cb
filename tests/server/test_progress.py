"""Bars of long commands, seen through a terminal of their own; and what `--help` need not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.fork_server import forked

HEAVY = (
    *("anyio", "asyncio", "cryptography", "jwt", "numpy", "pycrdt", "sqlite3", "ssl"),
    *("starlette", "tqdm", "uvicorn"),
)

EVERY_STEP = {"TQDM_MININTERVAL": "0", "TQDM_MINITERS": "1"}
"""Else it is drawn ten times a second: what is seen would depend on the machine."""


def crdtchat(*command: object, terminal: bool) -> tuple[str, str]:
    """Run a command; its output, and what it wrote to standard error, a terminal or not."""
    if terminal:
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (25, 80))
    else:
        ours, theirs = os.pipe()
    process = forked(
        "crdtchat",
        [str(word) for word in command],
        stderr=theirs,
        environment={**os.environ, **EVERY_STEP},
    )
    os.close(theirs)
    told = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # how Linux says that nobody has a terminal open any more
            break
        if not part:
            break
        told += part
    os.close(ours)
    assert process.stdout is not None
    with process.stdout:
        out = process.stdout.read()
    assert process.wait() == 0, told
    return out, told.decode()


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A file of forty annotations."""
    items = [
        {
            "id": f"urn:test:{number}",
            "type": "Annotation",
            "creator": "ann",
            "created": "2026-01-01T00:00:00Z",
            "body": {"type": "TextualBody", "value": "Whose words?"},
            "target": {
                "source": f"page-{number % 4}",
                "selector": {"type": "TextQuoteSelector", "exact": f"words {number}"},
            },
        }
        for number in range(40)
    ]
    path = tmp_path / "items.json"
    path.write_text(json.dumps(items))
    return path


def test_in_a_terminal_long_commands_show_how_far_they_are(exported: Path, tmp_path: Path) -> None:
    where = ("--tenant", "demo", "--data", tmp_path / "data")
    out, told = crdtchat("import", *where, exported, terminal=True)
    assert "40 annotations" in out
    assert "importing: " in told
    assert "100%" in told
    _, told = crdtchat("export", *where, "--output", tmp_path / "out.json", terminal=True)
    assert "exporting: " in told
    assert "40 annotations exported" in told
    out, told = crdtchat("compact", *where, terminal=True)
    assert out == "4 pages of demo are compact\n"
    assert "compacting demo: " in told
    assert "4/4" in told


def test_elsewhere_they_do_not(exported: Path, tmp_path: Path) -> None:
    where = ("--tenant", "demo", "--data", tmp_path / "data")
    assert crdtchat("import", *where, exported, terminal=False)[1] == ""
    out, told = crdtchat("export", *where, terminal=False)
    assert told == "40 annotations exported\n"
    assert len(json.loads(out)["first"]["items"]) == 40
    assert crdtchat("compact", *where, terminal=False)[1] == ""


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom crdtchat.server.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"sys.stderr.write(' '.join(name for name in {HEAVY} if name in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "serve" in ran.stdout
    assert ran.stderr == ""
