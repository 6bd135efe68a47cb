"""Texts of which only the lines in sight are drawn: a long file, and a long cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from tests.jupyter.process import JupyterProcess
from tests.lab.conftest import Open
from tests.lab.reader import LabReader
from tests.lab.story import notebook

NAME = uuid4().hex[:8]
LINES = [f"{NAME}_{number} = {number}  # line {number}" for number in range(500)]
SOURCE = "\n".join(LINES)
CODE = notebook((f"{NAME}-text", "markdown", "# A long cell"), (f"{NAME}-long", "code", SOURCE))
IS_MARKED = """(words) => [...CSS.highlights.entries()]
  .some(([name, ranges]) => name.endsWith('open')
    && [...ranges].some((range) => range.toString().includes(words)))"""

FULL = """() => {
  const { content } = window.jupyterapp.shell.currentWidget;
  content.notebookConfig = { ...content.notebookConfig, windowingMode: 'full' };
}"""
AHEAD = """() => {
  const { node } = window.jupyterapp.shell.currentWidget.content.widgets.at(-1);
  return node.isConnected && node.textContent !== '' && !node.querySelector('.jp-InputArea');
}"""


@pytest.fixture(params=["long.py", "long.ipynb"])
def long(lab: JupyterProcess, request: pytest.FixtureRequest) -> Path:
    """A file of 500 lines, and a notebook with a cell of as many."""
    file = lab.files / f"{request.node.name}-{request.param}"
    file.write_text(CODE.replace(NAME, uuid4().hex[:8]) if file.suffix == ".ipynb" else SOURCE)
    return file


def discuss(lab: JupyterProcess, file: Path, first: int, last: int) -> None:
    """Lines are discussed, by a program."""
    source, target = file.read_text(), dict[str, Any]()
    if file.suffix == ".ipynb":
        cell = json.loads(source)["cells"][1]
        source, target["part"] = cell["source"], f"cell={cell['id']}"
    lines = source.split("\n")
    exact = "\n".join(lines[first : last + 1])
    start = source.index(exact)
    target |= {"exact": exact, "start": start, "kind": "source"}
    target |= {"prefix": source[:start][-100:], "suffix": source[start + len(exact) :][:100]}
    address = "crdtchat/api/v1/jupyter/annotations"
    page = lab.discussion("ann", file.name, **{"continue": "new"})["page"]
    body = {"target": target, "body": f"Lines {first} to {last}"}
    with lab.client("ann") as ann:
        ann.post(address, params={"page": page}, json=body).raise_for_status()


def go_to(reader: LabReader, line: int) -> None:
    """Scroll until a line is drawn."""
    words = reader.page.get_by_text(f"# line {line}", exact=True)
    reader.page.mouse.move(700, 400)
    while words.count() == 0:
        reader.page.mouse.wheel(0, 300)
    words.scroll_into_view_if_needed()


def test_words_far_down_are_gone_to(open_lab: Open, lab: JupyterProcess, long: Path) -> None:
    for line in (100, 470, 2):
        discuss(lab, long, line, line)
    ann = open_lab("ann", long.name)
    expect(ann.status).to_contain_text("3 discussions")
    # The words were looked for: what has no place yet cannot be gone to.
    ann.page.wait_for_function(IS_MARKED, arg="# line 2")
    for line in (2, 100, 470, 2, 100):
        ann.run("crdtchat:next")
        expect(ann.layer.get_by_text(f"Lines {line} to {line}")).to_be_visible()
        expect(ann.page.get_by_text(f"# line {line}", exact=True)).to_be_in_viewport()
        ann.page.wait_for_function(IS_MARKED, arg=f"# line {line}")


def test_a_passage_is_marked_whose_beginning_and_end_are_out_of_sight(
    open_lab: Open, lab: JupyterProcess, long: Path
) -> None:
    discuss(lab, long, 20, 250)
    ann = open_lab("ann", long.name)
    ann.page.wait_for_function(IS_MARKED, arg="# line 25")
    go_to(ann, 130)
    ann.page.wait_for_function(IS_MARKED, arg="# line 130")


def test_cells_that_are_drawn_ahead_are_discussed(open_lab: Open, lab: JupyterProcess) -> None:
    """Lab draws the outputs of cells out of sight, hidden and without their code: what was said of
    the code was unplaced."""
    name = uuid4().hex[:8]
    cells = [(f"{name}-{n}", "code", f"{name}_{n} = {n}\nprint({n})") for n in range(80)]
    path = lab.files / f"{name}.ipynb"
    path.write_text(notebook(*cells))
    ann = open_lab("ann", path.name)
    ann.page.evaluate(FULL)
    ann.page.wait_for_function(AHEAD)
    panel = ann.open_panel()
    page = lab.discussion("ann", path.name)["page"]
    where = "crdtchat/api/v1/jupyter/annotations"
    with lab.client("ann") as program:
        for exact in (f"{name}_60 = 60", "These words are nowhere."):
            target = {"exact": exact, "prefix": "", "suffix": "\n", "start": 0, "kind": "source"}
            body = {"target": target | {"part": f"cell={name}-60"}, "body": "Far away"}
            program.post(where, params={"page": page}, json=body).raise_for_status()
    expect(panel.locator(".row")).to_have_count(2)
    ann.expect_unplaced("These words are nowhere.")
