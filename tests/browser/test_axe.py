"""axe finds nothing to object to, in any state, in both themes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SECRET, OpenReader
from tests.browser.reader import Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess, running_server

AXE = """async () => {
  const result = await axe.run({exclude: []}, {resultTypes: ["violations"], rules: {region: {enabled: false}}});
  return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.flat()} ${n.failureSummary}`).join(" | ")}`);
}"""
STILL = {"reduced_motion": "reduce"}

Check = Callable[[Reader, str], None]
both_themes = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])


@pytest.fixture
def check(node_modules: Path, dark: bool) -> Check:
    """Asks axe about a window in a state."""
    axe = (node_modules / "axe-core" / "axe.min.js").read_text()

    def look(reader: Reader, state: str) -> None:
        if dark:
            reader.page.evaluate(
                """() => {
                  document.body.style.cssText = "background: #14161b; color: #dfe3ea";
                  for (const link of document.links) link.style.color = "#9db6ff";
                }"""
            )
            expect(reader.page.locator(".app.dark").first).to_be_attached()
        reader.page.evaluate(axe)
        assert reader.page.evaluate(AXE) == [], state

    return look


def page(site: Site, server: ServerProcess, page_id: str, more: str = "") -> str:
    return site.page("/axe", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}")


@both_themes
def test_while_reading_and_writing(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, check: Check
) -> None:
    url = page(site, server, page_id)
    ann, bob = readers(url, **STILL), readers(url, **STILL)
    expect(ann.bar).to_be_visible()
    check(ann, "bar")
    ann.show_panel()
    expect(ann.panel).to_contain_text("No discussions yet")
    check(ann, "empty panel")
    ann.panel.get_by_role("button", name="Close").click()
    ann.select("every ship")
    expect(ann.page.locator(".select")).to_be_visible()
    check(ann, "selection")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    check(ann, "new discussion, name asked")
    ann.page.get_by_label("Write a comment").fill("x")
    ann.page.get_by_role("button", name="Comment", exact=True).click()
    check(ann, "name missing")
    ann.write("**Hello** `code` [link](https://example.org)\n\n> quote", "Ann")
    expect(ann.comment("Hello")).to_be_visible()
    check(ann, "card")
    bob.open("every ship")
    bob.reply("Look @Ann", "Bob")
    ann.comment("Look").hover()
    ann.comment("Look").get_by_role("button", name="Add a reaction").click()
    check(ann, "reactions open")
    ann.page.get_by_role("group", name="Add a reaction").get_by_role("button").first.click()
    ann.comment("Hello").hover()
    ann.comment("Hello").get_by_role("button", name="More actions").click()
    check(ann, "menu")
    ann.page.get_by_role("menuitem", name="Delete").click()
    check(ann, "question")
    ann.page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    ann.do("Hello", "Edit")
    check(ann, "editing")
    ann.page.keyboard.press("Escape")
    ann.page.get_by_label("Write a reply").press_sequentially("@B")
    expect(ann.page.get_by_role("option")).to_be_visible()
    check(ann, "mention")
    ann.page.keyboard.press("Escape")
    bob.reply("While you write")
    expect(ann.page.get_by_role("button", name="1 new reply")).to_be_visible()
    check(ann, "a reply waits")
    ann.close()
    ann.show_panel()
    check(ann, "panel with a draft")
    ann.rows.first.click()
    check(ann, "discussion in the panel")


@both_themes
def test_when_something_is_amiss(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, check: Check
) -> None:
    bob = readers(page(site, server, page_id), **STILL)
    bob.annotate("every ship", "First", "Bob")
    bob.close()
    bob.annotate("the lamp", "Second")
    bob.expect_live()
    bob.offline()
    bob.expect_state("Offline")
    bob.reply("Unsent")
    check(bob, "offline with something unsent")
    bob.card.get_by_role("button", name="Resolve").click()
    bob.show_panel()
    bob.panel.get_by_role("button", name="Resolved").click()
    check(bob, "resolved")
    bob.page.evaluate("document.getElementById('first').remove()")
    bob.panel.get_by_role("button", name="Unplaced 1").click()
    expect(bob.rows).to_have_count(1)
    check(bob, "unplaced")
    bob.rows.first.click()
    expect(bob.panel).to_contain_text("no longer on the page")
    check(bob, "a discussion without its words")

    reader = readers(page(site, server, page_id, "readonly: true"), **STILL)
    reader.open("every ship")
    check(reader, "read only")
    reader.close()
    reader.page.mouse.move(5, 5)
    reader.select("every ship")
    box = reader.page.evaluate("getSelection().getRangeAt(0).getBoundingClientRect().toJSON()")
    reader.page.evaluate("getSelection().removeAllRanges()")
    reader.page.mouse.move(box["x"] + 20, box["y"] + 8)
    expect(reader.page.locator(".peek")).to_be_visible()
    check(reader, "first look")


@pytest.fixture(scope="module")
def guarded(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a tenant for signed users, and one for the pages of another site."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "crdtchat.toml").write_text(
        f'[tenants.acme]\nguests = false\nsecret = "{SECRET}"\norigins = ["*"]\n'
        '[tenants.closed]\norigins = ["https://elsewhere.example"]\nguests = "commenter"\n'
    )
    with running_server(folder / "data", ["--config", str(folder / "crdtchat.toml")]) as running:
        yield running


@both_themes
def test_outside_the_door(
    readers: OpenReader, site: Site, guarded: ServerProcess, page_id: str, check: Check
) -> None:
    claims = {"sub": "u", "name": "U", "role": "commenter", "exp": int(time.time()) - 60}
    old = jwt.encode(claims, SECRET, algorithm="HS256")
    options = f"{{tenantId: 'acme', urlId: {page_id!r}, sso: {old!r}}}"
    ann = readers(site.page("/old", guarded.url, options, body=TEXT), **STILL)
    ann.expected = ["the sign-in token has expired"]
    ann.expect_state("Sign in")
    check(ann, "signed out")
    bob = readers(
        site.page("/closed", guarded.url, f"{{tenantId: 'closed', urlId: {page_id!r}}}"), **STILL
    )
    bob.expected = ["the server refused the connection"]
    bob.expect_state("Not connected")
    check(bob, "refused")
