"""Text that is written in the page itself, in an editor of its own (C1, C3)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

EDITOR = """<div id="editor" contenteditable="true"><p>Whoever enters the lighthouse does so by the stairs.</p>
<p>Nobody has ever read the sign.</p></div>"""

CARET_BEHIND = """([words, at]) => {
  const text = document.createTreeWalker(editor, NodeFilter.SHOW_TEXT);
  while (text.nextNode()) {
    const found = text.currentNode.data.indexOf(words);
    if (found < 0) continue;
    const range = document.createRange();
    range.setStart(text.currentNode, found + at);
    const {left, top, bottom} = range.getBoundingClientRect();
    return [left, (top + bottom) / 2];
  }
}"""


def test_writing_goes_on_within_marked_words(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/editor", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=EDITOR)
    ann = readers(url)
    ann.annotate("by the stairs", "And the lift?", "Ann")
    ann.close()
    ann.page.mouse.click(*ann.page.evaluate(CARET_BEHIND, ["by the stairs", 6]))
    expect(ann.comment("And the lift?")).to_be_visible()
    ann.page.keyboard.type(" steep")
    expect(ann.page.locator("#editor")).to_contain_text("by the steep stairs")
    ann.expect_painted("by the steep stairs")
    # Whoever wants to answer goes there.
    ann.reply("There is none")
    ann.expect_live()
