"""Two thousand annotations on half a megabyte of text, and the page stays a page.

What is asserted is how the work is cut, not how fast this machine does it: that is measured by
`python -m tests.browser.large`.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.long_page import ANNOTATIONS, PAINTED, WATCH, LongPage
from tests.browser.site import Site
from tests.server_process import ServerProcess

SLOWER = 12
"""So much slower than itself the browser is told to be: a task that is not cut shows at once."""


@pytest.mark.timeout(300)
def test_many_annotations_on_a_long_page(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    text = LongPage()
    text.annotate(server.url, page_id)
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    reader = readers("about:blank")
    page = reader.page
    page.add_init_script(WATCH)
    slow = page.context.new_cdp_session(page)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.goto(site.page("/large", server.url, options, body=text.body))
    page.wait_for_function(PAINTED, timeout=120_000)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": 1})

    # Found and painted slice by slice, with frames of the page between them.
    painted = page.evaluate("frames.map((frame) => frame.marks)")
    assert len(painted) > 2 and painted == sorted(painted)
    anchors = page.evaluate("Object.groupBy(chat.annotations, (one) => one.anchor)")
    assert {state: len(found) for state, found in anchors.items()} == {"exact": ANNOTATIONS}

    # The page's own DOM is what it was, and ours does not grow with the number of discussions.
    assert page.locator("article *").count() == len(text.paragraphs)
    reader.show_panel()
    expect(page.locator(".filters button").first).to_contain_text("2000")
    rows = page.locator(".row").count()
    assert 0 < rows <= 120, "a list of thousands is drawn as far as it is looked at"
    page.get_by_label("Search discussions").fill("remark 1999")
    expect(reader.rows).to_have_count(1)
    reader.rows.click()
    expect(reader.comment("Remark 1999")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")

    reader.annotate(text.paragraphs[3][:40], "Among the others", "Ann")
    reader.expect_live()
    page.wait_for_function(f"() => chat.annotations.length === {ANNOTATIONS + 1}")
