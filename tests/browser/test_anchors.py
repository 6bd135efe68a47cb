"""Annotations while the page under them is edited (C1, C2): followed, shown as changed, suggested, orphaned,
attached again by those who may, and that for everybody."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import ViewportSize, expect

from crdtchat.sync import message
from tests.browser.articles import ARTICLE, BOOK, GULLS, LAMP, REWORDED, SHIPS, TIDES, doubtful
from tests.browser.conftest import SECRET, OpenReader
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.browser.test_axe import AXE
from tests.raw_client import broadcast_id, raw_client
from tests.server_process import ServerProcess, running_server

SHIP, DARK = "wrote down every ship that passed", "the lamp went dark for eleven minutes"
AWAY, WINDOW, LINE = (
    "quietly went away again",
    "wait on the railing",
    "the last line in it was not his",
)
NOW_DARK = "the lamp was dark for twelve long minutes"


def paragraph(id: str, text: str) -> str:
    return f"<p id='{id}'>{text}</p>"


EDITED = ARTICLE.replace(LAMP, REWORDED).replace(paragraph("tides", TIDES), "")
MOVED = EDITED.replace(paragraph("ships", SHIPS), "") + paragraph("ships", SHIPS)
DOUBTFUL = doubtful(LINE, EDITED, MOVED, MOVED.replace(paragraph("gulls", GULLS), ""))
EDITED = EDITED.replace(BOOK, DOUBTFUL)

EDIT = """
([lamp, book]) => {
  const at = (id) => document.getElementById(id);
  at("ships").parentElement.append(at("ships"));
  at("lamp").textContent = lamp;
  at("tides").remove();
  at("gulls").remove();
  at("book").textContent = book;
}
"""
RESTORE = """
(gulls) => {
  const gone = document.createElement("p");
  gone.textContent = gulls;
  document.getElementById("book").before(gone);
}
"""

LEADER = """
() => navigator.locks.query()
  .then(({held}) => held.map(({name}) => name).find((name) => name.startsWith("crdtchat:leader:")))
"""
HOLD = """
(name) => new Promise((held) => {
  navigator.locks.request(name, () => { held(); return new Promise(() => {}); });
})
"""


def options(page_id: str, more: str = "") -> str:
    return f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}"


def expect_states(reader: Reader, **wanted: str) -> None:
    """The states of the discussions, by their first comments."""
    reader.page.wait_for_function(
        """(wanted) => {
          const found = Object.fromEntries(chat.annotations.map((a) => [a.comments[0].text, a.anchor]));
          return Object.entries(wanted).every(([text, state]) => found[text] === state);
        }""",
        arg=wanted,
    )


def annotate_all(ann: Reader) -> None:
    ann.annotate(SHIP, "Moved", "Ann")
    ann.close()
    for words, text in (
        (DARK, "Reworded"),
        (AWAY, "Deleted"),
        (WINDOW, "Restored"),
        (LINE, "Doubtful"),
    ):
        ann.annotate(words, text)
        ann.close()
    ann.expect_live()


def keep_as_stored(author: Reader, site: Site) -> None:
    """Another tab of the author's is about to renew what is stored, and never does: nobody else does then."""
    leader = author.page.evaluate(LEADER)
    tab = author.page.context.new_page()
    tab.goto(site.add("/another-tab", "", kind="text/plain"))
    tab.evaluate(HOLD, leader.replace("leader", "follow", 1))
    author.page.bring_to_front()


def row(reader: Reader, text: str) -> None:
    """Open a discussion from the panel."""
    if not reader.panel.is_visible():
        reader.show_panel()
    back = reader.panel.get_by_role("button", name="Back to the list")
    if back.is_visible():
        back.click()
    reader.rows.filter(has_text=text).click()
    expect(reader.panel.locator(".thread")).to_be_visible()


