"""Typing draws nothing again but the box that is typed in (B6)."""

from __future__ import annotations

from playwright.sync_api import expect

import crdtchat
from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess

REPLIES = 40

# Each comment and each row says how long ago it was written, each time it is drawn.
COUNT_TIMES = """() => {
  window.times = 0;
  const {format} = Intl.RelativeTimeFormat.prototype;
  Intl.RelativeTimeFormat.prototype.format = function (...told) {
    window.times++;
    return format.apply(this, told);
  };
}"""


def type_and_count(reader: Reader, label: str, text: str) -> int:
    """How many comments and rows were drawn while a text was typed, and its draft kept."""
    box = reader.page.get_by_label(label)
    box.focus()
    reader.page.evaluate("window.times = 0")
    reader.page.keyboard.type(text)
    expect(box).to_have_value(text)
    reader.page.wait_for_function(
        "(text) => Object.values(localStorage).some((kept) => kept.includes(text))", arg=text
    )
    times: int = reader.page.evaluate("new Promise(requestAnimationFrame).then(() => times)")
    return times


def test_typing_draws_only_its_box(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id, name="Bob") as bob:
        long = bob.annotate("every ship", "First", prefix="wrote down ", suffix=" that passed.")
        for number in range(REPLIES):
            bob.reply(long, f"Reply {number}")
        bob.annotate("steel pen", "Another")
        bob.wait_saved()
    url = site.page(
        "/redrawing", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=TEXT
    )
    ann = readers(url)
    tab = readers(url, beside=ann)
    for reader in (ann, tab):
        reader.expect_live()
        reader.page.evaluate(COUNT_TIMES)
    # Nothing comes from elsewhere meanwhile.
    ann.offline()
    tab.offline()
    for reader in (ann, tab):
        reader.front()
        reader.expect_state("Offline")
    ann.open("every ship")
    expect(ann.comments).to_have_count(REPLIES + 1)
    assert ann.page.evaluate("times") > REPLIES, "it is counted"
    assert type_and_count(ann, "Write a reply", "A long and careful answer") == 0
    # Another tab of the browser shows the draft where it lists them, and draws nothing else.
    tab.front()
    tab.show_panel()
    expect(tab.rows).to_have_count(2)
    tab.page.evaluate("window.times = 0")
    ann.front()
    ann.page.get_by_label("Write a reply").press_sequentially(", made longer")
    tab.front()
    expect(tab.panel.locator(".drafts")).to_contain_text("A long and careful answer, made longer")
    assert tab.page.evaluate("times") == 0
    # A new discussion is begun beside the list.
    tab.select("the lamp")
    tab.page.keyboard.press("Control+Alt+m")
    assert type_and_count(tab, "Write a comment", "Why did it go dark?") == 0
    expect(tab.panel.locator(".drafts")).to_contain_text("Why did it go dark?")
