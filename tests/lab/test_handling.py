"""Cells are moved, split, merged, copied, folded, changed and run again, by hand: what is discussed
in them is found again, or listed with its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.conftest import Open
from tests.lab.reader import OUTPUT, RENDERED, SOURCE, LabReader
from tests.lab.story import MARKDOWN

CELL = ".jp-Notebook .jp-Cell"
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.ready.then(() => null)"
CODE = "import math\nx = math.sqrt(2)\nprint('The square root of two is', x)"


def discussed(
    *, text: int | None = 0, call: int | None = 1, printed: int | None = 1, power: int | None = 2
) -> list[str]:
    """Where the words are, by the number of their cell; None for those that have no place."""
    words = [
        (text, "rendered: rendered words"),
        (call, "source: math.sqrt(2)"),
        (printed, "output: square root of two"),
        (power, "source: y = x ** 2"),
    ]
    return [f"{cell} {what}" for cell, what in words if cell is not None]


@pytest.fixture
def ann(open_lab: Open, path: Path) -> LabReader:
    """Ann has discussed words in a text, in code, and in what it printed."""
    reader = open_lab("ann", path.name)
    reader.comment(RENDERED, "rendered words", "Which words?")
    reader.comment(SOURCE, "math.sqrt(2)", "Why two?")
    reader.comment(SOURCE, "y = x ** 2", "A power")
    reader.comment(OUTPUT, "square root of two", "So many digits.")
    reader.expect_placed(*discussed())
    # Opening it later would take the keys away from the cells.
    reader.open_panel()
    return reader


def put_caret(ann: LabReader, line: str) -> None:
    """Click into a line of code, and go to its beginning."""
    ann.page.locator(f"{SOURCE} .cm-line", has_text=line).click()
    ann.press("Home")


def drag(ann: LabReader, cell: int, below: int) -> None:
    """Drag a cell by its prompt."""
    mouse = ann.page.mouse
    grip = ann.page.locator(f"{CELL} .jp-InputPrompt").nth(cell).bounding_box()
    goal = ann.page.locator(CELL).nth(below).bounding_box()
    assert grip and goal
    ann.new_step()
    mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    mouse.down()
    mouse.move(goal["x"] + 60, goal["y"] + 5, steps=5)
    mouse.move(goal["x"] + 60, goal["y"] + goal["height"] - 8, steps=5)
    mouse.up()


def fold(ann: LabReader, cell: int, part: str) -> None:
    """Fold an input or the outputs away, or unfold it."""
    ann.page.locator(CELL).nth(cell).locator(f".jp-{part}Collapser").click()


def rewrite(ann: LabReader, cell: int, source: str) -> None:
    """Write another source into a cell, and run it."""
    ann.choose_cell(cell)
    ann.press("Enter", "Control+a")
    ann.page.keyboard.insert_text(source)
    ann.press("Control+Enter")


def test_words_go_with_cells_that_are_moved_cut_copied_and_merged(ann: LabReader) -> None:
    swapped = discussed(call=2, printed=2, power=1)
    ann.choose_cell(1)
    ann.press("Control+Shift+ArrowDown")
    ann.expect_placed(*swapped)
    ann.press("Control+Shift+ArrowUp")
    ann.expect_placed(*discussed())
    ann.new_step()
    ann.page.get_by_role("menuitem", name="Edit", exact=True).click()
    ann.page.get_by_role("menuitem", name="Move Cell Down").click()
    ann.expect_placed(*swapped)
    ann.press("Escape", "z")
    ann.expect_placed(*discussed())
    drag(ann, 1, below=3)
    ann.expect_placed(*swapped)
    ann.choose_cell(1)
    ann.press("z")
    ann.expect_placed(*discussed())

    put_caret(ann, "print(")
    ann.press("Control+Shift+Minus")
    ann.expect_placed(*discussed(printed=2, power=3))
    # Merging clears what was printed; it is not looked for in the code that prints it.
    ann.choose_cell(1)
    ann.press("Shift+ArrowDown", "Shift+m")
    ann.expect_placed(*discussed(printed=None))
    ann.expect_unplaced("square root of two")
    ann.press("Escape", "z")
    ann.expect_placed(*discussed(printed=2, power=3))
    ann.expect_unplaced()
    ann.press("z")
    ann.expect_placed(*discussed())

    ann.choose_cell(1)
    ann.press("x")
    ann.expect_placed(*discussed(call=None, printed=None, power=1))
    ann.expect_unplaced("math.sqrt(2)", "square root of two")
    ann.press("v")
    ann.expect_placed(*swapped)
    ann.press("z", "z")
    ann.expect_placed(*discussed())

    # A copy takes nothing away from its original, wherever it stands, unless that is gone.
    ann.choose_cell(1)
    ann.press("c", "v")
    ann.expect_placed(*discussed(power=3))
    ann.press("Control+Shift+ArrowUp")
    ann.expect_placed(*discussed(call=2, printed=2, power=3))
    ann.choose_cell(2)
    ann.press("d", "d")
    ann.expect_placed(*discussed())
    ann.press("z")
    ann.expect_placed(*discussed(call=2, printed=2, power=3))
    ann.choose_cell(1)
    ann.press("d", "d")
    ann.expect_placed(*discussed())


def test_words_are_found_in_cells_that_are_changed_folded_and_run(
    ann: LabReader, open_lab: Open, path: Path
) -> None:
    ann.choose_cell(2)
    ann.press("m", "Control+Enter")
    ann.expect_placed(*discussed(power=None), "2 rendered: y = x ** 2")
    ann.press("y")
    ann.expect_placed(*discussed())
    ann.press("r")
    ann.expect_placed(*discussed())
    ann.press("y")
    ann.choose_cell(0)
    ann.press("Enter")
    ann.expect_placed(*discussed(text=None), "0 source: rendered** words")
    ann.press("Control+Enter")
    ann.expect_placed(*discussed())

    # Folded away nothing is marked, and nothing is lost.
    for cell, part in ((1, "Output"), (1, "Input"), (0, "Input")):
        fold(ann, cell, part)
    ann.expect_placed(*discussed(text=None, call=None, printed=None))
    ann.expect_unplaced()
    for cell, part in ((0, "Input"), (1, "Input"), (1, "Output")):
        fold(ann, cell, part)
    ann.expect_placed(*discussed())

    ann.page.evaluate(KERNEL)
    ann.choose_cell(1)
    ann.press("Control+Enter")
    ann.page.locator(f"{CELL} .jp-InputPrompt", has_text="[1]").wait_for()
    ann.expect_placed(*discussed())
    rewrite(ann, 1, CODE.replace("The square root of two is", "About"))
    ann.expect_placed(*discussed(printed=None))
    ann.expect_unplaced("square root of two")
    # What is saved is what somebody without discussions would have saved.
    ann.run("docmanager:save")
    saved = path.read_text()
    assert "crdtchat" not in saved
    cells = json.loads(saved)["cells"]
    assert [cell["metadata"] for cell in cells] == [{}] * 4
    assert "".join(cells[0]["source"]) == MARKDOWN

    bob = open_lab("bob", path.name)
    bob.expect_placed(*discussed(printed=None))
    bob.expect_unplaced("square root of two")
    rewrite(ann, 1, f"# Another line\n{CODE}")
    ann.expect_placed(*discussed())
    ann.expect_unplaced()
    ann.run("docmanager:save")
    bob.run("docmanager:reload")
    bob.expect_placed(*discussed())
    bob.expect_unplaced()
