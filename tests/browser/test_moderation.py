"""What moderators decide, as they and everybody else see it (B10)."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.browser.test_axe import AXE
from tests.server_process import ServerProcess


def test_hide_lock_and_report(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, node_modules: Path
) -> None:
    token = server.token("mod", "moderator")
    options = f"tenantId: 'demo', urlId: {page_id!r}"
    url = site.page("/moderated", server.url, f"{{{options}}}")
    ann, bob = readers(url), readers(url)
    mod = readers(site.page("/moderating", server.url, f"{{{options}, sso: {token!r}}}"))
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.open("every ship")
    bob.reply("Something nasty", "Bob")
    expect(ann.comment("Something nasty")).to_be_visible()

    # Whoever may comment reports; only moderators are told.
    ann.do("Something nasty", "Report")
    expect(
        ann.page.get_by_role("status").filter(has_text="Reported to the moderators.")
    ).to_have_count(1)
    expect(ann.page.locator(".notice")).to_have_text("Reported to the moderators.")
    listed = httpx.get(
        f"{server.url}/api/v1/demo/reports", headers={"Authorization": f"Bearer {token}"}
    ).json()["reports"]
    assert [one["count"] for one in listed if one["page"] == page_id] == [1]

    # Hidden for readers, marked for moderators, and back again.
    mod.open("every ship")
    mod.do("Something nasty", "Hide")
    expect(mod.comment("Something nasty")).to_contain_text("Hidden by a moderator")
    for reader in (ann, bob):
        expect(reader.page.locator(".comment.gone")).to_have_text("Hidden by a moderator")
        expect(reader.comment("Something nasty")).to_have_count(0)
    mod.do("Something nasty", "Show again")
    expect(ann.comment("Something nasty")).to_be_visible()

    # Locked: no box to reply in, for nobody but moderators.
    mod.do("First", "Lock")
    for reader in (ann, bob):
        expect(reader.page.get_by_text("Locked by a moderator")).to_be_visible()
        expect(reader.page.get_by_label("Write a reply")).to_have_count(0)
    mod.reply("Why it is locked")
    expect(ann.comment("Why it is locked")).to_be_visible()
    for reader in (ann, mod):
        reader.page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
        assert reader.page.evaluate(AXE) == []
    mod.do("First", "Unlock")
    bob.reply("Now it goes")
    expect(mod.comment("Now it goes")).to_be_visible()

    # A hidden discussion is nowhere on a reader's page.
    mod.do("First", "Hide")
    ann.expect_painted()
    mod.expect_painted("every ship")
