"""The documentation site builds without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.samples import ROOT


def test_it_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    built = subprocess.run(
        [*command, "--doctree-dir", str(tmp_path / "doctrees"), ROOT / "docs", tmp_path / "site"],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    site = tmp_path / "site"
    for page in (ROOT / "docs").rglob("*.md"):
        if "_build" not in page.parts:
            assert (site / page.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), page
    http = (site / "reference" / "http.html").read_text()
    assert "/annotations/{aid}/comments/{cid}" in http
    assert "--trusted-proxies" in (site / "reference" / "command.html").read_text()
    assert "wait_saved" in (site / "reference" / "python.html").read_text()
