"""Where the focus goes when the control that had it goes (for keyboards and screen readers)."""

from __future__ import annotations

from playwright.sync_api import expect

import crdtchat
from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

MATTERS = 75


def page(site: Site, server: ServerProcess, page_id: str, body: str = "") -> str:
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    return site.page("/focus", server.url, options, **({"body": body} if body else {}))


def test_going_through_a_long_list(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Back from a discussion one is where one was; also when the discussion is listed no more."""
    body = "".join(
        f"<p>Paragraph {n} speaks of matter {n} at some length.</p>" for n in range(MATTERS)
    )
    with crdtchat.connect_blocking(server.url, page=page_id, name="Bob") as bob:
        for n in range(MATTERS):
            bob.annotate(f"matter {n} at", f"About {n}")
        bob.wait_saved()
    ann = readers(page(site, server, page_id, body))
    ann.show_panel()
    last = ann.panel.locator(".row", has_text="matter 70 at")
    with_more = ann.panel.locator(".more")
    ann.rows.nth(59).scroll_into_view_if_needed()
    expect(with_more).to_have_count(0)
    ann.page.wait_for_function(
        f"chat.annotations.filter(({{anchor}}) => anchor !== 'pending').length === {MATTERS}"
    )
    last.press("Enter")
    expect(ann.comment("About 70")).to_be_visible()
    ann.page.keyboard.press("Escape")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()
    last.press("Enter")
    ann.type("Done", "Ann")
    ann.page.keyboard.press("Control+Enter")
    expect(ann.comment("Done")).to_be_visible()
    ann.panel.get_by_role("button", name="Resolve").click()
    ann.panel.get_by_role("button", name="Back to the list").click()
    expect(last).to_have_count(0)
    expect(ann.panel.locator(".row", has_text="matter 71 at")).to_be_focused()
