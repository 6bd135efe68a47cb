"""Cells and outputs are discussed as a whole, and cells show that they are."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.lab.conftest import Open

CELL = ".jp-Notebook .jp-Cell"


def test_a_cell_and_a_plot_are_discussed_as_a_whole(open_lab: Open, path: Path) -> None:
    ann, bob = open_lab("ann", path.name), open_lab("bob", path.name)
    plot = ann.page.locator(f"{CELL} .jp-OutputArea-child img")
    plot.click(button="right")
    ann.page.get_by_role("menuitem", name="Comment on the Output").click()
    ann.write("Which unit?")
    ann.choose_cell(1)
    ann.page.get_by_role("button", name="Comment on the Cell").click()
    ann.write("Why sqrt?")
    for index in (1, 3):
        marker = bob.page.locator(CELL).nth(index).locator(".crdtchat-marker")
        expect(marker).to_have_accessible_name("1 discussion, 1 unread")
    expect(bob.tab).to_have_attribute("data-crdtchat-unread", "2")
    bob.page.locator(CELL).nth(3).locator(".crdtchat-marker").click()
    expect(bob.layer.get_by_text("Which unit?")).to_be_visible()
    expect(bob.layer.get_by_text("The whole output")).to_be_visible()
    expect(bob.page.locator(".jp-OutputArea-child.crdtchat-whole img")).to_be_visible()
    expect(bob.tab).to_have_attribute("data-crdtchat-unread", "1")
    bob.expect_marked()


def test_a_comment_on_a_cell_goes_with_it_and_is_found_again(open_lab: Open, path: Path) -> None:
    ann = open_lab("ann", path.name)
    ann.choose_cell(2)
    ann.run("crdtchat:comment")
    ann.write("All of it")
    marked = ann.page.locator(f"{CELL}:has(> .crdtchat-marker)")
    expect(marked).to_contain_text("y = x ** 2")
    ann.run("notebook:move-cell-up")
    expect(ann.page.locator(CELL).nth(1).locator(".crdtchat-marker")).to_be_visible()
    # A pasted cell has another id: its words are found.
    ann.run("notebook:cut-cell")
    expect(ann.page.locator(".crdtchat-marker")).to_have_count(0)
    ann.run("notebook:paste-cell-below")
    expect(marked).to_contain_text("y = x ** 2")
    # An output that is cleared is gone; the discussion is listed with what it was about.
    ann.page.locator(f"{CELL} .jp-OutputArea-child img").click(button="right")
    ann.page.get_by_role("menuitem", name="Comment on the Output").click()
    ann.write("And the plot")
    ann.run("notebook:clear-all-cell-outputs")
    expect(marked).to_have_count(1)
    panel = ann.open_panel()
    panel.get_by_role("button", name="Unplaced 1", exact=True).click()
    expect(panel.get_by_text("The whole output")).to_be_visible()


def test_keys_go_from_discussion_to_discussion_in_a_long_notebook(
    open_lab: Open, path: Path
) -> None:
    notebook = json.loads(path.read_text())
    code = notebook["cells"][2]
    notebook["cells"][3:] = [
        {**code, "id": f"{code['id']}-{n}", "source": f"value_{n} = {n}"} for n in range(80)
    ]
    path.write_text(json.dumps(notebook))
    ann = open_lab("ann", path.name)
    for text, name in (("At the top", "math.sqrt"), ("At the end", "value_79")):
        ann.page.evaluate(
            "(index) => { const { content } = window.jupyterapp.shell.currentWidget;"
            " content.activeCellIndex = index; return content.scrollToItem(index) }",
            1 if name == "math.sqrt" else 82,
        )
        ann.run("crdtchat:comment-cell")
        ann.write(text)
    ann.page.keyboard.press("Control+Alt+Period")
    expect(ann.layer.get_by_text("At the top")).to_be_visible()
    expect(ann.page.get_by_text("math.sqrt").first).to_be_in_viewport()
    ann.page.keyboard.press("Control+Alt+Period")
    expect(ann.layer.get_by_text("At the end")).to_be_visible()
    expect(ann.page.get_by_text("value_79").first).to_be_in_viewport()
    ann.page.keyboard.press("Control+Alt+Comma")
    expect(ann.layer.get_by_text("At the top")).to_be_visible()
