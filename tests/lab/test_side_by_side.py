"""Several documents are open, side by side or one behind the other."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Route, expect

from tests.jupyter.process import JupyterProcess
from tests.lab.conftest import Open
from tests.lab.reader import SOURCE
from tests.lab.story import own_story


def test_what_begins_last_does_not_come_to_the_front(
    open_lab: Open, lab: JupyterProcess, path: Path
) -> None:
    other = lab.files / f"other-{path.name}"
    other.write_text(own_story(other.name))
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Of the first")
    panel = ann.open_panel()
    expect(panel.get_by_text("Of the first")).to_be_visible()

    # The other's discussion is slow to begin; meanwhile Ann has gone back to the first.
    asking, held = "**/crdtchat/api/discussion*", list[Route]()
    ann.page.route(asking, lambda route: held.append(route))
    with ann.page.expect_request(asking):
        ann.run("docmanager:open", path=other.name, options={"mode": "split-right"})
    ann.page.locator(".jp-NotebookPanel").first.locator(".jp-InputPrompt").nth(1).click()
    (route,) = held
    route.continue_()
    expect(ann.page.locator("crdtchat-layer")).to_have_count(2)
    expect(panel.get_by_text("Of the first")).to_be_visible()
    ann.expect_marked("math.sqrt")
    ann.page.locator(".jp-NotebookPanel").last.locator(".jp-InputPrompt").nth(1).click()
    expect(panel.get_by_text("Of the first")).to_have_count(0)


def test_nothing_lies_over_what_is_in_front_of_a_document(
    open_lab: Open, lab: JupyterProcess, path: Path
) -> None:
    table = lab.files / f"{path.stem}.csv"
    table.write_text("a,b\n1,2\n")
    text = lab.files / f"{path.stem}.md"
    text.write_text(f"# A text\n\nAbout {path.stem}.\n")
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Of the notebook")
    card = ann.page.get_by_role("dialog", name="Discussion", exact=True)
    for other in (text, table):
        ann.run("crdtchat:next")
        expect(card).to_be_visible()
        ann.run("docmanager:open", path=other.name)
        expect(card).to_have_count(0)
        # Nor is anything begun or gone to behind a table, which is not discussed.
        ann.page.keyboard.press("Control+Alt+m")
        ann.page.keyboard.press("Control+Alt+Period")
        ann.run("docmanager:open", path=path.name)
        ann.expect_marked("math.sqrt")
        expect(ann.page.locator("crdtchat-layer").get_by_role("dialog")).to_have_count(0)
