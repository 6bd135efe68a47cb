"""What is discussed may be in a component's shadow tree (A1, C3)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import WIDE, Site
from tests.server_process import ServerProcess

ARTICLE = """<article id="text"><p>Whoever enters the lighthouse does so by the stairs, says
<a href="#sign">a sign</a>.</p><p>Nobody has ever read it.</p></article>"""

# The place on the screen of words, in whatever shadow tree.
BOX = """(words) => {
  const find = (tree) => {
    for (const element of tree.querySelectorAll("*"))
      for (const node of [...element.childNodes, ...(element.shadowRoot ? [element.shadowRoot] : [])]) {
        const found = node instanceof ShadowRoot ? find(node) : node instanceof Text && box(node);
        if (found) return found;
      }
  };
  const box = (text) => {
    const at = text.data.indexOf(words);
    if (at < 0) return;
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + words.length);
    const {left, right, top, bottom} = range.getBoundingClientRect();
    return [left, right, (top + bottom) / 2];
  };
  return find(document);
}"""


def component(site: Site, server: ServerProcess, page_id: str, *, deep: bool = False) -> str:
    """A dark one, between two paragraphs of the page."""
    within = "<x-inner></x-inner><p>Below.</p>" if deep else ARTICLE
    return site.add(
        "/component",
        f"""<!doctype html><title>A component</title>{WIDE}<body>
        <p>Before the component.</p><x-text></x-text><p>After the component.</p>
        <script src="{server.url}/crdtchat.js"></script>
        <script>
          let tree = document.querySelector("x-text").attachShadow({{mode: "open"}});
          tree.innerHTML = `<style>:host {{ display: block; background: #222; color: #eee }}</style>{within}`;
          if ({str(deep).lower()}) {{
            tree = tree.querySelector("x-inner").attachShadow({{mode: "open"}});
            tree.innerHTML = `{ARTICLE}`;
          }}
          const chat = CrdtChat(tree.getElementById("text"), {{tenantId: "demo", urlId: {page_id!r}}});
        </script>""",
    )


def drag(reader: Reader, first: str, last: str) -> None:
    """From the beginning of the first words to the end of the last, with the mouse."""
    reader.front()
    left, _, top = reader.page.evaluate(BOX, first)
    _, right, bottom = reader.page.evaluate(BOX, last)
    reader.page.mouse.move(left, top)
    reader.page.mouse.down()
    reader.page.mouse.move(right, bottom, steps=4)
    reader.page.mouse.up()


def comment(reader: Reader, text: str, name: str = "") -> None:
    reader.page.get_by_role("button", name="Comment on the selected text").click()
    reader.write(text, name)
    expect(reader.comment(text)).to_be_visible()
    reader.close()


@pytest.mark.parametrize("deep", [False, True])
def test_words_in_a_component_are_discussed(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, deep: bool
) -> None:
    url = component(site, server, page_id, deep=deep)
    ann, bob = readers(url), readers(url)
    drag(ann, "the stairs", "the stairs")
    comment(ann, "And the lift?", "Ann")
    ann.expect_live()
    bob.expect_painted("the stairs")
    # Pointed at, then pressed.
    left, right, middle = bob.page.evaluate(BOX, "the stairs")
    bob.front()
    bob.page.mouse.move((left + right) / 2, middle)
    expect(bob.page.locator(".peek")).to_contain_text("And the lift?")
    bob.open("the stairs")
    bob.reply("There is none", "Bob")
    expect(bob.page.locator(".app").first).to_have_class("app dark")
    # Pressed beside it the discussion closes.
    bob.page.mouse.click(left - 40, middle)
    expect(bob.card).to_have_count(0)
    # A word that is chosen by two clicks is chosen, and no discussion opened by the second.
    left, _, middle = bob.page.evaluate(BOX, "stairs")
    bob.page.mouse.dblclick(left + 10, middle)
    expect(bob.page.get_by_role("button", name="Comment on the selected text")).to_be_visible()
    bob.page.keyboard.press("Control+Alt+m")
    expect(bob.card.locator("blockquote")).to_have_text("stairs")


def test_what_is_selected_around_it_counts_within_it(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(component(site, server, page_id))
    drag(ann, "Before", "Whoever enters")
    comment(ann, "Into it", "Ann")
    ann.expect_painted("Whoever enters")
    drag(ann, "has ever read it", "After the")
    comment(ann, "Out of it")
    ann.expect_painted("Whoever enters", "has ever read it.")
    drag(ann, "Before", "After")
    ann.page.keyboard.press("Control+Alt+m")
    expect(ann.card.locator("blockquote")).to_contain_text("Whoever enters the lighthouse")
    expect(ann.card.locator("blockquote")).to_contain_text("Nobody has ever read it.")
    ann.page.keyboard.press("Escape")
    # What has no word of it is not for this widget.
    drag(ann, "After", "After the")
    ann.page.keyboard.press("Control+Alt+m")
    expect(ann.card).to_have_count(0)


CONTROLS = """<style>article { position: relative } #over { position: absolute; left: 30px; top: 0 }</style>
<article id="text"><p>Whoever enters the lighthouse does so by the stairs, says <a href="#sign">a sign</a>
<x-press></x-press> <button id="over">Over</button></p></article>"""


def test_what_the_page_has_to_be_pressed_is_pressed(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Within marked words or over them, also where it is a component of its own; and opens no discussion."""
    url = site.add(
        "/pressed",
        f"""<!doctype html><title>A component</title>{WIDE}<body><x-text></x-text>
        <script src="{server.url}/crdtchat.js"></script>
        <script>
          const tree = document.querySelector("x-text").attachShadow({{mode: "open"}});
          tree.innerHTML = `{CONTROLS}`;
          const inner = tree.querySelector("x-press").attachShadow({{mode: "open"}});
          inner.innerHTML = "<button><b>Within</b></button>";
          const pressed = [];
          for (const control of [tree.querySelector("a"), tree.getElementById("over"), inner.querySelector("button")])
            control.addEventListener("click", ({{currentTarget: {{textContent}}}}) => pressed.push(textContent));
          const chat = CrdtChat(tree.getElementById("text"), {{tenantId: "demo", urlId: {page_id!r}}});
        </script>""",
    )
    ann = readers(url)
    drag(ann, "Whoever", "a sign")
    comment(ann, "All of it", "Ann")
    names = ["a sign", "Over", "Within"]
    for name in names:
        ann.page.locator("x-text").get_by_text(name, exact=True).click()
        expect(ann.card).to_have_count(0)
    assert ann.page.evaluate("pressed") == names
    assert ann.page.evaluate("location.hash") == "#sign"
    # Pressed beside them, the words open their discussion.
    ann.open("Whoever enters the lighthouse does so by the stairs, says a sign")
    expect(ann.comment("All of it")).to_be_visible()
