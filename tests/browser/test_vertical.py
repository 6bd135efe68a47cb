"""Pages that are written from the top down, and scroll to the side (C1, B8)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import MIDDLE, Reader
from tests.browser.site import Site
from tests.server_process import ServerProcess

DOWNWARD = "<style>html { writing-mode: vertical-rl } body { margin: 40px !important }</style>"
FAR = "<p>誰も話さない行がつづく。</p>" * 60
STORY = "<p>灯台守は通る船をすべて書き留めた。鋼のペンで書き、何も消さなかった。</p>"


def expect_in_sight(reader: Reader, words: str) -> None:
    """The words, and beside them the card."""
    reader.page.wait_for_function(
        """(words) => [...CSS.highlights.values()].flatMap((ranges) => [...ranges]).some((range) => {
          const {left, right, top, bottom} = range.getBoundingClientRect();
          return range.toString() === words && left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
        })""",
        arg=words,
    )
    expect(reader.card).to_be_in_viewport(ratio=1)


def test_words_are_gone_to_and_their_card_is_beside_them(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page(
        "/downward",
        server.url,
        f"{{tenantId: 'demo', urlId: {page_id!r}}}",
        body=DOWNWARD + FAR + STORY + FAR,
        lang="ja",
    )
    ann = readers(url)
    ann.annotate("通る船をすべて", "All of them?", "Ann")
    ann.expect_live()
    aid = ann.page.evaluate("chat.annotations[0].id")
    for linked in (True, False):
        bob = readers(f"{url}#crdtchat={aid}" if linked else url)
        if not linked:
            expect(bob.bar).to_contain_text("1 discussion")
            bob.page.keyboard.press("Control+Alt+.")
        expect(bob.comment("All of them?")).to_be_visible()
        expect_in_sight(bob, "通る船をすべて")
        x, y = bob.page.evaluate(MIDDLE, "通る船をすべて")
        card = bob.card.bounding_box()
        assert card
        covered = card["x"] < x < card["x"] + card["width"]
        assert not (covered and card["y"] < y < card["y"] + card["height"])
