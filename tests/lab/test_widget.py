"""A page's discussions in the output of a cell, by way of the kernel (D5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, expect

import crdtchat
from crdtchat.client.blocking import BlockingPage
from tests.jupyter.process import JupyterProcess
from tests.lab.conftest import Open
from tests.lab.reader import LabReader
from tests.lab.story import notebook
from tests.server_process import ServerProcess, running_server

TEXT = "The keeper wrote down every ship that passed.\n\nHe wrote with a steel pen.\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A crdtchat server that the browser never talks to."""
    with running_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def page_id() -> str:
    return f"page {uuid4().hex}"


@pytest.fixture
def bob(server: ServerProcess, page_id: str) -> Iterator[BlockingPage]:
    with crdtchat.connect_blocking(server.url, page=page_id, name="Bob") as page:
        yield page


class Cell:
    """The widget in the output of a notebook's one cell."""

    def __init__(self, reader: LabReader) -> None:
        self.lab = reader
        self.page = reader.page
        self.frame = reader.page.locator(".crdtchat-cell")
        self.panel = self.frame.locator("crdtchat-docked")

    def expect_live(self, people: int) -> None:
        here = self.panel.locator(f'[data-people="{people}"]')
        expect(here).to_have_count(1, timeout=60_000)  # A kernel starts, and imports.

    def row(self, words: str) -> Locator:
        return self.panel.locator(".row").filter(has_text=words)

    def comment(self, text: str) -> Locator:
        return self.panel.locator(".comment").filter(has_text=text)

    def write(self, text: str) -> None:
        box = self.panel.get_by_label("Write a reply")
        # Key by key: each of these letters is a command of the notebook's.
        box.press_sequentially(text)
        box.press("Control+Enter")
        expect(self.comment(text)).to_be_visible()


CONTEXT = "window.jupyterapp.shell.currentWidget.sessionContext"
KERNEL = f"{CONTEXT}.ready.then(() => null)"
SHUTDOWN = f"{CONTEXT}.shutdown().then(() => null)"
NO_TIMERS = "() => { for (let id = setTimeout(() => {}); id > 0; id--) clearTimeout(id); }"
RESTART = f"{CONTEXT}.session.kernel.restart().then(() => null)"


def run(open_lab: Open, lab: JupyterProcess, arguments: str, app: str = "") -> Cell:
    """Open a notebook of one cell, and run it."""
    number = uuid4().hex
    path = f"{number}.ipynb"
    code = f"import crdtchat\nshown = crdtchat.widget({arguments})\nshown"
    (lab.files / path).write_text(notebook((number[:8], "code", code)))
    reader = open_lab("ann", path, app=app)
    # A cell that is run before there is a kernel is not run.
    reader.page.evaluate(KERNEL)
    reader.run("notebook:run-all-cells")
    return Cell(reader)


@pytest.mark.parametrize("app", ["", "notebooks"])
def test_a_thread_is_shown_and_talked_about_live(
    open_lab: Open,
    lab: JupyterProcess,
    server: ServerProcess,
    page_id: str,
    bob: BlockingPage,
    app: str,
) -> None:
    aid = bob.annotate("every ship", "All of them?")
    bob.wait_saved()
    cell = run(open_lab, lab, f"{page_id!r}, url={server.url!r}, name='Ann'", app)
    cell.expect_live(2)
    expect(cell.row("every ship")).to_contain_text("All of them?")
    expect(cell.row("every ship")).not_to_contain_text("Not found")

    # What is typed is typed, and is no shortcut of the notebook's.
    cell.row("every ship").click()
    cell.write("Even the small ones: dd, aa, bb.")
    bob.wait_for(lambda page: len(page.annotations[0].comments) == 2, 20)
    reply = bob.annotations[0].comments[1]
    assert reply.text == "Even the small ones: dd, aa, bb."
    assert {person.name for person in bob.people} == {"Ann", "Bob"}
    assert cell.page.locator(".jp-Notebook .jp-Cell").count() == 1

    bob.reply(aid, "Good.")
    expect(cell.comment("Good.")).to_be_visible()

    # It goes with its cell.
    cell.lab.run("notebook:clear-all-cell-outputs")
    expect(cell.frame).to_have_count(0)
    expect(cell.page.locator("crdtchat-layer")).to_have_count(1)
    bob.wait_for(lambda page: page.people_count == 1, 20)


