"""Two users discuss a notebook in JupyterLab."""

from __future__ import annotations

import re
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


def test_it_is_all_there_after_a_reload(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Kept?")
    ann.comment(RENDERED, "square roots", "Kept, too?")
    ann.page.reload()
    ann.wait_live()
    ann.expect_marked("math.sqrt", "square roots")


def test_marks_follow_what_happens_to_the_cells(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "A function")
    ann.comment(SOURCE, "x ** 2", "A power")
    words = ("math.sqrt", "x ** 2")
    ann.choose_cell(1)
    ann.run("notebook:insert-cell-above")
    ann.expect_marked(*words)
    ann.choose_cell(2)
    ann.run("notebook:move-cell-down")
    ann.expect_marked(*words)
    ann.run("notebook:cut-cell")
    ann.expect_marked("x ** 2")
    ann.run("notebook:paste-cell-above")
    ann.expect_marked(*words)
    ann.run("notebook:change-cell-to-markdown")
    ann.expect_marked(*words)
    ann.run("notebook:change-cell-to-code")
    ann.expect_marked(*words)


def test_words_in_a_cell_that_is_edited_are_found_again(open_lab: Open, path: Path) -> None:
    ann, bob = open_lab("ann", path.name), open_lab("bob", path.name)
    ann.comment(SOURCE, "math.sqrt(2)", "Two?")
    ann.page.locator(f"{SOURCE} .cm-content").first.click(position={"x": 2, "y": 6})
    ann.page.keyboard.press("Control+Home")
    ann.page.keyboard.type("# a new first line\n")
    ann.expect_marked("math.sqrt(2)")
    bob.expect_marked("math.sqrt(2)")


def test_what_an_execution_prints_anew_is_found_again(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(OUTPUT, "square root of two", "Kept by a run?")
    ann.run("notebook:run-all-cells")
    expect(ann.page.locator(".jp-InputPrompt", has_text="[1]")).to_be_visible()
    ann.expect_marked("square root of two")


def test_what_is_gone_is_listed_with_its_words(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "y = x ** 2", "Soon gone")
    ann.choose_cell(2)
    ann.run("notebook:delete-cell")
    ann.expect_marked()
    panel = ann.open_panel()
    panel.get_by_role("button", name=re.compile("^Unplaced")).first.click()
    expect(panel.get_by_text("y = x ** 2")).to_be_visible()
    ann.run("notebook:undo-cell-action")
    ann.expect_marked("y = x ** 2")


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
