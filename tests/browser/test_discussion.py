"""Talking: reactions, mentions, Markdown, unread marks, calm, the panel (B1-B6)."""

from __future__ import annotations

import contextlib

from playwright.sync_api import expect

import crdtchat
from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

HOSTILE = """<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>
[click](javascript:window.hacked=3) <a href="jAvAsCrIpT:window.hacked=4">x</a>
<svg onload="window.hacked=5"></svg> <iframe src="javascript:window.hacked=6"></iframe>
<form action="https://evil.example"><input name=a></form> <style>* {display: none}</style>

![alt](https://evil.example/track.png) [good](https://example.org/ "title")"""


def page(site: Site, server: ServerProcess, page_id: str, more: str = "") -> str:
    return site.page("/talk", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}")


def test_reactions_add_up_and_can_be_taken_back(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "All of them?", "Ann")
    ann.expect_live()
    bob.open("every ship")
    bob.reply("Yes.", "Bob")
    for reader in (bob, ann):
        reader.front()
        comment = reader.comment("All of them?")
        comment.hover()
        comment.get_by_role("button", name="Add a reaction").click()
        reader.page.get_by_role("group", name="Add a reaction").get_by_role(
            "button", name="🎉"
        ).click()
    reaction = ann.comment("All of them?").locator(".reaction")
    expect(reaction).to_have_text("🎉 2")
    expect(reaction).to_have_attribute("aria-label", "🎉 2: You and Bob")
    reaction.click()
    expect(bob.comment("All of them?").locator(".reaction")).to_have_text("🎉 1")


def test_people_are_mentioned_with_completion(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "All of them?", "Ann Żółw")
    ann.expect_live()
    ann.close()
    bob.open("every ship")
    box = bob.page.get_by_label("Write a reply")
    box.press_sequentially("Ask @żó")
    expect(bob.page.get_by_role("option", name="Ann Żółw")).to_be_visible()
    box.press("Enter")
    expect(box).to_have_value("Ask @Ann Żółw ")
    bob.page.get_by_label("Your name").fill("Bob")
    box.press("Control+Enter")
    expect(bob.page.locator(".mention")).to_have_text("@Ann Żółw")
    ann.show_panel()
    ann.panel.get_by_role("button", name="Mentions 1").click()
    ann.rows.first.click()
    expect(ann.page.locator(".mention.me")).to_have_text("@Ann Żółw")


