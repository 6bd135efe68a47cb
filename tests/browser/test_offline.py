"""A lost connection costs nothing (A7, A8, A12, B7): written on both sides, merged, kept over a crash."""

from __future__ import annotations

import re

from playwright.sync_api import WebSocketRoute, expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.browser.waiting import wait_until
from tests.server_process import ServerProcess, running_server


def page(site: Site, server: ServerProcess, page_id: str) -> str:
    return site.page("/offline", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")


def test_both_sides_write_while_one_is_offline(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.open("every ship")
    bob.reply("Hello", "Bob")
    expect(ann.comment("Hello")).to_be_visible()

    ann.offline()
    ann.expect_state("Offline")
    ann.reply("From the tunnel")
    ann.close()
    ann.annotate("steel pen", "Also from the tunnel")
    ann.expect_state("2 unsent")
    expect(ann.comment("Also from the tunnel").get_by_label("Not sent yet")).to_be_visible()
    bob.reply("Are you there?")
    bob.expect_live()
    bob.expect_painted("every ship")

    ann.offline(False)
    ann.expect_live()
    bob.expect_painted("every ship", "steel pen")
    expect(bob.comments).to_have_count(4)
    ann.close()
    ann.open("every ship")
    texts = ["First", "Hello", "From the tunnel", "Are you there?"]
    for reader in (ann, bob):
        expect(reader.comments).to_have_count(4)
        assert sorted(reader.page.locator(".comment .markdown").all_inner_texts()) == sorted(texts)
    assert (
        ann.page.locator(".comment .markdown").all_inner_texts()
        == bob.page.locator(".comment .markdown").all_inner_texts()
    )


def test_two_browsers_write_while_both_are_offline(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.open("every ship")
    bob.reply("Hello", "Bob")
    bob.expect_live()
    expect(ann.comment("Hello")).to_be_visible()
    for reader in (ann, bob):
        reader.offline()
        reader.expect_state("Offline")
    # In the same discussion, and on the same words.
    for reader, name in ((ann, "Ann"), (bob, "Bob")):
        reader.front()
        reader.reply(f"{name} in the dark")
        reader.close()
        reader.annotate("steel pen", f"{name} on the pen")
        reader.expect_state("2 unsent")
        reader.close()
        reader.expect_painted("every ship", "steel pen")
    for reader in (ann, bob):
        reader.offline(False)
    for reader in (ann, bob):
        reader.expect_live()
        reader.page.wait_for_function(f"{TALK}().flat().length === 6")
    told = ann.page.evaluate(f"{TALK}()")
    assert told == bob.page.evaluate(f"{TALK}()")
    assert [said[:2] for said in told if len(said) > 1] == [["First", "Hello"]]
    assert sorted(text for said in told for text in said) == sorted(
        ["First", "Hello", *(f"{name} {what}" for name in ("Ann", "Bob") for what in WRITTEN)]
    )
    for reader in (ann, bob):
        reader.expect_painted("every ship", "steel pen", "steel pen")


WRITTEN = ("in the dark", "on the pen")
TALK = "(() => chat.annotations.map((one) => one.comments.map((comment) => comment.text)))"


def test_two_tabs_agree_offline(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann = readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    tab = readers(url, beside=ann)
    tab.expect_painted("every ship")
    tab.expect_live()
    tab.offline()
    ann.offline()
    ann.expect_state("Offline")
    tab.expect_state("Offline")
    ann.close()
    ann.annotate("steel pen", "In one tab")
    tab.expect_painted("every ship", "steel pen")
    tab.open("steel pen")
    tab.reply("In the other")
    expect(ann.comment("In the other")).to_be_visible()

    ann.offline(False)
    ann.expect_live()
    tab.expect_live()
    bob = readers(url)
    bob.expect_painted("every ship", "steel pen")
    bob.open("steel pen")
    expect(bob.comments).to_have_count(2)
    for reader in (ann, tab):
        expect(reader.comments).to_have_count(2)


def test_a_tab_that_dies_leaves_its_unsent_words_to_the_next(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann = readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    tab = readers(url, beside=ann)
    tab.expect_live()
    tab.offline()
    ann.offline()
    ann.expect_state("Offline")
    ann.reply("Said and gone")
    tab.open("every ship")
    expect(tab.comment("Said and gone")).to_be_visible()
    wait_until(ann.page, QUEUED)
    ann.page.close()
    tab.expect_state("1 unsent")
    tab.offline(False)
    tab.expect_live()
    bob = readers(url)
    bob.open("every ship")
    expect(bob.comment("Said and gone")).to_be_visible()


def test_unsent_words_survive_a_reload_without_the_server(
    readers: OpenReader, site: Site, bundle: object, tmp_path: object, page_id: str
) -> None:
    with running_server(tmp_path / "data") as server:  # type: ignore[operator]
        # The script comes from the site, so that the page loads while the server is away.
        site.add("/copy/crdtchat.js", bundle.read_text(), kind="text/javascript")  # type: ignore[attr-defined]
        options = f"{{tenantId: 'demo', urlId: {page_id!r}, serverUrl: {server.url!r}}}"
        url = site.page("/copy/page", f"{site.origin}/copy", options)
        ann = readers(url)
        ann.expected = ["WebSocket connection to .* failed", "ERR_CONNECTION"]
        ann.annotate("every ship", "First", "Ann")
        ann.expect_live()
        wait_until(ann.page, STORED)
        server.kill()
        ann.expect_state("Offline")
        ann.reply("Into the void")
        ann.expect_state("1 unsent")
        wait_until(ann.page, QUEUED)
        ann.page.reload()
        ann.expect_painted("every ship")
        ann.open("every ship")
        expect(ann.comment("Into the void")).to_be_visible()
        ann.expect_state("1 unsent")
        server.restart()
        ann.expect_live()
        bob = readers(url)
        bob.expected = ann.expected
        bob.open("every ship")
        expect(bob.comment("Into the void")).to_be_visible()


STORED = """() => new Promise((done) => {
  const open = indexedDB.open("crdtchat");
  open.onsuccess = () => {
    const count = open.result.transaction("replica").objectStore("replica").count();
    count.onsuccess = () => { open.result.close(); done(count.result > 0); };
  };
})"""
QUEUED = STORED.replace('"replica"', '"outbox"')


def test_a_restart_of_the_server_goes_unnoticed(
    readers: OpenReader, site: Site, bundle: object, tmp_path: object, page_id: str
) -> None:
    with running_server(tmp_path / "data") as server:  # type: ignore[operator]
        url = page(site, server, page_id)
        ann, bob = readers(url), readers(url)
        for reader in (ann, bob):
            reader.expected = ["WebSocket connection to .* failed", "ERR_CONNECTION"]
        ann.annotate("every ship", "Before", "Ann")
        ann.expect_live()
        bob.expect_painted("every ship")
        server.kill()
        ann.reply("Meanwhile")
        server.restart()
        ann.expect_live()
        bob.open("every ship")
        expect(bob.comment("Meanwhile")).to_be_visible()
        bob.reply("After", "Bob")
        expect(ann.comment("After")).to_be_visible()
        assert ann.page.get_by_role("dialog").count() == 1, "the card, and nothing that asks"


def test_the_word_and_its_sign_change_together(
    readers: OpenReader, site: Site, bundle: object, tmp_path: object, page_id: str
) -> None:
    with running_server(tmp_path / "data") as server:  # type: ignore[operator]
        phone = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
        ann = readers(page(site, server, page_id), **phone)
        ann.expected = ["WebSocket connection to .* failed", "ERR_CONNECTION"]
        ann.expect_live()
        ann.page.evaluate(WATCH_STATE)
        server.kill()
        ann.expect_state("Offline")
        server.restart()
        ann.expect_live()
        expect(ann.page.locator(".link")).to_have_text("Live")
    seen = ann.page.evaluate("seen")
    assert {"Live", "Offline"} <= {word for word, *_ in seen}
    for word, sign, colour in seen:
        assert (word == "Offline") == (colour == "offline"), seen
        assert (word == "Live") == (sign == "I"), seen


WATCH_STATE = """() => {
  const root = document.querySelector("crdtchat-layer").shadowRoot;
  window.seen = [];
  const look = () => {
    const link = root.querySelector(".link");
    if (link) seen.push([link.textContent, link.firstChild.tagName, link.classList[1]]);
  };
  look();
  new MutationObserver(look).observe(root, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


def test_drafts_survive_a_reload(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann = readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.type("Half a rep")
    ann.close()
    ann.select("steel pen")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.type("Half a thou")
    ann.page.reload()
    box = ann.page.get_by_label("Write a comment")
    expect(box).to_have_value("Half a thou")
    ann.expect_painted("steel pen", style="draft")
    ann.write("Half a thought")
    expect(ann.comment("Half a thought")).to_be_visible()
    ann.close()
    ann.open("every ship")
    expect(ann.page.get_by_label("Write a reply")).to_have_value("Half a rep")


# An hour back, a moment after the line went down.
SET_BACK = """
const read = Date.now;
WebSocket = class extends WebSocket {
  constructor(...place) {
    super(...place);
    window.lines = (window.lines ?? 0) + 1;
    this.addEventListener("close", () => setTimeout(() => (Date.now = () => read() - 3_600_000)));
  }
};
"""


def test_a_clock_set_back_keeps_nobody_offline(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers("about:blank")
    routes: list[WebSocketRoute] = []

    def routed(route: WebSocketRoute) -> None:
        routes.append(route)
        route.connect_to_server()

    ann.page.route_web_socket(re.compile("/sync/"), routed)
    ann.page.add_init_script(SET_BACK)
    ann.page.goto(site.page("/clock", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
    ann.expect_live()
    routes[-1].close(code=1012)
    ann.page.wait_for_function("Date.now() < performance.timeOrigin && lines > 1")
    ann.annotate("every ship", "An hour ago", "Ann")
    ann.expect_live()
