"""Text that is written in the page itself, in an editor of its own (C1, C3)."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize(
    "how", ["document.body.contentEditable = true", "document.designMode = 'on'"]
)
def test_writing_goes_on_where_all_of_the_page_is_written_in(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, how: str
) -> None:
    body = EDITOR.replace(' contenteditable="true"', "")
    url = site.page("/whole", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=body)
    ann = readers(url)
    ann.annotate("by the stairs", "And the lift?", "Ann")
    ann.close()
    ann.page.evaluate(how)
    ann.page.mouse.click(*ann.page.evaluate(CARET_BEHIND, ["by the stairs", 6]))
    expect(ann.comment("And the lift?")).to_be_visible()
    ann.page.keyboard.type(" steep")
    expect(ann.page.locator("#editor")).to_contain_text("by the steep stairs")
    ann.page.get_by_label("Write a reply").click()
    ann.page.keyboard.type("Half a thought")
    ann.page.keyboard.press("Escape")
    expect(ann.card).to_have_count(0)
    ann.page.keyboard.type(" and narrow")
    expect(ann.page.locator("#editor")).to_contain_text("by the steep and narrow stairs")


@pytest.mark.parametrize("width", [1280, 500], ids=["beside", "over the page"])
def test_the_caret_is_where_it_was_when_a_card_closes(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, width: int
) -> None:
    url = site.page("/caret", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=EDITOR)
    ann = readers(url, viewport={"width": width, "height": 800})
    editor = ann.page.locator("#editor")
    type_, press = ann.page.keyboard.type, ann.page.keyboard.press
    editor.click()
    ann.annotate("by the stairs", "And the lift?", "Ann", root="#editor")
    # Where the words were selected.
    press("Escape")
    expect(ann.card).to_have_count(0)
    expect(editor).to_be_focused()
    type_(" alone")
    expect(editor).to_contain_text("by the stairs alone.")
    # Where it was put last, also while the card was open.
    ann.page.mouse.click(*ann.page.evaluate(CARET_BEHIND, ["by the stairs", 6]))
    expect(ann.card).to_be_visible()
    if width == 1280:
        type_(" steep")
    ann.page.get_by_label("Write a reply").click()
    type_("Half a thought")
    press("Escape")
    expect(ann.card).to_have_count(0)
    type_(" and narrow")
    where = "by the steep and narrow stairs" if width == 1280 else "by the and narrow stairs"
    expect(editor).to_contain_text(where)
    # What is not written after all leaves it there, too.
    ann.select("the sign", root="#editor")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    press("Escape")
    expect(ann.card).to_have_count(0)
    type_("post")
    expect(editor).to_contain_text("ever read the signpost.")
    expect(ann.page.get_by_label("Write a reply")).to_have_count(0)
