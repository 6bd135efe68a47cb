"""Standard input and output of commands on machines whose locale has another encoding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORDS = "zażółć 👍"
FILE = json.dumps(
    [{"id": "urn:1", "type": "Annotation", "bodyValue": WORDS, "target": f"https://e/{WORDS}"}],
    ensure_ascii=False,
)


def run(data: Path, *arguments: str, given: bytes = b"", status: int = 0) -> bytes:
    """Run a command as on Windows, whose pipes are in a code page; answers what it printed."""
    command, *rest = arguments
    ran = subprocess.run(
        [sys.executable, "-m", "crdtchat", command, "--tenant", "demo", "--data", data, *rest],
        input=given,
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        check=False,
    )
    assert ran.returncode == status, ran.stderr.decode()
    return ran.stdout


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
def test_words_go_in_and_out_as_they_are(tmp_path: Path, mark: bytes) -> None:
    data = tmp_path / "data"
    report = run(data, "import", "-", given=mark + FILE.encode())
    assert report.startswith(b"added: 1 annotations")
    (item,) = json.loads(run(data, "export"))["first"]["items"]
    assert (item["body"]["value"], item["target"]["source"]) == (WORDS, f"https://e/{WORDS}")
    run(data, "erase", "--page", item["target"]["source"], "--yes")
    lines = [json.loads(line) for line in run(data, "audit").splitlines()]
    assert lines[-1]["page"] == item["target"]["source"]


def test_what_the_locale_cannot_say_is_told_all_the_same(tmp_path: Path) -> None:
    """All had been brought in, and it was a traceback."""
    item = json.loads(FILE)[0] | {WORDS: 1}
    given = json.dumps([item], ensure_ascii=False).encode()
    report = run(tmp_path / "data", "import", "-", given=given)
    assert b"members called 'za\\u017c\xf3\\u0142\\u0107 \\U0001f44d': not kept" in report


def test_what_is_no_utf8_is_left_out(tmp_path: Path) -> None:
    given = FILE.encode().replace("ż".encode(), b"\xbf")
    report = run(tmp_path / "data", "import", "-", given=given, status=1)
    assert b"left out: 1 x the rest of the file: it is not UTF-8" in report
