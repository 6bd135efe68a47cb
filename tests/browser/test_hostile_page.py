"""Pages that leave little of what a script counts on (C3)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import TEXT, WIDE, Site
from tests.server_process import ServerProcess

NAMES = {
    "classes": "class Node {} class Range {} class Highlight {} const navigation = ['Home'];",
    "functions": "function Node() {} function Range() {} function Highlight() {} var navigation = ['Home'];",
}


@pytest.mark.parametrize("names", NAMES)
def test_names_that_a_page_takes_for_itself(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, names: str
) -> None:
    """As pages about trees and lists do, and menus."""
    url = site.add(
        "/names",
        f"""<!doctype html><title>Names</title>{WIDE}<body><script>{NAMES[names]}</script>
        <article id="text">{TEXT}</article><script src="{server.url}/crdtchat.js"></script>
        <script>var chat = CrdtChat(document.getElementById("text"), {{tenantId: "demo", urlId: {page_id!r}}})</script>""",
    )
    ann = readers(url)
    ann.annotate("every ship", "All of them?", "Ann")
    ann.expect_live()
    ann.close()
    # Where the browser's own way of marking is out of reach there are boxes.
    if names == "classes":
        ann.expect_painted("every ship")
    else:
        expect(ann.page.locator(".box")).to_have_count(1)
    ann.page.reload()
    ann.page.wait_for_function("chat.annotations[0]?.anchor === 'exact'")


ANEW = {
    "other nodes": "text.innerHTML = text.innerHTML",
    "the same nodes": """
      const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
      while (nodes.nextNode()) nodes.currentNode.data = nodes.currentNode.data;
    """,
}


CARD_TOP = """
  document.querySelector("crdtchat-layer").shadowRoot.querySelector(".card").getBoundingClientRect().top
"""


@pytest.mark.parametrize("how", ANEW)
def test_words_that_are_drawn_anew_while_somebody_writes_about_them(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, how: str
) -> None:
    """As frameworks do: the mark stays, and the card beside it."""
    far = '<div style="height: 900px"></div>'
    url = site.page(
        "/anew", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=far + TEXT + far
    )
    ann = readers(url)
    ann.select("every ship")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.type("Half a thought", "Ann")
    ann.page.evaluate(f"() => {{ {ANEW[how]} }}")
    ann.expect_painted("every ship", style="draft")
    before = ann.card.bounding_box()
    assert before
    ann.page.mouse.move(20, 20)
    ann.page.mouse.wheel(0, 60)
    ann.page.wait_for_function(f"(y) => {CARD_TOP} === y - 60", arg=before["y"])
    # Words that go leave what is written about them alone, and may come back.
    ann.page.evaluate("text.innerHTML = '<p>Another text.</p>'")
    ann.expect_painted(style="draft")
    expect(ann.page.get_by_label("Write a comment")).to_have_value("Half a thought")
    ann.page.evaluate("(html) => { text.innerHTML = html; }", TEXT)
    ann.expect_painted("every ship", style="draft")


MARKED = """(style) => {
  const name = [...CSS.highlights.keys()].find((name) => name.startsWith("crdtchat-") && name.endsWith(style));
  return name && getComputedStyle(document.getElementById("first"), `::highlight(${name})`).backgroundColor;
}"""


def test_a_page_that_sets_its_style_sheets_anew(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """As a theme of its own: marks are seen from the next look on."""
    ann = readers(site.page("/sheets", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
    ann.annotate("every ship", "All of them?", "Ann")
    ann.close()
    ann.expect_painted("every ship")
    ground = ann.page.evaluate(MARKED, "-open")
    assert ground and ground != "rgba(0, 0, 0, 0)"
    ann.page.evaluate("document.adoptedStyleSheets = [new CSSStyleSheet()]")
    ann.open("every ship")
    assert ann.page.evaluate(MARKED, "-open") == ground
