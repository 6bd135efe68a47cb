"""A slow network and a silent one (A5, A7, A10, E3)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.browser.slow_line import SlowLine
from tests.server_process import ServerProcess

DELAY = 0.4


def test_a_slow_line_is_told_quietly_and_waits_for_nothing(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    with SlowLine(server.url, DELAY) as line:
        options = f"tenantId: 'demo', urlId: {page_id!r}"
        near = readers(site.page("/near", server.url, f"{{{options}}}"))
        far = readers(site.page("/far", server.url, f"{{{options}, serverUrl: {line.url!r}}}"))
        far.annotate("every ship", "Slowly", "Far")
        far.expect_live()
        expect(far.page.locator(".link")).to_have_text("Live")
        far.page.evaluate(
            """() => {
              const root = document.querySelector("crdtchat-layer").shadowRoot;
              window.words = [];
              const look = () => {
                const word = root.querySelector(".link")?.textContent;
                if (word && word !== words.at(-1)) words.push(word);
              };
              new MutationObserver(look).observe(root, {subtree: true, childList: true, characterData: true});
              new MutationObserver(() => {
                if (root.querySelector(".comments").textContent.includes("At once"))
                  window.shown ??= root.querySelector(".link").dataset.unsent;
              }).observe(root, {subtree: true, childList: true, characterData: true});
            }"""
        )
        far.type("At once")
        far.page.keyboard.press("Control+Enter")
        expect(far.comment("At once")).to_be_visible()
        far.page.wait_for_function("window.shown !== undefined")
        assert far.page.evaluate("window.shown") == "1", "shown before the server has answered"
        near.open("every ship")
        expect(near.comment("At once")).to_be_visible()
        far.expect_live()
        expect(far.page.locator(".link")).to_have_text("Live")
        assert far.page.evaluate("words") == ["Live", "Saving…", "Saved", "Live"], (
            "one quiet word at a time"
        )
        far.page.context.close()  # before its line is


def test_a_line_that_goes_silent_is_given_up_and_replaced(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    with SlowLine(server.url, 0) as line:
        options = f"tenantId: 'demo', urlId: {page_id!r}, serverUrl: {line.url!r}"
        ann = readers(site.page("/silent", server.url, f"{{{options}}}"))
        ann.page.clock.install()
        ann.page.goto(site.page("/silent", server.url, f"{{{options}}}"))
        ann.page.clock.resume()
        ann.annotate("every ship", "First", "Ann")
        ann.expect_live()
        line.freeze()
        ann.reply("Is anybody there?")
        expect(ann.page.locator('.link[data-unsent="1"]')).to_be_visible()
        ann.page.clock.fast_forward(16_000)
        ann.page.clock.resume()
        ann.expect_live()
        bob = readers(site.page("/other", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
        bob.open("every ship")
        expect(bob.comment("Is anybody there?")).to_be_visible()
        ann.page.context.close()  # before its line is
