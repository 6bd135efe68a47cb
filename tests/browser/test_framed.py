"""Pages that draw all of themselves in another way: what is fixed in them is not fixed in the window (C3)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import MIDDLE, Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess

FAR = "<p>Line after line that nobody discusses.</p>" * 80


def expect_beside(reader: Reader, words: str) -> None:
    """The bar in its corner and the card at the words, both of the size that they always have."""
    bar, card = reader.bar.bounding_box(), reader.card.bounding_box()
    assert bar and card
    assert (bar["x"] + bar["width"], bar["y"], bar["height"]) == pytest.approx(
        (1264, 16, 42), abs=1
    )
    assert card["width"] == pytest.approx(368, abs=1)
    x, y = reader.page.evaluate(MIDDLE, words)
    assert card["x"] - 12 < x < card["x"] + card["width"] or card["x"] > x
    assert 0 < card["y"] - y < 60


@pytest.mark.parametrize(
    "style",
    [
        "filter: grayscale(1)",
        "transform: translateZ(0)",
        "will-change: transform",
        "contain: paint",
        "zoom: 1.5",
    ],
)
def test_it_stays_in_the_window(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, style: str
) -> None:
    """Also while somebody types and the page changes how it is drawn."""
    body = f"<style>.switched {{ {style} }}</style>{FAR}{TEXT}{FAR}"
    url = site.page("/framed", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=body)
    ann = readers(url)
    ann.page.evaluate("document.body.className = 'switched'")
    ann.annotate("every ship", "All of them?", "Ann")
    expect_beside(ann, "every ship")
    box = ann.page.get_by_label("Write a reply")
    box.press_sequentially("Half a ")
    ann.page.evaluate("document.body.className = ''")
    ann.page.keyboard.type("thou")
    ann.page.evaluate("document.body.className = 'switched'")
    ann.page.keyboard.type("ght")
    expect(box).to_have_value("Half a thought")
    ann.close()
    ann.open("every ship")
    expect_beside(ann, "every ship")
    ann.page.evaluate("document.body.className = ''")
    ann.page.wait_for_function("document.querySelector('crdtchat-layer').popover === null")
    ann.expect_live()


@pytest.mark.parametrize(
    "style",
    [
        "transform: translateZ(0)",
        "filter: drop-shadow(0 0 1px #ccc)",
        "animation: appear 0.01s both",
        "contain: content",
        "content-visibility: auto",
    ],
)
def test_what_a_page_does_to_its_parts_is_not_done_to_the_layer(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, style: str
) -> None:
    body = f"""<style>body > * {{ {style} }}
    @keyframes appear {{ from {{ translate: 0 20px }} to {{ translate: 0 }} }}</style>{FAR}{TEXT}{FAR}"""
    url = site.page("/parts", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=body)
    ann = readers(url)
    ann.annotate("every ship", "All of them?", "Ann")
    expect_beside(ann, "every ship")
