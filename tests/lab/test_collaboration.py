"""With jupyter-collaboration, which edits a notebook together: our discussions beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.jupyter.process import JupyterProcess
from tests.lab.build import ROOT
from tests.lab.conftest import Open
from tests.lab.reader import OUTPUT, RENDERED, SOURCE
from tests.lab.story import own_story


@pytest.fixture
def together(tmp_path: Path, lab_extension: Path) -> Iterator[JupyterProcess]:
    """JupyterLab with jupyter-collaboration."""
    packages = Path(sys.prefix) / "collaboration"
    if not (packages / "etc").is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--target", str(packages), "--group", "collaboration"]
        subprocess.run(command, cwd=ROOT, check=True)
    server = JupyterProcess(tmp_path, (), "jupyterlab")
    server.add_lab_extension(lab_extension)
    server.add_packages(packages)
    server.start()
    yield server
    server.kill()


def test_what_is_edited_together_is_discussed_together(
    open_lab: Open, together: JupyterProcess
) -> None:
    path = together.files / "together.ipynb"
    path.write_text(own_story("together"))
    ann, bob = (open_lab(user, path.name, server=together) for user in ("ann", "bob"))
    ann.comment(SOURCE, "math.sqrt(2)", "Two?")
    bob.comment(RENDERED, "rendered words", "Which?")
    ann.comment(OUTPUT, "square root of two", "So many digits")
    bob.choose_cell(2)
    bob.run("crdtchat:comment-cell")
    bob.write("The whole of it")
    bob.page.locator(f"{SOURCE} .cm-content").first.click(position={"x": 2, "y": 6})
    bob.page.keyboard.press("Control+Home")
    bob.page.keyboard.type("# a new first line\n")
    # Without a save: the notebook is edited together.
    expect(ann.page.get_by_text("# a new first line")).to_be_visible()
    for reader in (ann, bob):
        reader.expect_marked("math.sqrt(2)", "rendered words", "square root of two")
        expect(reader.status).to_contain_text("2 people here · 4 discussions")