def test_an_article_edited_under_an_open_page(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/log", server.url, options(page_id), body=ARTICLE)
    ann, bob = readers(url), readers(url)
    annotate_all(ann)
    bob.expect_painted(SHIP, DARK, WINDOW, AWAY, LINE)
    keep_as_stored(ann, site)
    for reader in (ann, bob):
        reader.page.evaluate(EDIT, [REWORDED, DOUBTFUL])
        expect_states(
            reader,
            Moved="moved",
            Reworded="changed",
            Deleted="orphaned",
            Restored="orphaned",
            Doubtful="unsure",
        )
        reader.expect_painted(NOW_DARK, SHIP)
        reader.page.evaluate(RESTORE, GULLS)
        expect_states(reader, Restored="moved")
        reader.expect_painted(NOW_DARK, WINDOW, SHIP)

    # Changed words are shown side by side.
    bob.open(NOW_DARK)
    expect(bob.card.locator("del")).to_have_text(["went", "eleven"])
    expect(bob.card.locator("ins")).to_have_text(["was", "twelve long"])
    sides = bob.card.locator(".compare")
    before, now = sides.evaluate(
        "(e) => [...e.children].map((e) => e.getBoundingClientRect().toJSON())"
    )
    assert before["top"] == now["top"] and before["right"] <= now["left"]
    bob.close()

    # A suggestion is not painted as attached; only its author, or a moderator, can confirm it.
    row(bob, "Doubtful")
    expect(bob.panel).to_contain_text("Is this about these words now?")
    expect(bob.panel).to_contain_text("Ann or a moderator can confirm it.")
    expect(bob.panel.get_by_role("button", name="Yes, this is it")).to_have_count(0)
    suggested = bob.painted("suggested")
    assert len(suggested) == 1 and suggested[0] in DOUBTFUL
    assert bob.painted("active") == []
    bob.expect_painted(NOW_DARK, WINDOW, SHIP)
    row(ann, "Doubtful")
    ann.panel.get_by_role("button", name="Yes, this is it").click()
    bob.expect_painted(NOW_DARK, WINDOW, suggested[0], SHIP)
    expect_states(bob, Doubtful="exact")
    expect(bob.panel).to_contain_text("Attached to these words by Ann")
    assert bob.painted("suggested") == []

    # The orphan is listed with its words and what stood around them.
    row(bob, "Deleted")
    expect(bob.panel.locator(".quote b")).to_have_text(AWAY)
    expect(bob.panel.locator(".quote blockquote")).to_contain_text("up to the third step")
    expect(bob.panel).to_contain_text("Ann or a moderator can attach it to other words.")
    expect(bob.panel.get_by_role("button", name="Attach again")).to_have_count(0)
    row(ann, "Deleted")
    ann.panel.get_by_role("button", name="Attach again").click()
    expect(ann.page.locator(".attaching")).to_contain_text(AWAY)
    ann.select("before the tide turned")
    ann.page.get_by_role("button", name="Attach here").click()
    expect(ann.card).to_contain_text("Attached to these words by Ann")
    expect(ann.page.locator(".attaching")).to_have_count(0)
    bob.expect_painted("before the tide turned", NOW_DARK, WINDOW, suggested[0], SHIP)
    expect_states(bob, Deleted="exact")
    ann.expect_live()
    kinds = [(item["kind"], item["by"]) for item in bob.news()][-2:]
    assert [kind for kind, _ in kinds] == ["updated-text-chat"] * 2 and kinds[0][1] == kinds[1][1]
    assert ann.news() == []

    # It is there for whoever comes later, and after a reload.
    later = site.page("/log", server.url, options(page_id), body=EDITED)
    bob.page.reload()
    eve = readers(later)
    for reader in (bob, eve):
        reader.expect_painted(SHIP, "before the tide turned", NOW_DARK, WINDOW, suggested[0])
        expect_states(reader, Deleted="moved", Restored="moved")
        reader.open(NOW_DARK)
        expect(reader.card.locator("del")).to_have_text(["went", "eleven"])
        reader.open("before the tide turned")
        expect(reader.card.locator(".compare")).to_contain_text(AWAY)


def test_offline_it_is_attached_at_once_and_sent_later(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/log", server.url, options(page_id), body=ARTICLE)
    ann, bob = readers(url), readers(url)
    ann.annotate(SHIP, "Elsewhere", "Ann")
    ann.expect_live()
    bob.expect_painted(SHIP)
    ann.offline()
    ann.expect_state("Offline")
    ann.card.get_by_role("button", name="Attach to other words").click()
    ann.select("the noon bell")
    ann.page.get_by_role("button", name="Attach here").click()
    ann.expect_painted("the noon bell")
    ann.expect_state("1 unsent")
    bob.expect_painted(SHIP)
    ann.offline(False)
    bob.expect_painted("the noon bell")
    ann.expect_live()


def test_a_suggestion_declined_is_not_made_again(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/log", server.url, options(page_id), body=ARTICLE)
    ann = readers(url)
    annotate_all(ann)
    site.page("/log", server.url, options(page_id), body=EDITED)
    ann.page.reload()
    expect_states(ann, Doubtful="unsure")
    row(ann, "Doubtful")
    ann.panel.get_by_role("button", name="No", exact=True).click()
    expect(ann.panel.get_by_role("button", name="Attach again")).to_be_visible()
    assert ann.painted("suggested") == []
    ann.page.reload()
    expect_states(ann, Doubtful="orphaned")


def test_by_keyboard(readers: OpenReader, site: Site, server: ServerProcess, page_id: str) -> None:
    ann = readers(site.page("/log", server.url, options(page_id), body=ARTICLE))
    ann.annotate(AWAY, "Deleted", "Ann")
    ann.close()
    ann.expect_live()
    ann.page.evaluate("document.getElementById('tides').remove()")
    expect_states(ann, Deleted="orphaned")
    keys = ann.page.keyboard
    keys.press("Control+Alt+d")
    ann.rows.first.focus()
    keys.press("Enter")
    again = ann.panel.get_by_role("button", name="Attach again")
    again.focus()
    keys.press("Enter")
    banner = ann.page.get_by_role("region", name="Select the words this is about")
    expect(banner).to_be_visible()
    expect(ann.page.get_by_role("status").first).to_contain_text("Escape cancels.")
    # Escape leads back to where it began.
    keys.press("Escape")
    expect(banner).to_have_count(0)
    expect(ann.panel).to_contain_text("no longer on the page")
    again.focus()
    keys.press("Enter")
    # A click on other marks opens nothing meanwhile.
    ann.select("the noon bell")
    keys.press("Control+Alt+m")
    ann.expect_painted("the noon bell")
    expect(ann.card).to_contain_text("Attached to these words by Ann")
    assert ann.page.evaluate(
        "document.querySelector('crdtchat-layer').shadowRoot.activeElement.closest('.card') !== null"
    )


@pytest.fixture(scope="module")
def guarded(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> object:
    """A server with a tenant whose people are signed in."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "crdtchat.toml").write_text(f'[tenants.acme]\nsecret = "{SECRET}"\norigins = ["*"]\n')
    with running_server(folder / "data", ["--config", str(folder / "crdtchat.toml")]) as running:
        yield running


def token(user: str, role: str) -> str:
    claims = {"sub": user, "name": user.title(), "role": role, "exp": int(time.time()) + 600}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def test_who_may_attach(
    readers: OpenReader, site: Site, guarded: ServerProcess, page_id: str
) -> None:
    def window(user: str, role: str) -> Reader:
        signed = f"{{tenantId: 'acme', urlId: {page_id!r}, sso: '{token(user, role)}'}}"
        return readers(site.page(f"/{user}", guarded.url, signed, body=ARTICLE))

    ann = window("ann", "commenter")
    ann.annotate(SHIP, "Whose?")
    ann.expect_live()
    others = {name: window(name, role) for name, role in (("bob", "commenter"), ("vic", "viewer"))}
    for reader in others.values():
        reader.open(SHIP)
        expect(reader.comment("Whose?")).to_be_visible()
        expect(reader.card.get_by_role("button", name="Attach to other words")).to_have_count(0)
    mod = window("mod", "moderator")
    mod.open(SHIP)
    mod.card.get_by_role("button", name="Attach to other words").click()
    mod.select("the noon bell")
    mod.page.get_by_role("button", name="Attach here").click()
    for reader in (ann, *others.values()):
        reader.page.wait_for_function("chat.annotations[0].quote === 'the noon bell'")
        expect(reader.card).to_contain_text("Attached to these words by Mod")
    aid = ann.page.evaluate("chat.annotations[0].id")

    async def forge(user: str, signed_as: str) -> tuple[str, bool]:
        target = ("a steel pen", "", "", 0, 11)
        pass_ = token(user, "commenter" if user != "vic" else "viewer")
        async with raw_client(guarded.socket_url, page_id, tenant="acme", token=pass_) as client:
            await client.join()
            update = client.encode("t", aid, (signed_as, int(time.time() * 1000), *target))
            await client.operate(broadcast_id(1), update)
            reject = await client.until(message.Reject)
            return reject.code, reject.hard

    with ThreadPoolExecutor(1) as pool:
        refusals = [
            pool.submit(asyncio.run, forge(*who)).result()
            for who in (("bob", "bob"), ("bob", "ann"), ("vic", "vic"))
        ]
    assert refusals == [("not-author", True), ("forged-author", True), ("read-only", False)]
    ann.reply("Still there")
    others["bob"].expect_painted("the noon bell", style="active")
    for reader in (ann, mod, *others.values()):
        expect(reader.comment("Still there")).to_be_visible()
        assert reader.page.evaluate("chat.annotations[0].quote") == "the noon bell"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_state_on_a_phone_and_for_axe(
    readers: OpenReader,
    site: Site,
    server: ServerProcess,
    page_id: str,
    node_modules: Path,
    dark: bool,
) -> None:
    axe = (node_modules / "axe-core" / "axe.min.js").read_text()
    ground = (
        "<style>body{background:#14161b!important;color:#dfe3ea!important}</style>" if dark else ""
    )
    url = site.page("/log", server.url, options(page_id), body=ground + ARTICLE)
    ann = readers(url, reduced_motion="reduce")
    annotate_all(ann)
    keep_as_stored(ann, site)
    site.page("/log", server.url, options(page_id), body=ground + EDITED)
    small: ViewportSize = {"width": 390, "height": 780}
    bob = readers(url, reduced_motion="reduce", viewport=small)
    ann.page.set_viewport_size(small)
    ann.page.reload()

    def check(reader: Reader, state: str) -> None:
        reader.page.evaluate(axe)
        assert reader.page.evaluate(AXE) == [], state

    for reader, whose in ((ann, "mine"), (bob, "somebody else's")):
        expect_states(reader, Doubtful="unsure", Deleted="orphaned", Reworded="changed")
        for text in ("Reworded", "Doubtful", "Deleted"):
            row(reader, text)
            expect(reader.panel.locator(".quote")).to_be_visible()
            check(reader, f"{text}, {whose}")
    ann.panel.get_by_role("button", name="Attach again").click()
    check(ann, "words are to be selected")
    ann.select("the noon bell")
    expect(ann.page.get_by_role("button", name="Attach here")).to_be_visible()
    check(ann, "words are selected")
    ann.page.get_by_role("button", name="Cancel").click()
    expect(ann.panel).to_contain_text("no longer on the page")
    # The place of a suggestion is not behind the discussion.
    row(ann, "Doubtful")
    ann.panel.get_by_role("button", name="Show the place").click()
    expect(ann.panel).to_have_count(0)
    (suggested,) = ann.painted("suggested")
    expect(ann.page.get_by_text(DOUBTFUL)).to_be_in_viewport()
    assert suggested in DOUBTFUL


def test_another_page_of_the_application_ends_the_choosing(
    readers: OpenReader, site: Site, server: ServerProcess
) -> None:
    ann = readers(site.page("/spa/log", server.url, "{tenantId: 'demo'}", body=ARTICLE))
    ann.annotate(AWAY, "Deleted", "Ann")
    ann.expect_live()
    ann.card.get_by_role("button", name="Attach to other words").click()
    expect(ann.page.locator(".attaching")).to_be_visible()
    ann.page.evaluate("history.pushState({}, '', '/spa/other')")
    expect(ann.page.locator(".attaching")).to_have_count(0)
    expect(ann.card).to_have_count(0)
    expect(ann.panel).to_have_count(0)
