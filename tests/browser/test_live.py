"""Everybody on the page sees everything at once (A1-A6, A12, B1, B2, B9)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess


def page(site: Site, server: ServerProcess, page_id: str, more: str = "") -> str:
    return site.page("/live", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}")


def test_an_annotation_appears_for_all_and_is_talked_about(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.expect_people(2)

    ann.annotate("every ship", "All of them?", "Ann")
    ann.expect_live()
    bob.expect_painted("every ship")
    expect(bob.bar).to_contain_text("1 discussion")

    bob.open("every ship")
    expect(bob.comment("All of them?")).to_contain_text("Ann")
    bob.reply("Even the small ones.", "Bob")
    expect(ann.comment("Even the small ones.")).to_contain_text("Bob")

    bob.do("Even the small ones.", "Edit")
    bob.page.locator(".comment textarea").fill("Even the smallest.")
    bob.page.keyboard.press("Control+Enter")
    expect(ann.comment("Even the smallest.")).to_contain_text("edited")

    bob.do("Even the smallest.", "Delete")
    bob.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(ann.comments).to_have_count(1)

    ann.card.get_by_role("button", name="Resolve").click()
    bob.expect_painted()
    expect(bob.card).to_contain_text("Resolved by Ann")
    bob.card.get_by_role("button", name="Reopen").click()
    ann.expect_painted("every ship")

    ann.open("every ship")
    ann.do("All of them?", "Delete")
    ann.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    bob.expect_painted()
    expect(bob.card).to_have_count(0)


def test_own_operations_are_no_news_and_others_are_once(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    tab = readers(url, beside=ann)
    for window in (ann, bob, tab):
        window.expect_live()  # who comes later is told of no event
    ann.annotate("steel pen", "Which one?", "Ann")
    ann.expect_live()
    for other in (bob, tab):
        other.page.wait_for_function("news.length === 1")
        assert other.news()[0]["kind"] == "new-text-chat"
    assert bob.news() == tab.news()
    assert len(str(bob.news()[0]["broadcastId"])) == 36

    bob.open("steel pen")
    bob.reply("The good one.", "Bob")
    ann.page.wait_for_function("news.length === 1")
    assert ann.news()[0]["kind"] == "updated-text-chat"
    assert ann.news()[0]["page"] == page_id
    assert [event["kind"] for event in bob.news()] == ["new-text-chat"]

    assert ann.page.evaluate("chat.annotations.length") == 1

    for reader, other, text, kind in (
        (bob, ann, "The good one.", "updated-text-chat"),
        (ann, bob, "Which one?", "deleted-text-chat"),
    ):
        reader.front()
        reader.do(text, "Delete")
        reader.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
        other.page.wait_for_function("news.length === 2")
        assert other.news()[1]["kind"] == kind
    assert len(ann.news()) == 2


def test_people_and_typing_are_shown(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("the lamp", "Why?", "Ann")
    ann.expect_live()
    bob.open("the lamp")
    bob.type("It is said that", "Bob")
    expect(ann.card).to_contain_text("is typing")
    bob.reply("It is said that it was the wind")
    # Who is here is said, too, and not only shown to who points at it.
    expect(ann.page.locator("[data-people]")).to_have_text("2 people here: You and Bob")
    bob.type("And that")
    expect(ann.card).to_contain_text("is typing")
    bob.page.close()
    ann.expect_people(1)
    expect(ann.card).not_to_contain_text("is typing")


def test_the_bar_goes_where_the_page_wants_it(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    body = "<div id='bar'></div><p>Some words to be discussed.</p>"
    options = f"tenantId: 'demo', urlId: {page_id!r}"
    counted = "commentCountUpdated: (n) => (window.count = n)"
    url = site.page(
        "/bar",
        server.url,
        f"{{{options}, {counted}, topBarTarget: document.getElementById('bar')}}",
        body=body,
    )
    ann = readers(url)
    expect(ann.page.locator("#bar crdtchat-bar .bar")).to_be_visible()
    expect(ann.bar).to_have_count(1)
    ann.annotate("to be discussed", "Here.", "Ann")
    ann.page.wait_for_function("window.count === 1")
    hidden = readers(
        site.page("/nobar", server.url, f"{{{options}, topBarTarget: null}}", body=body)
    )
    hidden.expect_painted("to be discussed")
    expect(hidden.bar).to_have_count(0)


def test_who_went_on_to_another_page_is_not_here(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Though the browser keeps the page, with its connection, for when they come back to it."""
    url = site.page("/kept", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.expect_people(2)
    # The browser without windows keeps no pages; this is how one that does tells it.
    tell = "(type) => dispatchEvent(new PageTransitionEvent(type, {persisted: true}))"
    ann.page.evaluate(tell, "pagehide")
    bob.expect_people(1)
    bob.open("every ship")
    bob.reply("Second", "Bob")
    bob.expect_live()
    ann.page.evaluate(tell, "pageshow")
    bob.expect_people(2)
    expect(ann.comment("Second")).to_be_visible()
    ann.reply("Third")
    expect(bob.comment("Third")).to_be_visible()
