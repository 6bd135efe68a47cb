"""Several people use one browser, one after another: each gets their own words, and nobody another's (B7)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SECRET, OpenReader
from tests.browser.faults import expect_copy, expect_kept
from tests.browser.site import Site
from tests.server_process import ServerProcess, running_server


@pytest.fixture(scope="module")
def signing(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a tenant that knows its users by token and lets everybody read, and a closed one."""
    folder = tmp_path_factory.mktemp("signing")
    (folder / "crdtchat.toml").write_text(
        f'[tenants.acme]\nguests = "commenter"\nsecret = "{SECRET}"\norigins = ["*"]\n'
        f'[tenants.closed]\nsecret = "{SECRET}"\norigins = ["*"]\n'
    )
    with running_server(folder / "data", ["--config", str(folder / "crdtchat.toml")]) as running:
        yield running


def token(user: str, name: str, **more: str) -> str:
    claims = {"sub": user, "name": name, "role": "commenter", "exp": int(time.time()) + 600}
    return jwt.encode(claims | more, SECRET, algorithm="HS256")


def test_a_draft_goes_along_when_its_author_signs_in(
    readers: OpenReader, site: Site, signing: ServerProcess, page_id: str
) -> None:
    options = f"tenantId: 'acme', urlId: {page_id!r}"
    ann = readers(site.page("/before", signing.url, f"{{{options}}}"))
    ann.select("steel pen")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.type("Before I was anybody")
    ann.page.goto(site.page("/after", signing.url, f"{{{options}, sso: {token('u-1', 'Zoë')!r}}}"))
    expect(ann.page.get_by_label("Write a comment")).to_have_value("Before I was anybody")
    expect(ann.page.get_by_label("Your name")).to_have_count(0)
    ann.page.get_by_label("Write a comment").press("Control+Enter")
    expect(ann.comment("Before I was anybody")).to_contain_text("Zoë")
    ann.expect_live()


def test_what_a_guest_left_unsent_is_a_draft_of_whom_they_sign_in_as(
    readers: OpenReader, site: Site, signing: ServerProcess, page_id: str
) -> None:
    options = f"tenantId: 'acme', urlId: {page_id!r}"
    ann = readers(site.page("/guest", signing.url, f"{{{options}}}"))
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    ann.offline()
    ann.expect_state("Offline")
    ann.reply("In the tunnel")
    expect_kept(ann.page, 1)
    ann.page.goto("about:blank")
    ann.offline(False)
    ann.page.goto(site.page("/member", signing.url, f"{{{options}, sso: {token('u-1', 'Zoë')!r}}}"))
    ann.expect_live()
    expect_kept(ann.page, 0)
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_contain_text("under another sign-in")
    ann.panel.get_by_role("button", name="Continue").click()
    expect(ann.page.get_by_label("Write a reply")).to_have_value("In the tunnel")
    ann.page.get_by_label("Write a reply").press("Control+Enter")
    expect(ann.comment("In the tunnel")).to_contain_text("Zoë")
    ann.expect_live()


def test_words_of_somebody_who_signed_out_hold_nobody_up(
    readers: OpenReader, site: Site, signing: ServerProcess, page_id: str
) -> None:
    options = f"tenantId: 'acme', urlId: {page_id!r}"
    pages = {
        name: site.page(f"/{user}", signing.url, f"{{{options}, sso: {token(user, name)!r}}}")
        for user, name in (("u-zoe", "Zoë"), ("u-max", "Max"))
    }
    tab = readers(pages["Zoë"])
    tab.annotate("every ship", "First")
    tab.expect_live()
    tab.offline()
    tab.expect_state("Offline")
    tab.reply("In the tunnel")
    expect_kept(tab.page, 1)
    tab.page.goto("about:blank")
    tab.offline(False)
    # Of what Max writes all is saved, and that is told; what Zoë wrote waits for her.
    tab.page.goto(pages["Max"])
    link = tab.page.locator(".link").first
    expect(link).to_have_attribute("data-link", "live")
    expect(link).to_have_text("Live")
    expect(link).to_have_attribute("title", re.compile("1 change waits in this browser"))
    tab.annotate("steel pen", "Of my own")
    expect(link).to_have_text("Saved")
    expect(link).to_have_text("Live")
    other = readers(pages["Max"])
    other.expect_painted("every ship", "steel pen")
    other.open("every ship")
    expect(other.comments).to_have_count(1)
    tab.page.goto(pages["Zoë"])
    tab.expect_live()
    expect(other.comment("In the tunnel")).to_contain_text("Zoë")


def test_nobody_sees_what_another_user_of_the_browser_typed(
    readers: OpenReader, site: Site, signing: ServerProcess, page_id: str
) -> None:
    options = f"tenantId: 'acme', urlId: {page_id!r}"
    # One page has its token at hand, the other fetches it.
    at_hand = site.page("/typing", signing.url, f"{{{options}, sso: {token('u-zoe', 'Zoë')!r}}}")
    later = f"sso: async () => {token('u-max', 'Max')!r}"
    fetched = site.page("/typing-too", signing.url, f"{{{options}, {later}}}")
    tab = readers(at_hand)
    tab.annotate("every ship", "First")
    tab.expect_live()
    reply = tab.page.get_by_label("Write a reply")
    reply.fill("Half a thou")
    tab.close()
    tab.select("steel pen")
    tab.page.get_by_role("button", name="Comment on the selected text").click()
    tab.type("And of the pen")

    tab.page.goto(fetched)
    tab.expect_live()
    tab.open("every ship")
    expect(tab.page.locator(".composer textarea")).to_have_count(1)
    expect(reply).to_have_value("")
    reply.fill("Of my own")
    tab.close()
    tab.show_panel()
    expect(tab.panel.locator(".drafts li")).to_have_count(1)
    expect(tab.panel.locator(".drafts")).to_contain_text("Of my own")

    tab.page.goto(at_hand)
    expect(tab.page.get_by_label("Write a comment")).to_have_value("And of the pen")
    tab.page.get_by_label("Write a comment").press("Control+Enter")
    tab.expect_live()
    tab.close()
    tab.open("every ship")
    expect(reply).to_have_value("Half a thou")


def test_a_closed_page_is_not_shown_to_whom_the_server_refuses(
    readers: OpenReader, site: Site, signing: ServerProcess, page_id: str
) -> None:
    """The browser keeps a copy of it, and shows that before the server was asked."""
    options = f"tenantId: 'closed', urlId: {page_id!r}"
    zoe = site.page("/closed", signing.url, f"{{{options}, sso: {token('u-zoe', 'Zoë')!r}}}")
    elsewhere = token("u-max", "Max", pages="another page")
    refused = {
        "Sign in": site.page("/closed-nobody", signing.url, f"{{{options}}}"),
        "Not connected": site.page(
            "/closed-max", signing.url, f"{{{options}, sso: {elsewhere!r}}}"
        ),
    }
    tab = readers(zoe)
    tab.expected = ["crdtchat: the server refused the connection"]
    tab.annotate("every ship", "Among us")
    tab.expect_live()
    for told, url in refused.items():
        expect_copy(tab.page)
        tab.page.goto(url)
        tab.expect_state(told)
        tab.expect_painted()
        expect(tab.comments).to_have_count(0)
        expect_copy(tab.page, there=False)
        tab.page.goto(zoe)
        tab.expect_live()
        tab.expect_painted("every ship")
