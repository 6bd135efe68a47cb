"""Windows of JupyterLab that tests use one after another, as people do: a page of Lab costs ten
times what a file does that is opened in it."""

from __future__ import annotations

from uuid import uuid4

from playwright.sync_api import Browser, Page, expect

from tests.jupyter.process import JupyterProcess
from tests.lab.reader import LabReader

SIZE = {"width": 1300, "height": 800}
_EMPTY = """() => {
  const { shell } = window.jupyterapp;
  for (const widget of [...shell.widgets('main')]) {
    if (widget.context) widget.context.model.dirty = false;
    widget.close();
  }
  shell.collapseRight();
}"""
_IS_EMPTY = "() => ![...window.jupyterapp.shell.widgets('main')].some(({ context }) => context)"


class Windows:
    """Those of one server that nobody uses, by user. Each is in a browser of its own."""

    def __init__(self, browser: Browser, server: JupyterProcess) -> None:
        self._browser = browser
        self._server = server
        self._free: dict[str, list[LabReader]] = {}

    def take(self, user: str, path: str) -> LabReader:
        """A user's window with this file alone."""
        free = self._free.get(user)
        if not free:
            page = self._browser.new_context(viewport=SIZE).new_page()  # type: ignore[arg-type]
            reader = open_lab_page(page, self._server, user, path)
            page.evaluate("() => { window.isFirstLoad = true; }")
            return reader
        reader = free.pop()
        reader.run("docmanager:open", path=path)
        reader.wait_live()
        return reader

    def give_back(self, user: str, reader: LabReader) -> None:
        """Close its files, as they are on the disk, and keep the window for the next test.

        Not after a reload: Lab opens again what its address names, at a moment of its own.
        """
        if not reader.page.evaluate("() => window.isFirstLoad"):
            reader.page.context.close()
            return
        reader.page.unroute_all(behavior="wait")
        reader.page.evaluate(_EMPTY)
        reader.page.wait_for_function(_IS_EMPTY)
        expect(reader.page.locator("crdtchat-layer")).to_have_count(0)
        self._free.setdefault(user, []).append(reader)

    def close(self) -> None:
        """Close all."""
        for free in self._free.values():
            for reader in free:
                reader.page.context.close()


def open_lab_page(page: Page, server: JupyterProcess, user: str, path: str) -> LabReader:
    """A page of JupyterLab, in a workspace of its own: it opens again what was open in the last."""
    return LabReader.open(page, server.url, user, path, f"lab/workspaces/{uuid4().hex}/tree")
