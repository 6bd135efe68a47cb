"""Words that the page keeps out of sight until somebody wants them (B5, B8, C3)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess

FOLDED = f"""{TEXT}<div style="height: 2000px"></div>
<details id="outer"><summary>The accounts, in short</summary><p>The lens was ground in Birmingham.</p>
  <details id="inner"><summary>More</summary><p id="deep">Nobody ever paid the bill.</p></details></details>
<div style="height: 2000px"></div>
<section id="later" hidden="until-found"><p id="found">The bill was found in a drawer.</p></section>"""

OPEN = """(open) => {
  for (const details of document.querySelectorAll("details")) details.open = open;
  later.hidden = open ? false : "until-found";
}"""


def discussed(readers: OpenReader, url: str) -> None:
    """Ann opens all, and writes on it."""
    ann = readers(url)
    ann.page.evaluate(OPEN, True)
    ann.annotate("paid the bill", "How much was it?", "Ann")
    ann.close()
    ann.annotate("in a drawer", "Whose?")
    ann.close()
    ann.annotate("in short", "Too short")
    ann.expect_live()


def opened(reader: Reader) -> list[str]:
    ids: list[str] = reader.page.evaluate(
        "[...document.querySelectorAll('details[open], section:not([hidden])')].map(({id}) => id)"
    )
    return ids


def test_going_to_words_opens_what_they_are_folded_into(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/folded", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=FOLDED)
    discussed(readers, url)
    bob = readers(url)
    bob.page.evaluate(
        "addEventListener('beforematch', ({target}) => { window.matched = target.id; })"
    )
    bob.show_panel()
    expect(bob.rows).to_have_count(3)
    bob.expect_painted("in short", "paid the bill", "in a drawer")
    bob.rows.filter(has_text="Too short").click()
    expect(bob.page.locator("summary").first).to_be_in_viewport()
    assert opened(bob) == []
    bob.page.keyboard.press("Escape")
    bob.rows.filter(has_text="How much").click()
    expect(bob.page.locator("#deep")).to_be_in_viewport()
    assert opened(bob) == ["outer", "inner"]
    bob.page.evaluate(OPEN, False)
    bob.page.keyboard.press("Escape")
    bob.page.keyboard.press("Escape")
    expect(bob.panel).to_have_count(0)
    for words, ids in [("#deep", ["outer", "inner"]), ("#found", ["outer", "inner", "later"])]:
        bob.page.keyboard.press("Control+Alt+.")
        if words == "#deep":  # the summary's is the first
            bob.page.keyboard.press("Control+Alt+.")
        expect(bob.page.locator(words)).to_be_in_viewport()
        assert opened(bob) == ids
    assert bob.page.evaluate("matched") == "later"


def test_a_link_opens_what_its_words_are_folded_into(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/link", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=FOLDED)
    discussed(readers, url)
    bob = readers(url, permissions=["clipboard-read", "clipboard-write"])
    bob.show_panel()
    bob.rows.filter(has_text="Whose?").click()
    expect(bob.page.locator("#found")).to_be_in_viewport()
    bob.page.get_by_role("button", name="Copy link").click()
    expect(bob.page.get_by_role("button", name="Link copied")).to_be_visible()
    cy = readers(bob.page.evaluate("navigator.clipboard.readText()"))
    expect(cy.comment("Whose?")).to_be_visible()
    expect(cy.page.locator("#found")).to_be_in_viewport()


BOX = f"""{TEXT}<div id="box" style="height: 150px; width: 300px; overflow: auto; scroll-behavior: smooth">
  {"<p>One of many lines of a log, most of which nobody reads.</p>" * 6}
  <p style="white-space: nowrap">A line that goes on {"and on " * 20}<b id="end">to its end</b>.</p></div>"""

SEEN = """() => {
  const [words, frame] = [document.querySelector("#end"), box].map((one) => one.getBoundingClientRect());
  return words.top >= frame.top && words.bottom <= frame.bottom && words.left >= frame.left && words.right <= frame.right;
}"""


def test_going_to_words_scrolls_the_box_that_they_are_in(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Also where they are within the window, behind the box's edge."""
    url = site.page("/box", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=BOX)
    ann = readers(url)
    ann.annotate("to its end", "At last", "Ann")
    ann.close()
    ann.page.evaluate("box.scrollTo({top: 0, left: 0, behavior: 'instant'})")
    assert not ann.page.evaluate(SEEN)
    ann.page.keyboard.press("Control+Alt+.")
    expect(ann.comment("At last")).to_be_visible()
    ann.page.wait_for_function(SEEN)


NEVER_IDLE = """
const later = setTimeout;
window.requestIdleCallback = () => 0;
window.cancelIdleCallback = () => {};
window.setTimeout = (act, ms, ...about) => later(act, ms === 100 ? 2 ** 30 : ms, ...about);
"""
"""A page that is so busy that what waits for an idle moment has none, however long it waits."""


def test_words_that_were_not_looked_for_yet_are_gone_to(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    far = '<div style="height: 3000px"></div>'
    url = site.page("/busy", server.url, options, body=f"{TEXT}{far}<p id='far'>So far down.</p>")
    ann = readers(url)
    ann.annotate("So far down", "Down here", "Ann")
    ann.expect_live()
    bob = readers("about:blank")
    bob.page.add_init_script(NEVER_IDLE)
    bob.page.goto(url)
    bob.expect_live()
    assert bob.painted() == []
    bob.page.keyboard.press("Control+Alt+.")
    expect(bob.comment("Down here")).to_be_visible()
    expect(bob.page.locator("#far")).to_be_in_viewport()
    bob.expect_painted("So far down", style="active")
