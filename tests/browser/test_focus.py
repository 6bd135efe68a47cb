"""Where the focus goes when the control that had it goes (for keyboards and screen readers)."""

from __future__ import annotations

from playwright.sync_api import expect

import crdtchat
from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess

MATTERS = 75


def page(site: Site, server: ServerProcess, page_id: str, body: str = TEXT) -> str:
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    return site.page("/focus", server.url, options, body=body)


def choose(ann: Reader, text: str, action: str) -> None:
    """By keys, from the menu of a comment."""
    ann.comment(text).get_by_role("button", name="More actions").press("Enter")
    ann.comment(text).get_by_role("menuitem", name=action).press("Enter")


def test_it_stays_in_the_card(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    ann.annotate("every ship", "First", "Ann")
    ann.reply("Second")
    ann.reply("Third")
    menu = ann.comment("Second").get_by_role("button", name="More actions")
    press = ann.page.keyboard.press

    choose(ann, "Second", "Delete")
    expect(ann.page.get_by_role("alertdialog").get_by_role("button", name="Cancel")).to_be_focused()
    press("Enter")
    expect(menu).to_be_focused()

    choose(ann, "Second", "Edit")
    expect(ann.page.get_by_label("Edit", exact=True)).to_be_focused()
    press("Control+Enter")
    expect(menu).to_be_focused()

    react = ann.comment("Second").get_by_role("button", name="Add a reaction")
    react.press("Enter")
    press("Enter")
    expect(ann.comment("Second").locator(".reaction")).to_have_count(1)
    expect(react).to_be_focused()

    ann.type("Fourth")
    ann.card.get_by_role("button", name="Reply", exact=True).press("Enter")
    expect(ann.comment("Fourth")).to_be_visible()
    expect(ann.card.locator(".scroll")).to_be_focused()
    choose(ann, "Fourth", "Delete")
    press("Tab")
    press("Enter")
    expect(ann.comments).to_have_count(3)

    choose(ann, "Third", "Delete")
    press("Tab")
    press("Enter")
    expect(ann.comments).to_have_count(2)
    expect(ann.card.locator(".scroll")).to_be_focused()
    press("Escape")
    expect(ann.card).to_have_count(0)


def test_it_stays_where_something_was_chosen_or_given_up(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    options = f"{{tenantId: 'demo', urlId: {page_id!r}, maxReplyDepth: 2}}"
    ann = readers(site.page("/nested", server.url, options))
    ann.annotate("every ship", "First", "Ann")
    press = ann.page.keyboard.press
    first = ann.comment("First")
    react = first.get_by_role("button", name="Add a reaction")
    react.press("Enter")
    press("Enter")
    first.locator(".reaction").press("Enter")
    expect(first.locator(".reaction")).to_have_count(0)
    expect(react).to_be_focused()

    reply = first.get_by_role("button", name="Reply to Ann")
    for give_up in ("Escape", "Enter"):
        reply.press("Enter")
        expect(ann.page.get_by_role("textbox", name="Reply to Ann")).to_be_focused()
        if give_up == "Enter":
            ann.card.get_by_role("button", name="Cancel").focus()
        press(give_up)
        expect(ann.page.get_by_role("textbox", name="Write a reply")).to_be_visible()
        expect(reply).to_be_focused()
    press("Escape")
    expect(ann.card).to_have_count(0)

    ann.show_panel()
    for name in ("Resolved", "All"):
        button = ann.panel.get_by_role("button", name=name)
        button.press("Enter")
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(button).to_be_focused()
    press("Escape")
    expect(ann.panel).to_have_count(0)


def test_escape_closes_and_throws_nothing_away(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    compose = ann.page.get_by_role("button", name="Comment on the selected text")
    ann.select("every ship")
    compose.click()
    ann.type("A long and careful thought", "Ann")
    ann.page.keyboard.press("Escape")
    expect(ann.card).to_have_count(0)
    ann.select("every ship")
    compose.click()
    ann.write("A long and careful thought", "Ann")
    expect(ann.comment("A long and careful thought")).to_be_visible()
    ann.page.keyboard.press("Escape")
    expect(ann.card).to_have_count(0)
    ann.select("steel pen")
    compose.click()
    ann.type("Another")
    ann.page.keyboard.press("Escape")
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_contain_text("Another")
    ann.panel.get_by_role("button", name="Discard").press("Enter")
    expect(ann.panel.locator(".drafts")).to_have_count(0)
    expect(ann.panel.locator(".scroll")).to_be_focused()

    # Out of an edit, and into it again; the card stays.
    ann.rows.first.press("Enter")
    choose(ann, "A long and careful thought", "Edit")
    edit = ann.page.get_by_label("Edit", exact=True)
    edit.press("End")
    edit.press_sequentially(", made longer")
    edit.press("Escape")
    expect(edit).to_have_count(0)
    expect(ann.comment("A long and careful thought")).to_be_visible()
    choose(ann, "A long and careful thought", "Edit")
    expect(edit).to_have_value("A long and careful thought, made longer")


def test_it_goes_back_from_a_new_discussion(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Begun and given up, or written and closed."""
    ann = readers(page(site, server, page_id))
    press = ann.page.keyboard.press
    link = ann.page.get_by_role("link", name="harbour master")
    link.focus()
    ann.select("every ship")
    press("Control+Alt+m")
    expect(ann.page.get_by_label("Your name")).to_be_focused()
    press("Escape")
    expect(link).to_be_focused()
    press("Control+Alt+m")
    expect(ann.card).to_have_count(0)
    ann.annotate("every ship", "First", "Ann")
    expect(ann.card).to_be_focused()
    press("Escape")
    expect(link).to_be_focused()


def test_it_goes_back_to_where_it_came_from(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    ann.annotate("every ship", "First", "Ann")
    ann.close()
    press = ann.page.keyboard.press
    opener = ann.bar.locator(".open-panel")
    opener.press("Enter")
    expect(ann.panel).to_be_focused()
    press("Escape")
    expect(opener).to_be_focused()
    link = ann.page.get_by_role("link", name="harbour master")
    link.focus()
    press("Control+Alt+d")
    expect(ann.panel).to_be_focused()
    press("Escape")
    expect(link).to_be_focused()
    press("Control+Alt+.")
    expect(ann.card).to_be_focused()
    press("Escape")
    expect(link).to_be_focused()


COMPOSING = """(box, [key, how]) => box.dispatchEvent(
  new KeyboardEvent("keydown", {key, ...how, bubbles: true, composed: true, cancelable: true}))"""
# The second is what Safari tells of the key that ends a composition.
HOW = [{"isComposing": True}, {"keyCode": 229}]


def test_keys_of_an_input_method_are_its_own(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Enter chooses characters and Escape drops them, while Japanese or Chinese is typed."""
    ann = readers(page(site, server, page_id))
    ann.select("every ship")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    name = ann.page.get_by_label("Your name")
    expect(name).to_be_focused()
    for how in HOW:
        assert name.evaluate(COMPOSING, ["Enter", how]), "not prevented"
        expect(name).to_be_focused()
        for box in (name, ann.page.get_by_label("Write a comment")):
            box.evaluate(COMPOSING, ["Escape", how])
            expect(ann.card).to_have_count(1)
    ann.write("できた", "杏")
    expect(ann.comment("できた")).to_be_visible()
    ann.close()
    ann.show_panel()
    for how in HOW:
        ann.page.get_by_label("Search discussions").evaluate(COMPOSING, ["Escape", how])
        expect(ann.panel).to_have_count(1)


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


def test_a_menu_closes_when_the_discussion_is_scrolled(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """It would stay where its button no longer is. The focus stays with the button."""
    with crdtchat.connect_blocking(server.url, page=page_id, name="Bob") as bob:
        long = bob.annotate("every ship", "First", prefix="wrote down ", suffix=" that passed.")
        for number in range(20):
            bob.reply(long, f"Reply {number}")
        bob.wait_saved()
    ann = readers(page(site, server, page_id))
    ann.open("every ship")
    ann.reply("Mine", "Ann")
    react = ann.comment("Reply 0").get_by_role("button", name="Add a reaction")
    scroll = ann.card.locator(".scroll")
    scroll.evaluate(
        "(list) => new Promise((told) => { list.onscroll = told; list.scrollTo(0, 0); })"
    )
    react.press("Enter")
    palette = ann.page.get_by_role("group", name="Add a reaction")
    expect(palette.get_by_role("button").first).to_be_focused()
    scroll.evaluate("(list) => list.scrollBy(0, 60)")
    expect(palette).to_have_count(0)
    expect(react).to_be_focused()


def test_it_goes_back_from_a_draft_that_is_continued(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Past the list that it was continued from: to where one was before that, or to what opened it."""
    ann = readers(page(site, server, page_id))
    press = ann.page.keyboard.press
    ann.select("every ship")
    press("Control+Alt+m")
    ann.type("Half a thought", "Ann")
    press("Escape")
    expect(ann.card).to_have_count(0)
    link = ann.page.get_by_role("link", name="harbour master")
    opener = ann.bar.locator(".open-panel")
    for before in (link, opener):
        before.focus()
        press("Enter" if before is opener else "Control+Alt+d")
        ann.panel.get_by_role("button", name="Continue").press("Enter")
        expect(ann.page.get_by_label("Your name")).to_be_focused()
        press("Escape")
        expect(ann.card).to_have_count(0)
        expect(before).to_be_focused()
