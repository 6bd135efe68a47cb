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


def test_a_copy_in_an_editor_and_a_preview_is_asked_about_once(
    open_lab: Open, lab: JupyterProcess, path: Path
) -> None:
    text = f"# A text\n\nWords that are discussed in {path.stem}, and more of them.\n"
    first, copy = (lab.files / f"{name}-{path.stem}.md" for name in ("first", "copy"))
    first.write_text(text)
    lab.comment(lab.discussion("ann", first.name)["page"], "Words that are discussed")
    copy.write_text(text)
    ann = open_lab("ann", path.name)
    for factory in ("Editor", "Markdown Preview"):
        with ann.page.expect_response("**/crdtchat/api/discussion*"):
            split = {"mode": "split-right"}
            ann.run("docmanager:open", path=copy.name, factory=factory, options=split)
    asked = ann.page.get_by_role("dialog").filter(has_text="Whose discussion is this?")
    asked.get_by_role("button", name="Begin a new discussion").last.click()
    expect(ann.page.locator("crdtchat-layer")).to_have_count(3)
    expect(asked).to_have_count(0)