def test_without_its_kernel_it_says_what_to_do(
    open_lab: Open, lab: JupyterProcess, server: ServerProcess, page_id: str, bob: BlockingPage
) -> None:
    """It said "Live" until its next sign of life, and then that all would be sent later."""
    bob.annotate("every ship", "All of them?")
    bob.wait_saved()
    cell = run(open_lab, lab, f"{page_id!r}, url={server.url!r}, name='Ann'")
    cell.expect_live(2)
    expect(cell.row("every ship")).to_be_visible()
    cell.page.evaluate(RESTART)
    link = cell.panel.locator('.link[data-link="over"]')
    expect(link).to_contain_text("run the cell again")
    expect(link).to_have_attribute("title", re.compile("kernel was restarted"))
    cell.row("every ship").click()
    cell.write("Written meanwhile.")
    cell.lab.run("notebook:run-all-cells")
    expect(cell.panel.locator('.link[data-link="live"]')).to_be_visible(timeout=60_000)
    # Its guest is a new one.
    draft = cell.panel.locator(".drafts li").filter(has_text="Written meanwhile.")
    expect(draft).to_contain_text("written under another sign-in")
    bob.wait_for(lambda page: page.people_count == 2, 20)


def test_it_hears_at_once_that_its_kernel_is_shut_down(
    open_lab: Open, lab: JupyterProcess, server: ServerProcess, page_id: str
) -> None:
    """It went on saying "Live" until its next sign of life: here none is ever due."""
    arguments = f"{page_id!r}, url={server.url!r}, name='Ann'"
    cell = run(open_lab, lab, arguments, f"lab/workspaces/{uuid4().hex}/tree")
    cell.expect_live(1)
    cell.page.evaluate(NO_TIMERS)
    cell.page.evaluate(SHUTDOWN)
    expect(cell.panel.locator('.link[data-link="over"]')).to_contain_text("run the cell again")


def test_a_saved_picture_of_it_does_not_say_that_it_will_send(
    open_lab: Open, lab: JupyterProcess, server: ServerProcess, page_id: str
) -> None:
    """nbconvert and papermill keep one in each notebook that they run: it was "Offline"."""
    shown = crdtchat.widget(page_id, url=server.url, name="Ann")
    state = shown.get_manager_state(widgets=[shown, shown.layout])
    view = {"version_major": 2, "version_minor": 0, "model_id": shown.model_id}
    shown.close()
    number = uuid4().hex
    book = json.loads(notebook((number[:8], "code", "shown")))
    book["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": "shown"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    book["cells"][0]["outputs"] = [output]
    path = f"{number}.ipynb"
    (lab.files / path).write_text(json.dumps(book))
    cell = Cell(open_lab("ann", path))
    cell.page.evaluate(KERNEL)
    cell.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:trust')")
    cell.page.get_by_role("dialog").get_by_role("button", name="Trust").click()
    expect(cell.panel.locator('.link[data-link="over"]')).to_contain_text("run the cell again")


def test_words_of_the_text_are_discussed_also_without_the_server(
    open_lab: Open, lab: JupyterProcess, server: ServerProcess, page_id: str, bob: BlockingPage
) -> None:
    cell = run(open_lab, lab, f"{page_id!r}, url={server.url!r}, text={TEXT!r}")
    cell.expect_live(2)

    # The kernel does not know who writes: the name is asked for here.
    cell.lab.select(".crdtchat-cell pre", "steel pen")
    cell.page.get_by_role("button", name="Comment on the selected text").click()
    card = cell.page.locator(".card")
    card.get_by_label("Your name").fill("Ann")
    card.get_by_label("Write a comment").fill("What kind?")
    card.get_by_label("Write a comment").press("Control+Enter")
    bob.wait_for(lambda page: len(page.annotations) == 1, 20)
    made = bob.annotations[0]
    assert (made.quote, made.target.start_cp) == ("steel pen", TEXT.index("steel pen"))
    cell.lab.expect_marked("steel pen")

    server.kill()
    expect(cell.panel.locator(".link")).to_contain_text("Offline")
    cell.write("Written meanwhile.")
    expect(cell.comment("Written meanwhile.").get_by_label("Not sent yet")).to_be_visible()
    server.restart()
    bob.wait_for(lambda page: len(page.annotations[0].comments) == 2, 60)
    last = bob.annotations[0].comments[-1]
    assert (last.text, last.author) == ("Written meanwhile.", made.author)
    expect(cell.panel.locator('.link[data-link="live"][data-unsent="0"]')).to_be_visible()
