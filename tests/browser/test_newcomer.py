"""What somebody sends before the server has said who they are: it goes out as they left it, and nowhere else (A7, B7)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.server_process import ServerProcess

TEXTS = "chat.annotations.flatMap(({comments}) => comments.map(({text}) => text))"


def page(site: Site, server: ServerProcess, page_id: str) -> str:
    return site.page("/newcomer", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")


def newcomer(readers: OpenReader, url: str) -> Reader:
    """Without a name yet, and without a connection any more."""
    ann = readers(url)
    ann.expect_live()
    ann.offline()
    ann.expect_state("Offline")
    return ann


def compose(ann: Reader, words: str) -> None:
    ann.select(words)
    ann.page.get_by_role("button", name="Comment on the selected text").click()


def expect_waiting(ann: Reader, waiting: bool = True) -> None:
    told = expect(ann.page.locator(".composer .actions"))
    words = "Posted as soon as the server is reached"
    if waiting:
        told.to_contain_text(words)
        ann.expect_state("unsent")
    else:
        told.not_to_contain_text(words)


def test_everything_that_waits_is_posted(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    bob = readers(url)
    bob.annotate("steel pen", "Of steel?", "Bob")
    bob.expect_live()
    ann = newcomer(readers, url)
    compose(ann, "every ship")
    ann.write("The first of mine", "Ann")
    expect_waiting(ann)
    ann.open("steel pen")
    ann.write("The second of mine")
    expect_waiting(ann)
    ann.close()
    ann.open("steel pen")
    expect_waiting(ann)
    ann.offline(False)
    ann.expect_live()
    # Where she looks nothing else is opened, and what was posted stands in the box no more.
    expect(ann.comment("The second of mine")).to_be_visible()
    expect(ann.page.get_by_label("Write a reply")).to_have_value("")
    bob.open("every ship")
    expect(bob.comment("The first of mine")).to_contain_text("Ann")
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_have_count(0)


def test_what_is_written_on_is_not_posted_half(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = newcomer(readers, page(site, server, page_id))
    compose(ann, "every ship")
    ann.write("Half a thought", "Ann")
    expect_waiting(ann)
    box = ann.page.get_by_label("Write a comment")
    box.press_sequentially(" and m")
    expect_waiting(ann, False)
    ann.offline(False)
    ann.expect_live()
    expect(box).to_have_value("Half a thought and m")
    assert ann.page.evaluate(TEXTS) == []
    box.press_sequentially("ore")
    box.press("Control+Enter")
    expect(ann.comment("Half a thought and more")).to_be_visible()


def test_what_is_cancelled_is_not_posted(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = newcomer(readers, page(site, server, page_id))
    compose(ann, "every ship")
    ann.write("Regretted", "Ann")
    expect_waiting(ann)
    ann.expect_state("Offline · 1 unsent")
    ann.page.get_by_role("button", name="Cancel").click()
    expect(ann.page.locator('.link[data-unsent="0"]')).to_be_visible()
    ann.offline(False)
    ann.expect_live()
    assert ann.page.evaluate(TEXTS) == []


def test_what_is_about_another_page_is_not_posted_on_this_one(
    readers: OpenReader, site: Site, server: ServerProcess
) -> None:
    ann = newcomer(readers, site.page("/newcomer/one", server.url, "{tenantId: 'demo'}"))
    compose(ann, "every ship")
    ann.write("For page one", "Ann")
    expect_waiting(ann)
    ann.page.evaluate("history.pushState({}, '', '/newcomer/two')")
    expect(ann.card).to_have_count(0)
    ann.offline(False)
    ann.expect_live()
    assert ann.page.evaluate(TEXTS) == []
    # There it is still to be sent.
    ann.page.go_back()
    expect(ann.page.get_by_label("Write a comment")).to_have_value("For page one")
    ann.page.get_by_label("Write a comment").press("Control+Enter")
    expect(ann.comment("For page one")).to_be_visible()
    ann.expect_live()
