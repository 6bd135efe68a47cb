"""What a person does in JupyterLab, as tests say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self
from urllib.parse import quote

from playwright.sync_api import Locator, Page, TimeoutError, expect

_FIND = """([selector, words]) => {
  for (const root of document.querySelectorAll(selector)) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const nodes = [];
    let text = '';
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      nodes.push([node, text.length]);
      text += node.data;
    }
    const at = text.indexOf(words);
    if (at < 0) continue;
    const place = (offset) => {
      const [node, start] = nodes.findLast(([, start]) => start <= offset);
      return [node, offset - start];
    };
    const range = document.createRange();
    range.setStart(...place(at));
    range.setEnd(...place(at + words.length));
    range.startContainer.parentElement.scrollIntoView({ block: 'nearest' });
    const boxes = [...range.getClientRects()];
    const [first, last] = [boxes[0], boxes.at(-1)];
    const middle = ({ top, bottom }) => (top + bottom) / 2;
    return [first.left, middle(first), last.right, middle(last)];
  }
  return null;
}"""
_MARKED = """() => [...new Set([...CSS.highlights.entries()]
  .filter(([name]) => /open|active/.test(name))
  .flatMap(([, highlight]) => [...highlight].map((range) => range.toString())))].sort()"""

_PLACED = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets;
  const kinds = [['.jp-InputArea-editor', 'source'], ['.jp-OutputArea-child', 'output']];
  const place = (range) => {
    const element = range.startContainer.parentElement;
    const cell = cells.findIndex(({ node }) => node.contains(element));
    const kind = kinds.find(([selector]) => element.closest(selector))?.[1] ?? 'rendered';
    return `${cell} ${kind}: ${range}`;
  };
  return [...CSS.highlights.entries()].filter(([name]) => name.endsWith('open'))
    .flatMap(([, highlight]) => [...highlight].map(place)).sort();
}"""

_SAID = """() => {
  const said = [...document.querySelectorAll('.crdtchat-panel')].map((panel) => panel.textContent);
  const there = [...document.querySelectorAll('crdtchat-layer, crdtchat-docked')].map(
    (one) => `${one.localName} ${one.hidden} ${one.shadowRoot?.textContent}`);
  return JSON.stringify({ said, there });
}"""
"""What the panel says and what of a discussion is there, for who asks why none is live."""

_NEW_STEP = """() => {
  window.jupyterapp.shell.currentWidget.content.model.sharedModel.undoManager.stopCapturing();
}"""

SOURCE = ".jp-CodeCell .jp-InputArea-editor"
RENDERED = ".jp-MarkdownCell .jp-RenderedMarkdown"
OUTPUT = ".jp-OutputArea-output"


