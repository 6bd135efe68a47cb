"""A discussion leaves with its file and comes back, and goes on after its server was away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.lab.conftest import Open
from tests.lab.reader import SOURCE, LabReader
from tests.lab.story import own_story


def test_a_discussion_travels_beside_its_file(
    open_lab: Open, lab: JupyterProcess, path: Path
) -> None:
    mod = open_lab("mod", path.name)
    mod.comment(SOURCE, "math.sqrt", "To the repository")
    mod.run("crdtchat:export")
    side = Path(f"{path}.comments.jsonld")
    expect(mod.page.get_by_text("1 discussion is in")).to_be_visible()
    # Somebody else's words come with the file.
    text = side.read_text().replace("To the repository", "From the repository")
    names = {item["id"] for item in json.loads(text)["first"]["items"]}
    for name in names:
        text = text.replace(name, f"{name[:-2]}zz")
    side.write_text(text)
    mod.run("crdtchat:import")
    panel = mod.open_panel()
    expect(panel.get_by_text("From the repository")).to_be_visible()
    expect(panel.get_by_text("To the repository")).to_be_visible()


@pytest.fixture
def own(tmp_path: Path, lab_extension: Path) -> Iterator[JupyterProcess]:
    """A server of the test's own, which may go away."""
    with running_jupyter(tmp_path, application="jupyterlab", lab_extension=lab_extension) as found:
        yield found


def test_open_tabs_go_on_after_a_restart_of_the_server(open_lab: Open, own: JupyterProcess) -> None:
    (own.files / "restart.ipynb").write_text(own_story("restart"))
    ann, bob = (open_lab(user, "restart.ipynb", server=own) for user in ("ann", "bob"))
    ann.comment(SOURCE, "math.sqrt", "Before")
    bob.expect_marked("math.sqrt")
    with own.away():
        ann.wait_lost()
        ann.select(SOURCE, "x ** 2")
        ann.layer.get_by_role("button", name="Comment on the selected text").click()
        ann.write("Without a server", close=False)
    bob.expect_marked("math.sqrt", "x ** 2")
    expect(ann.status).to_contain_text("2 people here · 2 discussions")


FOUND_AT = "**/crdtchat/api/discussion*"


@pytest.fixture
def ann(open_lab: Open, path: Path) -> LabReader:
    """A reader of a discussion that is there all the time."""
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "There all the time")
    return ann


def reload_and_fail(ann: LabReader, handler: Callable[[Route], None]) -> Locator:
    """The panel, after the server could not say where the file is discussed."""
    ann.page.route(FOUND_AT, handler)
    ann.page.reload()
    ann.wait_extension()
    ann.open_panel(begun=False)
    again = ann.page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    ann.page.unroute(FOUND_AT)
    return again


def test_a_server_that_could_not_be_reached_is_asked_again(ann: LabReader) -> None:
    reload_and_fail(ann, lambda route: route.abort())
    ann.expect_marked("math.sqrt")


def test_what_kept_a_discussion_from_beginning_is_said_and_tried_again(ann: LabReader) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=403, json={"message": "Not for you today"})

    again = reload_and_fail(ann, refuse)
    expect(ann.page.locator("#crdtchat-panel")).to_contain_text("Not for you today")
    again.click()
    ann.expect_marked("math.sqrt")
