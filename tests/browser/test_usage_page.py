"""The owner's page of usage: asks for a token, draws, says what is wrong."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.server_process import ServerProcess


def test_usage_is_drawn_for_the_owner_and_refused_to_others(
    server: ServerProcess, readers: OpenReader
) -> None:
    owner, viewer = server.token("own", "owner"), server.token("vic", "viewer")
    for look in (
        {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"},
        {"viewport": {"width": 1280, "height": 800}},
    ):
        reader = readers(f"{server.url}/usage", **look)
        page = reader.page
        page.get_by_label("Tenant").fill("demo")
        page.get_by_label("Owner's token").fill(viewer)
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("status")).to_contain_text("may not administer")
        page.get_by_label("Owner's token").fill(owner)
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("img")).to_have_count(3)
        expect(page.get_by_role("heading", name="New conversations")).to_be_visible()
        page.get_by_text("All numbers").click()
        expect(page.get_by_role("row")).to_have_count(31)
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0
        assert owner not in page.url
        page.reload()
        expect(page.get_by_role("img")).to_have_count(3)
        reader.expected = ["status of 403"]
