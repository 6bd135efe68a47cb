"""By hand: marking words with mouse and keyboard, and the first look at a mark (A1, C3)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess

PLACE = """([words, end]) => {
  const text = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  for (let node = text.nextNode(); node; node = text.nextNode()) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    const rects = [...range.getClientRects()];
    const box = end ? rects.at(-1) : rects[0];
    return [end ? box.right : box.left, box.top + box.height / 2];
  }
}"""

OVER = """([x, y]) => {
  const box = document.querySelector("crdtchat-layer").shadowRoot.querySelector(".box.open");
  const lies = box?.getBoundingClientRect();
  return lies && Math.abs(lies.left - x) < 2 && lies.top < y && y < lies.bottom;
}"""


def page(site: Site, server: ServerProcess, page_id: str) -> str:
    return site.page("/select", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")


def place(reader: Reader, words: str, *, end: bool = False) -> tuple[float, float]:
    x, y = reader.page.evaluate(PLACE, [words, end])
    return x, y


def test_the_button_of_one_selection_is_not_in_the_way_of_the_next(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """It lay over the words that were being marked, and all of the page behind it was marked."""
    ann = readers(page(site, server, page_id))
    ann.select("every ship")
    button = ann.page.get_by_role("button", name="Comment on the selected text")
    box = button.bounding_box()
    assert box
    below = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    x, y = place(ann, "evening")
    assert x < box["x"] and box["y"] < y < box["y"] + box["height"], "words lie below it"
    mouse = ann.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 20, y)
    mouse.move(below[0], y)
    expect(button).to_have_count(0)
    marked = ann.page.evaluate("String(getSelection())")
    mouse.up()
    assert marked.startswith("evening") and "\n" not in marked
    expect(button).to_be_visible()


def test_words_are_marked_with_the_mouse(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    button = ann.page.get_by_role("button", name="Comment on the selected text")
    mouse = ann.page.mouse
    mouse.move(*place(ann, "every ship"))
    mouse.down()
    mouse.move(*place(ann, "that passed"))
    expect(button).to_have_count(0)
    mouse.move(*place(ann, "that passed", end=True))
    mouse.up()
    expect(button).to_be_visible()
    # A click elsewhere takes the selection and the button away.
    mouse.click(*place(ann, "asked twice"))
    expect(button).to_have_count(0)
    mouse.move(*place(ann, "every ship"))
    mouse.down()
    mouse.move(*place(ann, "that passed", end=True))
    mouse.up()
    button.click()
    ann.expect_painted("every ship that passed", style="draft")
    ann.write("All of it", "Ann")
    ann.expect_painted("every ship that passed", style="active")
    ann.expect_live()


def test_words_are_marked_with_the_keyboard(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    # As the browser's own search leaves it; then on by keys, for which no pointer is needed.
    ann.select("every")
    ann.page.keyboard.press("Control+Shift+ArrowRight")
    ann.page.keyboard.press("Control+Shift+ArrowRight")
    expect(ann.page.locator('[role="status"]').first).to_contain_text("Press Control Alt M")
    ann.page.keyboard.press("Control+Alt+m")
    ann.expect_painted("every ship that", style="draft")
    expect(ann.page.get_by_label("Your name")).to_be_focused()


def test_a_mark_is_looked_at_in_passing(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    ann.annotate("every ship", "All of them?", "Ann")
    ann.reply("Every one.")
    ann.close()
    x, y = place(ann, "every ship")
    ann.page.mouse.move(x + 20, y)
    peek = ann.page.locator(".peek")
    expect(peek).to_contain_text("All of them?")
    expect(peek).to_contain_text("2 comments")
    ann.expect_painted("every ship", style="hover")
    ann.page.mouse.move(x + 20, y + 300)
    expect(peek).to_have_count(0)
    ann.expect_painted(style="hover")


def test_the_first_look_can_be_gone_to_and_dismissed(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Who sees a part of the screen goes to it to read it (WCAG 1.4.13)."""
    dialog = "<dialog id='terms'><p id='words'>By the stairs, and by no other way.</p></dialog>"
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    ann = readers("about:blank")
    ann.page.clock.install()
    ann.page.goto(site.page("/looking", server.url, options, body=dialog))
    ann.page.evaluate("terms.showModal()")
    ann.annotate("the stairs", "How many?", "Ann")
    ann.close()
    x, y = place(ann, "the stairs")
    peek = ann.page.locator(".peek")
    ann.page.mouse.move(x, y)
    expect(peek).to_be_visible()
    ann.page.keyboard.press("Escape")
    expect(peek).to_have_count(0)
    assert ann.page.evaluate("terms.open")
    ann.page.mouse.move(x, y + 100)
    ann.expect_painted(style="hover")
    ann.page.mouse.move(x, y)
    ann.expect_painted("the stairs", style="hover")
    box = peek.bounding_box()
    assert box
    ann.page.mouse.move(x, box["y"] + box["height"] / 2, steps=4)
    # It stays for as long as one looks at it.
    ann.page.clock.run_for(1_000)
    expect(peek).to_be_visible()
    ann.expect_painted("the stairs", style="hover")
    ann.page.mouse.move(2, 2)
    expect(peek).to_have_count(0)
    ann.page.mouse.move(x, y)
    peek.click()
    expect(ann.card).to_contain_text("How many?")
    expect(peek).to_have_count(0)


