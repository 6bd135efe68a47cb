"""A file under a name that was another's: the person who opens it says whose discussion it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.jupyter.process import JupyterProcess
from tests.lab.conftest import Open
from tests.lab.reader import SOURCE
from tests.lab.story import notebook


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_has_nothing_of_what_was_discussed(
    open_lab: Open, lab: JupyterProcess, path: Path, goes_on: bool
) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "y = x ** 2", "Of the old one")
    ann.run("docmanager:save")
    ann.run("application:close")
    path.write_text(notebook((f"anew-{goes_on}", "code", "z = 3")))
    ann.run("docmanager:open", path=path.name)
    asked = ann.page.get_by_role("dialog").filter(has_text="Whose discussion is this?")
    expect(asked).to_contain_text(f"A file that was called {path.name} is discussed")
    answer = "Go on with it" if goes_on else "Begin a new discussion"
    asked.get_by_role("button", name=answer).click()
    expect(ann.status).to_contain_text("1 discussion" if goes_on else "0 discussions")
