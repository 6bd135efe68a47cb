"""What was typed is not lost to a crash, nor for want of room (B7)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess


def test_drafts_survive_a_crash(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Without any farewell: the tab's process dies in the middle of a word."""
    url = site.page("/crash", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")
    ann = readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    tab = readers(url, beside=ann)
    tab.open("every ship")
    tab.page.get_by_label("Write a reply").press_sequentially("In the middle of a wo")
    with tab.page.expect_event("crash"), pytest.raises(Error, match="crash"):
        tab.page.goto("chrome://crash")
    again = readers(url, beside=ann)
    again.open("every ship")
    expect(again.page.get_by_label("Write a reply")).to_have_value("In the middle of a wo")
    # The other window knows of it, too: a draft is the person's, not the window's.
    ann.close()
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_contain_text("In the middle of a wo")


def test_a_draft_remembers_what_it_answers(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    options = f"{{tenantId: 'demo', urlId: {page_id!r}, maxReplyDepth: 2}}"
    ann = readers(site.page("/answer", server.url, options))
    ann.annotate("every ship", "Root", "Ann")
    ann.reply("Sibling")
    ann.comment("Root").hover()
    ann.comment("Root").get_by_role("button", name="Reply to").click()
    ann.type("Child")
    ann.expect_live()
    ann.page.reload()
    ann.open("every ship")
    box = ann.page.get_by_label("Reply to Ann").and_(ann.page.get_by_role("textbox"))
    expect(box).to_have_value("Child")
    box.press("Control+Enter")
    expect(ann.page.locator(".comment .markdown")).to_have_text(["Root", "Child", "Sibling"])


FILL = """() => {
  for (let size = 1 << 22; size >= 1; size >>= 1)
    for (;;) try { localStorage.setItem(`fill ${size} ${Math.random()}`, "x".repeat(size)); } catch { break; }
}"""


def test_who_types_where_there_is_no_room_is_told_and_asked(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(site.page("/full", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    ann.page.evaluate(FILL)
    box = ann.page.get_by_label("Write a reply")
    box.press_sequentially("In the middle of a wo")
    expect(ann.page.locator(".notice")).to_contain_text("cannot keep what you write")
    with ann.page.expect_event("dialog") as asked:
        ann.page.once("dialog", lambda dialog: dialog.dismiss())
        ann.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    # With room again the next keystroke keeps all of it, and nobody is asked.
    ann.page.evaluate(
        "() => Object.keys(localStorage).forEach((key) => key.startsWith('fill') && delete localStorage[key])"
    )
    box.press_sequentially("rd")
    ann.page.reload()
    ann.open("every ship")
    expect(ann.page.get_by_label("Write a reply")).to_have_value("In the middle of a word")


def test_each_selected_place_keeps_its_draft(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(site.page("/places", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
    ann.annotate("every ship", "First", "Ann")
    ann.close()
    box = ann.page.get_by_label("Write a comment")
    button = ann.page.get_by_role("button", name="Comment on the selected text")

    def expect_begun(words: str, text: str) -> None:
        expect(ann.card.locator("blockquote")).to_have_text(words)
        expect(box).to_have_value(text)

    ann.select("steel pen")
    button.click()
    box.press_sequentially("About the pen")
    # While it is open, other words by the button, and then by the key.
    ann.select("harbour master")
    button.click()
    expect_begun("harbour master", "")
    box.press_sequentially("About the master")
    ann.select("steel pen")
    expect(button).to_be_visible()
    # As a press on the page does, with which one begins to select.
    ann.page.evaluate("document.activeElement.blur()")
    ann.page.keyboard.press("Control+Alt+m")
    expect_begun("steel pen", "About the pen")
    box.press_sequentially(" and ink")
    # A reload goes on with the last one; the others wait in their places, also when these have moved.
    ann.page.reload()
    expect_begun("steel pen", "About the pen and ink")
    ann.card.get_by_role("button", name="Close").click()
    ann.page.evaluate("first.before('It is said:')")
    ann.select("harbour master")
    button.click()
    expect_begun("harbour master", "About the master")
    box.press("Control+Enter")
    expect(ann.comment("About the master")).to_be_visible()
    ann.expect_live()
    ann.close()
    ann.show_panel()
    expect(ann.panel.locator(".drafts li")).to_have_count(1)
    ann.panel.get_by_role("button", name="Continue").click()
    expect_begun("steel pen", "About the pen and ink")
    ann.card.get_by_role("button", name="Cancel").click()
    ann.show_panel()
    expect(ann.rows).to_have_count(2)
    expect(ann.panel.locator(".drafts")).to_have_count(0)


GIVEN_BACK = """(places) => {
  const key = Object.keys(localStorage).find((key) => key.startsWith("crdtchat:drafts:"));
  const drafts = JSON.parse(localStorage.getItem(key));
  const given = drafts.map((draft) => ({...draft, id: `rejected:${draft.id}`, code: "deleted", text: "Given back"}));
  localStorage.setItem(key, JSON.stringify([...drafts, ...given]));
}"""


def test_what_was_given_back_takes_no_drafts_place(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(site.page("/given", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}"))
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    ann.page.get_by_label("Write a reply").press_sequentially("Reply")
    ann.close()
    ann.select("steel pen")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.page.get_by_label("Write a comment").press_sequentially("Comment")
    ann.card.get_by_role("button", name="Close").click()
    ann.page.evaluate(GIVEN_BACK)
    ann.page.reload()
    ann.card.get_by_role("button", name="Close").click()
    for kind in ("reply", "comment"):
        ann.show_panel()
        given = ann.panel.locator(".drafts li.rejected")
        given = given.filter(has_text="steel pen" if kind == "comment" else "")
        given.last.get_by_role("button", name="Continue").click()
        expect(ann.page.get_by_label(f"Write a {kind}")).to_have_value(
            f"{kind.capitalize()}\n\nGiven back"
        )
        ann.page.keyboard.press("Escape")
        if kind == "reply":
            ann.page.keyboard.press("Escape")
