"""Applications that take the element out of the page without a word, or put it back (C3)."""

from __future__ import annotations

from playwright.sync_api import WebSocket, expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

AWAY = "() => { window.article = document.querySelector('article'); article.remove(); }"
BACK = "() => document.querySelector('main').append(article)"


def page(site: Site, server: ServerProcess, page_id: str) -> str:
    return site.page("/away", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")


def test_an_element_that_is_moved_keeps_its_marks(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """As a framework does that gives it other neighbours: to the browser it was away for a moment."""
    ann = readers(site.page("/moved", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
    ann.annotate("every ship", "First", "Ann")
    ann.close()
    ann.expect_painted("every ship")
    for move in (
        "document.querySelector('main').append(document.querySelector('article'))",
        "document.body.prepend(document.querySelector('main'))",
    ):
        ann.page.evaluate(move)
        ann.expect_painted("every ship")
    ann.open("every ship")
    ann.reply("Second")
    ann.expect_live()


def test_of_an_element_that_was_taken_away_nothing_stays(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Neither its bar, nor its keys, nor its connection: no other window counts it as somebody who looks."""
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.expect_people(2)
    ann.page.evaluate(AWAY)
    expect(ann.bar).to_be_hidden()
    expect(ann.card).to_be_hidden()
    bob.expect_people(1)
    ann.page.keyboard.press("Control+Alt+d")
    # A bar that comes next stands where that one was.
    ann.page.evaluate(
        f"""() => {{
          document.querySelector("main").innerHTML = "<section>Of the harbour nothing is known.</section>";
          CrdtChat(document.querySelector("section"), {{tenantId: "demo", urlId: {page_id!r} + "next"}});
        }}"""
    )
    expect(ann.bar.last).to_be_visible()
    expect(ann.panel).to_have_count(0)
    box = ann.bar.last.bounding_box()
    assert box
    assert box["y"] == 16
    # Once more by the manual.
    ann.page.evaluate("chat.destroy()")
    expect(ann.bar).to_have_count(1)


def test_an_element_that_is_put_back_is_discussed_again(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    ann.type("Half a thou")
    again: list[WebSocket] = []
    ann.page.on("websocket", lambda socket: again.append(socket))
    # At once, as when it is moved: nothing has happened.
    ann.page.evaluate(f"() => {{ ({AWAY})(); ({BACK})(); }}")
    ann.expect_painted("every ship")
    expect(ann.page.get_by_label("Write a reply")).to_have_value("Half a thou")
    ann.page.evaluate(AWAY)
    bob.expect_people(1)
    assert again == []
    bob.open("every ship")
    bob.reply("Second", "Bob")
    ann.page.evaluate(BACK)
    ann.expect_live()
    ann.page.get_by_role("button", name="1 new reply").click()
    expect(ann.comment("Second")).to_be_visible()
    expect(ann.page.get_by_label("Write a reply")).to_have_value("Half a thou")
    ann.reply("Third")
    expect(bob.comment("Third")).to_be_visible()
    ann.close()
    ann.expect_painted("every ship")


def test_what_is_unsent_is_sent_before(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers("about:blank"), readers(url)
    ann.page.clock.install()
    ann.page.goto(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.open("every ship")
    ann.offline()
    ann.expect_state("Offline")
    ann.reply("From afar")
    ann.page.evaluate(AWAY)
    expect(ann.bar).to_be_hidden()
    ann.page.clock.run_for(10_000)
    ann.offline(False)
    expect(bob.comment("From afar")).to_be_visible()
    bob.expect_people(1)
