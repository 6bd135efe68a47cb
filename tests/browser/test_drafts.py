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
