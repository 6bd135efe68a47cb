"""JupyterLab reads files from more drives than that of its own server."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.jupyter.process import JupyterProcess
from tests.lab.conftest import Open
from tests.lab.reader import SOURCE

ADD_DRIVE = """(name) => {
  const { contents } = window.jupyterapp.serviceManager;
  const Drive = contents._defaultDrive.constructor;
  contents.addDrive(new Drive({ name, serverSettings: contents.serverSettings }));
}"""


def test_files_of_other_drives_are_not_taken_for_the_servers_own(
    open_lab: Open, lab: JupyterProcess, path: Path
) -> None:
    ann = open_lab("ann", path.name)
    ann.comment(SOURCE, "math.sqrt", "Of the server's own file")
    panel = ann.page.locator(".crdtchat-panel")
    ann.open_panel()
    ann.page.evaluate(ADD_DRIVE, "S3")
    ann.run("docmanager:open", path=f"S3:{path.name}")
    expect(panel).to_contain_text("This is in S3")
    expect(panel.get_by_role("button", name="Try again")).to_have_count(0)
    expect(ann.page.locator("crdtchat-layer")).to_have_count(1)
    # It is the same file by another way: jupyter-collaboration's.
    ann.page.evaluate(ADD_DRIVE, "RTC")
    ann.run("docmanager:open", path=f"RTC:{path.name}")
    expect(panel).to_contain_text("Of the server's own file")
    ann.expect_marked("math.sqrt")