def test_who_was_chosen_is_meant(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Also where several have one name, after a reload in the middle, and by an edit once they left."""
    url = page(site, server, page_id)
    bob = readers(url)
    bob.annotate("every ship", "Who knows?", "Bob")
    namesakes = [readers(url), readers(url)]
    for ann, answer in zip(namesakes, ("I do", "Me, too"), strict=True):
        ann.open("every ship")
        ann.reply(answer, "Ann")
        ann.expect_live()
    box = bob.page.get_by_label("Write a reply")
    for chosen in (0, 1):
        box.press_sequentially("Thanks, @An")
        options = bob.page.get_by_role("option")
        expect(options).to_have_text(["AAnn", "AAnn"])
        options.nth(chosen).click()
        box.press_sequentially("very much")
        if chosen == 0:
            bob.page.reload()
            bob.open("every ship")
        expect(box).to_have_value("Thanks, @Ann very much")
        box.press("Control+Enter")
        expect(bob.page.locator(".mention")).to_have_count(chosen + 1)
        bob.expect_live()
    # One for each: whoever was chosen first is the one and not the other.
    for ann in namesakes:
        expect(ann.page.locator(".mention")).to_have_count(2)
        expect(ann.page.locator(".mention.me")).to_have_count(1)


def test_an_edit_keeps_whom_it_mentions(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Also those who have left and never wrote here."""
    named = readers(page(site, server, f"{page_id} elsewhere"))
    named.annotate("every ship", "By the way", "Ann")
    named.expect_live()
    url = page(site, server, page_id)
    ann, bob = readers(url, beside=named), readers(url)
    ann.expect_live()
    bob.annotate("every ship", "Look", "Bob")
    bob.page.get_by_label("Write a reply").press_sequentially("@An")
    bob.page.get_by_role("option", name="Ann").click()
    bob.page.get_by_label("Write a reply").press_sequentially("look here")
    bob.page.keyboard.press("Control+Enter")
    expect(bob.page.locator(".mention")).to_have_text("@Ann")
    ann.page.close()
    bob.expect_people(1)
    bob.do("look here", "Edit")
    bob.page.get_by_label("Edit").fill("@Ann, look there")
    bob.page.get_by_role("button", name="Save").click()
    expect(bob.comment("look there")).to_be_visible()
    expect(bob.page.locator(".mention")).to_have_text("@Ann")


ALL_SEEN = """(options) => options.length > 4 && options.every((option) => {
  const box = option.getBoundingClientRect();
  const seen = option.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return option === seen || option.contains(seen);
})"""


def test_the_list_of_people_is_not_cut_off(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Wherever the box is: high up in the window, low, in the panel."""
    with contextlib.ExitStack() as stack:
        for name in ("Bea", "Ben", "Bob", "Bruno", "Bydgoszcz"):
            stack.enter_context(crdtchat.connect_blocking(server.url, page=page_id, name=name))
        ann = readers(page(site, server, page_id))
        ann.expect_people(6)

        def offered(label: str) -> None:
            ann.page.get_by_label(label).fill("")
            ann.page.get_by_label(label).press_sequentially("@B")
            expect(ann.page.get_by_role("option")).to_have_count(5)
            assert ann.page.get_by_role("option").evaluate_all(ALL_SEEN)
            ann.page.keyboard.press("Escape")

        ann.select("The lighthouse")
        ann.page.get_by_role("button", name="Comment on the selected text").click()
        offered("Write a comment")
        ann.write("First", "Ann")
        expect(ann.comment("First")).to_be_visible()
        offered("Write a reply")
        ann.close()
        ann.show_panel()
        ann.rows.first.click()
        offered("Write a reply")


def test_hostile_markdown_is_harmless(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.select("every ship")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.write(HOSTILE + "\n\n# Head\n\n`code`", "Ann")
    ann.expect_live()
    bob.open("every ship")
    for reader in (ann, bob):
        markdown = reader.page.locator(".markdown")
        good = markdown.get_by_role("link", name="good")
        expect(good).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
        expect(markdown.locator("code")).to_have_text("code")
        assert markdown.locator("img, script, svg, iframe, form, input, style, h1").count() == 0
        hrefs = markdown.locator("[href]").evaluate_all(
            "(all) => all.map((a) => a.getAttribute('href'))"
        )
        assert all(href.startswith("https://") for href in hrefs), hrefs
        expect(markdown).to_contain_text('<img src=x onerror="window.hacked=1">')
        assert reader.page.evaluate("window.hacked") is None
    # Nested beyond what any reader's stack holds: shown as it was typed, and the talk goes on.
    ann.write(">" * 9_999)
    bob.reply("What was that?", "Bob")
    expect(ann.comment("What was that?")).to_be_visible()
    expect(bob.comment(">>>>>>>>")).to_be_visible()


def test_nothing_moves_under_reader_or_writer(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.open("every ship")
    bob.type("I am in the middle of", "Bob")
    before = bob.page.get_by_label("Write a reply").bounding_box()
    ann.reply("While you typed")
    ann.expect_live()
    button = bob.page.get_by_role("button", name="1 new reply")
    expect(button).to_be_visible()
    assert bob.page.get_by_label("Write a reply").bounding_box() == before
    expect(bob.comments).to_have_count(1)
    expect(bob.page.get_by_label("Write a reply")).to_have_value("I am in the middle of")
    button.click()
    expect(bob.comment("While you typed")).to_be_visible()

    # The list of the panel holds still, too.
    bob.close()
    bob.show_panel()
    first = bob.rows.first.bounding_box()
    ann.close()
    ann.annotate("The keeper", "Earlier in the text")
    ann.expect_live()
    expect(bob.page.get_by_role("button", name="Show 1 new discussion")).to_be_visible()
    expect(bob.rows).to_have_count(1)
    after = bob.rows.first.bounding_box()
    assert first and after
    bob.page.get_by_role("button", name="Show 1 new discussion").click()
    expect(bob.rows).to_have_count(2)
    expect(bob.rows.first).to_contain_text("The keeper")


def test_a_long_discussion_stays_where_it_is_read(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Also by whoever reads its beginning, and has not scrolled yet."""
    url = page(site, server, page_id)
    ann = readers(url)
    ann.annotate("every ship", "First", "Ann")
    for number in range(12):
        ann.reply(f"Reply {number}, of many words " + "that take room " * 20)
    ann.expect_live()
    bob = readers(url)
    bob.open("every ship")
    expect(bob.comments).to_have_count(13)
    ann.reply("The newest")
    expect(bob.page.get_by_role("button", name="1 new reply")).to_be_visible()
    assert bob.page.locator(".thread .scroll").evaluate("(list) => list.scrollTop") == 0
    expect(bob.comment("First")).to_be_in_viewport()


def test_what_is_new_is_marked_until_it_was_seen(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("every ship", "Old", "Ann")
    ann.expect_live()
    bob.open("every ship")
    bob.reply("I have been here", "Bob")
    bob.close()
    ann.reply("News")
    expect(bob.bar).to_contain_text("1 unread")
    bob.page.reload()
    expect(bob.bar).to_contain_text("1 unread")
    late = readers(url)
    expect(late.bar).to_contain_text("1 discussion")
    expect(late.bar).not_to_contain_text("unread")
    bob.show_panel()
    expect(bob.rows.first).to_contain_text("1 unread")
    bob.rows.first.click()
    expect(bob.comment("News").get_by_label("Unread")).to_be_visible()
    expect(bob.comment("News").get_by_label("Unread")).to_have_count(0)
    bob.panel.get_by_role("button", name="Back to the list").click()
    expect(bob.rows.first).not_to_contain_text("unread")


def test_the_panel_filters_and_searches_in_text_order(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.annotate("the last line", "At the end", "Ann")
    ann.close()
    ann.annotate("The keeper", "At the start")
    ann.close()
    ann.annotate("the lamp", "In the middle")
    ann.expect_live()
    ann.card.get_by_role("button", name="Resolve").click()
    bob.expect_painted("The keeper", "the last line")
    bob.show_panel()
    expect(bob.rows.locator("q")).to_have_text(["The keeper", "the last line"])
    bob.panel.get_by_role("button", name="Resolved 1").click()
    expect(bob.rows.locator("q")).to_have_text(["the lamp"])
    bob.panel.get_by_role("button", name="All 3").click()
    expect(bob.rows.locator("q")).to_have_text(["The keeper", "the lamp", "the last line"])
    bob.panel.get_by_role("button", name="Mine 0").click()
    expect(bob.panel).to_contain_text("Nothing here matches.")
    bob.panel.get_by_role("button", name="All 3").click()
    bob.page.get_by_label("Search discussions").fill("end ann")
    expect(bob.rows.locator("q")).to_have_text(["the last line"])


def test_replies_nest_to_the_depth_the_page_allows(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id, "maxReplyDepth: 2"))
    ann.annotate("every ship", "Root", "Ann")
    ann.reply("Sibling")
    for parent, text in (("Root", "Child"), ("Child", "Grandchild")):
        ann.comment(parent).first.hover()
        ann.comment(parent).first.get_by_role("button", name="Reply to").click()
        ann.reply(text)
    expect(ann.page.locator(".comment .markdown")).to_have_text(
        ["Root", "Child", "Grandchild", "Sibling"]
    )
    left = [ann.comments.nth(i).locator(".who").bounding_box() for i in range(3)]
    assert left[0] and left[1] and left[2]
    assert left[0]["x"] < left[1]["x"] < left[2]["x"]
    expect(ann.comment("Grandchild").get_by_role("button", name="Reply to")).to_have_count(0)


def test_selections_of_every_kind(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Across elements and paragraphs, with emoji before them, out of the element and back into it."""
    url = page(site, server, page_id)
    ann, bob = readers(url), readers(url)
    reach = """([from, to]) => {
      const at = (id, end) => [document.getElementById(id), end ? document.getElementById(id).childNodes.length : 0];
      const range = document.createRange();
      range.setStart(...at(from, false));
      range.setEnd(...at(to, true));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }"""
    ann.page.evaluate(reach, ["first", "second"])
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.write("Two paragraphs", "Ann")
    expect(ann.comment("Two paragraphs")).to_be_visible()
    ann.close()
    ann.annotate("eleven minutes", "After an emoji")
    ann.expect_live()
    bob.page.wait_for_function(
        "chat.annotations.length === 2 && chat.annotations.every((a) => a.anchor === 'exact')"
    )
    quotes = bob.page.evaluate("chat.annotations.map((a) => a.quote)")
    assert "eleven minutes" in quotes
    long = next(quote for quote in quotes if quote != "eleven minutes")
    assert long.startswith("The keeper of") and long.endswith("asked twice.")
    assert "crossed anything out.\nOne evening" in long
    bob.open("eleven minutes")
    expect(bob.comment("After an emoji")).to_be_visible()
