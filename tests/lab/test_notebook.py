"""Two users discuss a notebook in JupyterLab."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.jupyter.process import JupyterProcess
from tests.lab.conftest import Open
from tests.lab.reader import OUTPUT, RENDERED, SOURCE


def test_source_rendered_text_and_output_are_discussed_live(open_lab: Open, path: Path) -> None:
    before = path.read_bytes()
    ann, bob = open_lab("ann", path.name), open_lab("bob", path.name)
    expect(ann.status).to_have_text("2 people here · 0 discussions")
    ann.comment(RENDERED, "rendered words", "Which words?")
    bob.expect_marked("rendered words")
    bob.comment(SOURCE, "x = math.sqrt(2)", "Why two?")
    ann.expect_marked("rendered words", "x = math.sqrt(2)")
    ann.comment(OUTPUT, "square root of two", "So many digits.")
    bob.expect_marked("rendered words", "x = math.sqrt(2)", "square root of two")
    expect(bob.status).to_have_text("2 people here · 3 discussions · 2 unread")
    panel = bob.open_panel()
    for words in ("Which words?", "Why two?", "So many digits."):
        expect(panel.get_by_text(words)).to_be_visible()
    assert path.read_bytes() == before, "the notebook's file is not touched"


def test_who_has_commented_goes_on_behind_the_words(open_lab: Open, path: Path) -> None:
    """They were selected again, and what was typed took their place."""
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Why two?")
    ann.page.keyboard.type("_")
    expect(ann.page.locator(SOURCE).first).to_contain_text("x = math.sqrt_(2)")


def test_it_is_all_there_after_a_reload(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Kept?")
    ann.comment(RENDERED, "square roots", "Kept, too?")
    ann.page.reload()
    ann.wait_live()
    ann.expect_marked("math.sqrt", "square roots")


def test_a_viewer_reads_and_is_offered_nothing_to_write(open_lab: Open, path: Path) -> None:
    ann, vic = open_lab("ann", path.name), open_lab("vic", path.name)
    ann.comment(SOURCE, "math.sqrt", "For all to read")
    vic.expect_marked("math.sqrt")
    vic.select(RENDERED, "rendered")
    panel = vic.open_panel()
    panel.get_by_text("For all to read").click()
    expect(panel.get_by_text("For all to read")).to_be_visible()
    expect(panel.get_by_role("textbox", name="Reply")).to_have_count(0)
    expect(vic.layer.get_by_role("button", name="Comment on the selected text")).to_have_count(0)


def test_a_rename_takes_the_discussion_along(
    open_lab: Open, lab: JupyterProcess, path: Path
) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Still here?")
    lab.rename(path.name, f"renamed-{path.name}")
    bob = open_lab("bob", f"renamed-{path.name}")
    bob.expect_marked("math.sqrt")


def test_a_copy_asks_whose_discussion_it_is(
    open_lab: Open, lab: JupyterProcess, path: Path
) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Of the original")
    (lab.files / f"copy-of-{path.name}").write_bytes(path.read_bytes())
    page = ann.page
    page.evaluate(
        "(path) => { window.jupyterapp.commands.execute('docmanager:open', { path }) }",
        f"copy-of-{path.name}",
    )
    page.get_by_role("button", name="Begin a new discussion").click()
    expect(ann.status).to_have_text("1 person here · 0 discussions")


def test_notebook_7_has_it_too(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    bob = open_lab("bob", path.name, app="notebooks")
    ann.comment(SOURCE, "math.sqrt", "Seen in Notebook?")
    bob.expect_marked("math.sqrt")
    bob.comment(RENDERED, "rendered", "And back")
    ann.expect_marked("math.sqrt", "rendered")
