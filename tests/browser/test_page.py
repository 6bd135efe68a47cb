"""How the widget lives in a page that is not its own (A14, C1-C3, B8)."""

from __future__ import annotations

import time
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SECRET, OpenReader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess, running_server


def test_several_containers_and_the_same_page_id_twice(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    body = "<section id='one'>The first chapter, about wind.</section><section id='two'>The second chapter, about rain.</section>"
    html = f"""<!doctype html><title>Two</title><body>{body}<script src="{server.url}/crdtchat.js"></script><script>
      for (const id of ["one", "two"])
        CrdtChat(document.getElementById(id), {{tenantId: "demo", urlId: {page_id!r} + id}});
    </script>"""
    url = site.add("/two", html)
    ann, bob = (
        readers(url),
        readers(site.add("/copy", html.replace("<title>", "<p>Elsewhere.</p><title>"))),
    )
    ann.annotate("about wind", "Windy", "Ann", root="#one")
    ann.close()
    ann.annotate("about rain", "Rainy", root="#two")
    bob.expect_painted("about wind", "about rain")
    assert bob.page.locator("crdtchat-layer").count() == 2
    bars = bob.page.locator(".bar")
    expect(bars).to_have_count(2)
    boxes = [bars.nth(i).bounding_box() for i in range(2)]
    assert boxes[0] and boxes[1] and boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"], (
        "one below the other"
    )


def test_the_page_is_left_as_it_was(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/clean", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")
    ann = readers(url)
    article = ann.page.locator("article").evaluate("(element) => element.outerHTML")
    ann.annotate("every ship", "Mark", "Ann")
    ann.expect_live()
    ann.expect_painted("every ship")
    assert ann.page.locator("article").evaluate("(element) => element.outerHTML") == article
    ann.page.evaluate("chat.destroy()")
    assert ann.page.locator("article").evaluate("(element) => element.outerHTML") == article
    left = "document.querySelectorAll('crdtchat-layer, crdtchat-bar').length + CSS.highlights.size"
    assert ann.page.evaluate(f"{left} + document.adoptedStyleSheets.length") == 0
    ann.page.evaluate("window.chat = CrdtChat(document.getElementById('text'), {tenantId: 'demo'})")
    expect(ann.bar).to_be_visible()


