"""A window of 1280 by 1024 at 400 %: what covers it keeps the focus, and all of it can be reached (WCAG 1.4.10, 2.4.11)."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.server_process import ServerProcess

ZOOMED = {"width": 320, "height": 256}

# Whether what has the focus is seen: in the window, and not below or behind anything.
SEEN = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const {left, right, top, bottom} = at.getBoundingClientRect();
  const [x, y] = [(left + right) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2];
  const above = at.getRootNode().elementFromPoint(x, y);
  return top < innerHeight && bottom > 0 && (at.contains(above) || above?.contains(at));
}"""


def expect_around(reader: Reader, box: Locator) -> None:
    """All the way round by the key, and back: the focus is in the box, and seen."""
    stops = box.locator(
        "button:visible:enabled, textarea:visible, input:visible, a:visible"
    ).count()
    assert stops > 3
    for key in ("Tab", "Shift+Tab"):
        for _ in range(stops + 1):
            reader.page.keyboard.press(key)
            expect(box.locator(":focus")).to_have_count(1)
            assert reader.page.evaluate(SEEN)


def test_all_is_reached_and_what_is_below_is_not(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/zoomed", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")
    ann = readers(url, viewport=ZOOMED, reduced_motion="reduce")
    ann.select("every ship")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.type("In large print", "Ann")
    expect_around(ann, ann.card)
    send = ann.card.get_by_role("button", name="Comment", exact=True)
    send.click()
    expect(ann.comment("In large print")).to_be_visible()
    box = ann.page.get_by_label("Write a reply")
    box.click()
    box.fill("Line after line\n" * 12)
    expect_around(ann, ann.card)
    ann.card.get_by_role("button", name="Reply", exact=True).click()
    expect(ann.comment("Line after line")).to_be_visible()
    expect_around(ann, ann.card)
    ann.page.keyboard.press("Escape")
    ann.show_panel()
    expect_around(ann, ann.panel)
    ann.rows.first.press("Enter")
    expect(ann.comment("In large print")).to_be_visible()
    expect_around(ann, ann.panel)