class LabReader:
    """One browser window with a file open."""

    def __init__(self, page: Page, *, has_status: bool) -> None:
        self.page = page
        self.has_status = has_status
        self.status = page.locator(".crdtchat-status")
        self.layer = page.locator("crdtchat-layer:not([hidden])")
        self.panel = page.locator("crdtchat-docked")
        self.tab = page.locator(".lm-TabBar-tab[data-id='crdtchat-panel']")

    @classmethod
    def open(cls, page: Page, url: str, user: str, path: str, app: str) -> Self:
        """Open a file and wait until its discussion is live."""
        page.goto(f"{url}{app}/{quote(path)}?token={user}-token")
        reader = cls(page, has_status=app.startswith("lab"))
        reader.wait_live()
        return reader

    def wait_live(self) -> None:
        """Until the discussion of the file in front is connected."""
        here = re.compile(r"[1-9]\d* pe\w+ here")
        if self.has_status:
            try:
                expect(self.status).to_contain_text(here)
            except AssertionError as late:
                raise AssertionError(f"{self.page.evaluate(_SAID)}\n{late}") from late
            return
        # Notebook has no status bar.
        self.wait_extension()
        expect(self.page.locator("crdtchat-layer")).to_have_count(1)
        expect(self.open_panel()).to_contain_text(here)
        self.open_panel().get_by_role("button", name="Close").click()

    def wait_lost(self) -> None:
        """Until Lab says that its server is gone; then close what would come again and be in the
        way."""
        said = self.page.get_by_role("dialog").filter(has_text="Server Connection Error")
        said.get_by_label("Do not show this message again").check()
        said.get_by_role("button", name="Close").click()

    def wait_extension(self) -> None:
        """Until the extension is there, and the layout as it was left."""
        self.page.wait_for_function(
            "() => window.jupyterapp?.commands.hasCommand('crdtchat:panel')"
        )
        self.page.evaluate("() => window.jupyterapp.restored.then(() => null)")

    def select(self, selector: str, words: str) -> None:
        """Select words with the pointer."""
        expect(self.page.locator(selector).filter(has_text=words).first).to_be_visible()
        found = self.page.evaluate(_FIND, [selector, words])
        assert found, f"no {words!r} in {selector}"
        left, top, right, bottom = found
        mouse = self.page.mouse
        mouse.move(left + 0.5, top)
        mouse.down()
        mouse.move((left + right) / 2, bottom)
        mouse.move(right - 0.5, bottom)
        mouse.up()

    def comment(self, selector: str, words: str, text: str) -> None:
        """Comment on words, and wait until it is saved."""
        self.select(selector, words)
        self.layer.get_by_role("button", name="Comment on the selected text").click()
        self.write(text, close=False)
        self.page.wait_for_function(f"(words) => ({_MARKED})().includes(words)", arg=words)
        self._close()

    def write(self, text: str, *, close: bool = True) -> None:
        """Write the first comment of the discussion that was begun."""
        self.layer.get_by_role("textbox").fill(text)
        self.layer.get_by_role("button", name="Comment", exact=True).click()
        expect(self.layer.get_by_role("dialog", name="Discussion", exact=True)).to_be_visible()
        if close:
            self._close()

    def _close(self) -> None:
        if self.layer.locator(".card").count():
            self.layer.get_by_role("button", name="Close").click()

    def open_panel(self, *, begun: bool = True) -> Locator:
        """Show the list of discussions, or why there is none."""
        panel = self.panel if begun else self.page.locator(".crdtchat-panel")
        if not panel.is_visible():
            self.run("crdtchat:panel")
        expect(panel).to_be_visible()
        return panel

    def run(self, command: str, **arguments: Any) -> None:
        """Run one of Lab's commands, and wait until it is done."""
        self.page.evaluate(
            "([id, args]) => window.jupyterapp.commands.execute(id, args).then(() => null)",
            [command, arguments],
        )

    def expect_marked(self, *words: str) -> None:
        """Until exactly these words are marked."""
        self._expect(_MARKED, words)

    def expect_placed(self, *places: str) -> None:
        """Until exactly this is marked, each as "CELL KIND: WORDS", where KIND is source, rendered
        or output."""
        self._expect(_PLACED, places)

    def _expect(self, look: str, wanted: Sequence[str]) -> None:
        """Until a look at the page finds exactly this; what it found instead is in the error."""
        found = f"(wanted) => JSON.stringify(({look})()) === JSON.stringify(wanted)"
        try:
            self.page.wait_for_function(found, arg=sorted(wanted))
        except TimeoutError as late:
            raise AssertionError(f"{self.page.evaluate(look)} != {sorted(wanted)}") from late

    def expect_unplaced(self, *quotes: str) -> None:
        """Until exactly these are listed as what has no place."""
        panel = self.open_panel()
        chip = panel.get_by_role("button", name=f"Unplaced {len(quotes)}", exact=True)
        expect(chip).to_be_visible()
        for words in quotes:
            expect(panel.locator(".row", has_text=words)).to_contain_text("Unplaced")

    def new_step(self) -> None:
        """Let undo take what comes next as a step of its own. Left to the clock, what is done
        within half a second is one step."""
        self.page.evaluate(_NEW_STEP)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other. What they change together is undone in one step."""
        self.new_step()
        for key in keys:
            self.page.keyboard.press(key)

    def choose_cell(self, index: int) -> None:
        """Make a cell the active one, in command mode."""
        self.page.locator(".jp-Notebook .jp-Cell .jp-InputPrompt").nth(index).click()
        self.page.keyboard.press("Escape")