def test_content_that_comes_late_and_changes(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    ann = readers(site.page("/early", server.url, options))
    ann.annotate("every ship", "Late?", "Ann")
    ann.expect_live()
    late = readers(site.page("/late", server.url, options, body=""))
    expect(late.bar).to_contain_text("1 discussion")
    late.expect_painted()
    late.page.evaluate("(html) => { document.getElementById('text').innerHTML = html; }", TEXT)
    late.expect_painted("every ship")
    # A framework renders the same words anew, into other nodes.
    late.page.evaluate("(html) => { document.getElementById('text').innerHTML = html; }", TEXT)
    late.expect_painted("every ship")
    moved = "<p>A new beginning was put before it all.</p>" + TEXT
    late.page.evaluate("(html) => { document.getElementById('text').innerHTML = html; }", moved)
    late.expect_painted("every ship")
    assert late.page.evaluate("chat.annotations[0].anchor") == "moved"
    # The words go, and come back.
    late.page.evaluate("document.getElementById('first').remove()")
    late.expect_painted()
    late.show_panel()
    late.panel.get_by_role("button", name="Unplaced 1").click()
    expect(late.rows).to_contain_text("every ship")
    late.rows.first.click()
    expect(late.panel).to_contain_text("no longer on the page")
    late.page.evaluate("(html) => { document.getElementById('text').innerHTML = html; }", TEXT)
    late.page.wait_for_function("chat.annotations[0].anchor === 'exact'")
    late.expect_painted("every ship", style="active")


def test_a_single_page_application_changes_its_page(
    readers: OpenReader, site: Site, server: ServerProcess
) -> None:
    url = site.page("/spa/one", server.url, "{tenantId: 'demo'}")
    ann = readers(url)
    ann.annotate("every ship", "On page one", "Ann")
    ann.expect_live()
    ann.page.evaluate(
        "history.pushState({}, '', '/spa/two'); document.getElementById('first').textContent = 'Another page.'"
    )
    expect(ann.bar).to_contain_text("0 discussions")
    expect(ann.card).to_have_count(0)
    ann.annotate("the lamp", "On page two")
    ann.expect_live()
    ann.page.evaluate(
        "(html) => { history.back(); document.getElementById('text').innerHTML = html; }", TEXT
    )
    ann.expect_painted("every ship")
    expect(ann.bar).to_contain_text("1 discussion")


def test_a_link_opens_the_page_at_an_annotation(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    filler = "".join(f"<p>Line {n} of a long page that says little.</p>" for n in range(200))
    url = site.page(
        "/link", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=filler + TEXT
    )
    ann = readers(url, permissions=["clipboard-read", "clipboard-write"])
    ann.annotate("every ship", "Here it is", "Ann")
    ann.expect_live()
    ann.card.get_by_role("button", name="Copy link").click()
    expect(ann.card.get_by_role("button", name="Link copied")).to_be_visible()
    link = ann.page.evaluate("navigator.clipboard.readText()")
    assert "#crdtchat=" in link
    bob = readers(link)
    expect(bob.comment("Here it is")).to_be_visible()
    bob.expect_painted("every ship", style="active")
    expect(bob.page.get_by_text("steel pen")).to_be_in_viewport()


def test_a_link_to_what_was_removed_says_so(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Nothing happened: whoever was sent the link looked for it on the page in vain."""
    url = site.page("/gone", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=TEXT)
    ann = readers(url)
    ann.annotate("steel pen", "This stays", "Ann")
    there = ann.page.evaluate("chat.annotations[0].id")
    ann.close()
    ann.annotate("every ship", "This goes")
    ann.expect_live()
    gone = ann.page.evaluate("chat.annotations[1].id")
    ann.do("This goes", "Delete")
    ann.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(ann.bar).to_contain_text("1 discussion")
    ann.expect_live()
    bob = readers(f"{url}#crdtchat={gone}")
    notice = bob.page.locator(".notice")
    expect(notice).to_contain_text("The discussion of this link is not here.")
    # From there a link leads on as ever.
    bob.page.evaluate("(aid) => { location.hash = `crdtchat=${aid}`; }", there)
    expect(bob.comment("This stays")).to_be_visible()
    again = readers(f"{url}#crdtchat={there}")
    expect(again.comment("This stays")).to_be_visible()
    expect(again.page.locator(".notice")).to_have_count(0)


ROUTED = """<!doctype html><title>An application</title><body><article id="text"></article>
<script src="{server}/crdtchat.js"></script>
<script>
  let chat;
  function draw() {{
    const [route] = location.hash.slice(1).split("?");
    const text = {{"/": "Start here.", "/ships": "The keeper wrote down every ship."}}[route] ?? "Not found";
    document.getElementById("text").innerHTML = `<p>${{text}}</p>`;
    chat?.destroy();
    chat = CrdtChat(document.getElementById("text"), {{tenantId: "demo", urlId: {page!r} + route}});
  }}
  addEventListener("hashchange", draw);
  draw();
</script>"""


def test_a_link_keeps_the_route_of_an_application(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.add("/routed", ROUTED.format(server=server.url, page=page_id))
    ann = readers(f"{url}#/", permissions=["clipboard-read", "clipboard-write"])
    ann.page.evaluate("location.hash = '#/ships'")
    ann.annotate("every ship", "Here it is", "Ann")
    ann.expect_live()
    ann.card.get_by_role("button", name="Copy link").click()
    expect(ann.card.get_by_role("button", name="Link copied")).to_be_visible()
    bob = readers(ann.page.evaluate("navigator.clipboard.readText()"))
    expect(bob.comment("Here it is")).to_be_visible()
    bob.expect_painted("every ship", style="active")


STRICT = (
    "default-src 'none'; script-src {server} 'nonce-page'; connect-src {server} {socket}; style-src 'nonce-page'; "
    "img-src 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def test_a_strict_content_security_policy(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    policy = STRICT.format(server=server.url, socket=server.socket_url)
    html = f"""<!doctype html><title>Strict</title><article>{TEXT}</article>
      <script src="{server.url}/crdtchat.js"></script>
      <script nonce="page">CrdtChat(document.querySelector("article"), {{tenantId: "demo", urlId: {page_id!r}}})</script>"""
    url = site.add("/strict", html, headers={"Content-Security-Policy": policy})
    ann = readers(url)
    ann.select("every ship")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.write("**Bold** and [a link](https://example.org)", "Ann")
    expect(ann.page.locator(".markdown strong")).to_have_text("Bold")
    ann.expect_live()
    ann.show_panel()
    expect(ann.rows).to_have_count(1)
    # The browser reports violations on the console, which fails the test at its end.


@pytest.fixture(scope="module")
def guarded(bundle: Path, site: Site, tmp_path_factory: pytest.TempPathFactory) -> object:
    """A server with a tenant of its own, for one foreign origin."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "crdtchat.toml").write_text(
        f'[tenants.acme]\nguests = "commenter"\nsecret = "{SECRET}"\norigins = ["{site.origin}"]\n'
        '[tenants.closed]\norigins = ["https://elsewhere.example"]\nguests = "commenter"\n'
    )
    with running_server(folder / "data", ["--config", str(folder / "crdtchat.toml")]) as running:
        yield running


def test_origins_on_the_list_and_not(
    readers: OpenReader, site: Site, guarded: ServerProcess, page_id: str
) -> None:
    ann = readers(site.page("/acme", guarded.url, f"{{tenantId: 'acme', urlId: {page_id!r}}}"))
    ann.annotate("every ship", "Welcome", "Ann")
    ann.expect_live()
    bob = readers(site.page("/closed", guarded.url, f"{{tenantId: 'closed', urlId: {page_id!r}}}"))
    bob.expected = [
        "crdtchat: the server refused the connection: pages of http://127.0.0.1:.* may not embed"
    ]
    bob.expect_state("Not connected")
    assert any("may not embed this tenant" in text for text in bob._complaints)


def test_a_signed_user_and_one_whose_token_ran_out(
    readers: OpenReader, site: Site, guarded: ServerProcess, page_id: str
) -> None:
    def token(seconds: int) -> str:
        claims = {
            "sub": "u-7",
            "name": "Zoë Signed",
            "role": "moderator",
            "exp": int(time.time()) + seconds,
        }
        return jwt.encode(claims, SECRET, algorithm="HS256")

    options = f"tenantId: 'acme', urlId: {page_id!r}"
    ann = readers(site.page("/acme", guarded.url, f"{{{options}}}"))
    ann.annotate("every ship", "By a guest", "Ann")
    ann.expect_live()
    zoe = readers(site.page("/signed", guarded.url, f"{{{options}, sso: '{token(600)}'}}"))
    zoe.open("every ship")
    expect(zoe.page.get_by_label("Your name")).to_have_count(0)
    zoe.reply("By a moderator")
    expect(zoe.comment("By a moderator")).to_contain_text("Zoë Signed")
    zoe.do("By a guest", "Delete")
    zoe.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(ann.page.locator(".comment.gone")).to_have_text("Deleted comment")
    expect(ann.comments).to_have_count(2)

    old = readers(site.page("/old", guarded.url, f"{{{options}, sso: '{token(-60)}'}}"))
    old.expected = ["crdtchat: the server refused the connection: the sign-in token has expired"]
    old.expect_state("Sign in")
    assert any("has expired" in text for text in old._complaints)
    renewed = f"sso: () => window.asked ? '{token(600)}' : (window.asked = true, '{token(-60)}')"
    fresh = readers(site.page("/fresh", guarded.url, f"{{{options}, {renewed}}}"))
    fresh.expect_live()


def test_a_page_of_the_hosted_service(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Its snippet, with another script address and tenant."""
    html = f"""<!doctype html><title>Hosted</title><div id="content">{TEXT}</div>
      <script src="{server.url}/crdtchat.js"></script>
      <script>
        FastCommentsCollabChat(document.getElementById("content"), {{
          tenantId: "demo",
          urlId: {page_id!r},
          topBarTarget: undefined,
          hasDarkBackground: false,
          commentCountUpdated: function (count) {{ window.commentCount = count; }}
        }});
      </script>"""
    ann = readers(site.add("/hosted", html))
    ann.annotate("every ship", "Moved in", "Ann", root="#content")
    ann.page.wait_for_function("window.commentCount === 1")


INSECURE = """
  for (const [owner, name] of [
    [Navigator, "clipboard"], [Navigator, "locks"], [Crypto, "subtle"], [Crypto, "randomUUID"],
  ]) delete owner.prototype[name];
"""


def test_a_page_that_is_not_served_securely(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Browsers take a few things away from such pages; everything is done without them."""
    url = site.page("/insecure", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")
    ann, bob = readers("about:blank"), readers(url)
    ann.page.add_init_script(INSECURE)
    ann.page.goto(url)
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    bob.open("every ship")
    expect(bob.comment("First")).to_be_visible()
    ann.card.get_by_role("button", name="Copy link").click()
    expect(ann.card.get_by_role("button", name="Link copied")).to_be_focused()
    ann.page.get_by_label("Write a reply").press("Control+v")
    aid = ann.page.evaluate("chat.annotations[0].id")
    expect(ann.page.get_by_label("Write a reply")).to_have_value(f"{url}#crdtchat={aid}")
    assert ann.page.locator("body > textarea").count() == 0


def test_read_only(readers: OpenReader, site: Site, server: ServerProcess, page_id: str) -> None:
    options = f"tenantId: 'demo', urlId: {page_id!r}"
    ann = readers(site.page("/rw", server.url, f"{{{options}}}"))
    ann.annotate("every ship", "Read me", "Ann")
    ann.expect_live()
    bob = readers(site.page("/ro", server.url, f"{{{options}, readonly: true}}"))
    bob.open("every ship")
    expect(bob.comment("Read me")).to_be_visible()
    expect(bob.page.locator("textarea")).to_have_count(0)
    bob.select("steel pen")
    expect(bob.page.locator(".select")).to_have_count(0)


def test_the_demo_page(readers: OpenReader, server: ServerProcess) -> None:
    ann, bob = readers(server.url + "/"), readers(server.url + "/")
    ann.expect_people(2)
    ann.annotate("every sentence here can be", "Even this one.", "Ann")
    bob.expect_painted("every sentence here can be")