def test_a_browser_without_highlights_gets_boxes(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """The fallback of older browsers: boxes in a layer of our own, the page's DOM as it was."""
    ann = readers("about:blank")
    ann.page.add_init_script("delete globalThis.Highlight")
    ann.page.goto(page(site, server, page_id))
    article = ann.page.locator("article").evaluate("(element) => element.outerHTML")
    ann.annotate("every ship", "Boxed", "Ann")
    ann.expect_live()
    ann.close()
    ann.page.wait_for_function(OVER, arg=place(ann, "every ship"))
    expect(ann.page.locator(".box.open")).to_have_count(1)
    assert ann.page.locator("article").evaluate("(element) => element.outerHTML") == article
    # It follows when the text moves on the screen, and does not catch the pointer.
    ann.page.evaluate("document.querySelector('h1').style.paddingTop = '120px'")
    ann.page.set_viewport_size({"width": 900, "height": 700})
    x, y = place(ann, "every ship")
    ann.page.wait_for_function(OVER, arg=[x, y])
    ann.page.mouse.click(x + 10, y)
    expect(ann.comment("Boxed")).to_be_visible()


LIES_FROM = """([x, y]) => {
  const button = document.querySelector("crdtchat-layer").shadowRoot.querySelector(".select");
  const lies = button.getBoundingClientRect();
  return `${Math.round((lies.left + lies.right) / 2 - x)} to the right, ${Math.round(lies.top - y)} below`;
}"""


def test_the_button_stays_at_the_selected_words(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """When the page is scrolled; where they go out of the window it stays in it."""
    far = "<p>Line after line that nobody selects.</p>" * 60
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    url = site.page("/far", server.url, options, body=far + TEXT + far)
    ann = readers(url, reduced_motion="reduce")
    button = ann.page.get_by_role("button", name="Comment on the selected text")
    ann.select("every ship")
    expect(button).to_be_visible()
    where = ann.page.evaluate(LIES_FROM, place(ann, "every ship", end=True))
    ann.page.evaluate("scrollBy({top: 120, behavior: 'instant'})")
    ann.page.wait_for_function(
        f"([words, where]) => ({LIES_FROM})(({PLACE})([words, true])) === where",
        arg=["every ship", where],
    )
    for way in (-3000, 6000):
        ann.page.evaluate("(top) => scrollBy({top, behavior: 'instant'})", way)
        expect(button).to_be_in_viewport(ratio=1)
    button.click()
    expect(ann.card.locator("blockquote")).to_have_text("every ship")
