"""A notebook older than format 4.5, whose cells have no ids in the file: whoever opens it gives
them others."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.lab.conftest import Open
from tests.lab.reader import LabReader

CELL = ".jp-Notebook .jp-Cell"


def expect_markers(reader: LabReader, *discussions: int) -> None:
    """How many discussions the marker of each cell shows; 0 for a cell without one."""
    for index, count in enumerate(discussions):
        marker = reader.page.locator(CELL).nth(index).locator(".crdtchat-marker")
        expect(marker).to_have_text([str(count)] if count else [])


def test_cells_and_outputs_as_a_whole_are_found(open_lab: Open, path: Path) -> None:
    notebook = json.loads(path.read_text())
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
    # Of two equal cells nobody can tell which one it was.
    notebook["cells"].append(notebook["cells"][2] | {"source": "twice"})
    notebook["cells"].append(notebook["cells"][2] | {"source": "twice"})
    path.write_text(json.dumps(notebook))
    ann = open_lab("ann", path.name)
    for cell in (0, 2, 4):
        ann.choose_cell(cell)
        ann.run("crdtchat:comment-cell")
        ann.write(f"The whole of cell {cell}")
    ann.page.locator(f"{CELL} .jp-RenderedImage").click(button="right")
    ann.page.get_by_role("menuitem", name="Comment on the Output").click()
    ann.write("A small plot")
    expect_markers(ann, 1, 0, 1, 1, 1, 0)
    bob = open_lab("bob", path.name)
    expect_markers(bob, 1, 0, 1, 1, 0, 0)
    panel = bob.open_panel()
    panel.get_by_role("button", name="Unplaced 1", exact=True).click()
    expect(panel.locator(".row")).to_contain_text("The whole of cell 4")
