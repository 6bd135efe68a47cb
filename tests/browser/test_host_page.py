"""What pages do to a widget in them, and what it does to them (A14)."""

from __future__ import annotations

from playwright.sync_api import WebSocket, expect

from tests.browser.conftest import OpenReader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess


def page(site: Site, server: ServerProcess, page_id: str, more: str = "") -> str:
    return site.page("/host", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}")


def test_a_callback_that_throws_stops_nothing(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    throws = "commentCountUpdated: (count) => { throw new Error(`the host's own ${count}`); }"
    ann, bob = (
        readers(page(site, server, page_id, throws)),
        readers(site.page("/sane", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")),
    )
    ann.expected = ["the host's own"]
    ann.expect_live()
    again: list[WebSocket] = []
    ann.page.on("websocket", lambda socket: again.append(socket))
    bob.annotate("every ship", "First", "Bob")
    ann.expect_painted("every ship")
    ann.annotate("steel pen", "Second", "Ann")
    ann.expect_live()
    bob.reply("Third")
    ann.page.wait_for_function("chat.annotations[0].comments.length === 2")
    assert any("the host's own 3" in text for text in ann._complaints)
    assert len(again) == 1, "when she chose a name, and not for the host's mistakes"


FRAME = """<!doctype html><title>Framed</title><style>
  * {{ margin: 0 }}
  body {{ display: flex; flex-direction: column; justify-content: space-between; gap: 20px; height: 100vh }}
  body > * {{ position: relative; z-index: 1 }}
  * {{ letter-spacing: 4px; text-transform: uppercase }}
  header {{ position: fixed; z-index: 10; width: 100%; height: 80px; background: #dde }}
</style><body><header>A head</header><nav>Elsewhere</nav><main id="text">{text}</main><footer>A foot</footer>
<script src="{server}/crdtchat.js"></script>"""
PLACES = (
    "() => [...document.body.children].slice(0, 4).map((one) => one.getBoundingClientRect().top)"
)
MAKE = "(page) => { window.chat = CrdtChat(document.getElementById('text'), {tenantId: 'demo', urlId: page}); }"


def test_what_a_page_says_of_all_its_elements(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """The page's layout has no place for the widget, and the page's styles do not reach into it."""
    ann = readers(site.add("/frame", FRAME.format(text=TEXT, server=server.url)))
    before = ann.page.evaluate(PLACES)
    ann.page.evaluate(MAKE, page_id)
    expect(ann.bar).to_be_visible()
    assert ann.page.evaluate(PLACES) == before
    expect(ann.bar).to_have_css("letter-spacing", "normal")
    expect(ann.bar).to_have_css("text-transform", "none")
    # What the page lies over it with is below it.
    ann.show_panel()
    ann.panel.get_by_role("button", name="Close").click()
    expect(ann.panel).to_have_count(0)


def test_an_open_panel_follows_to_another_page(
    readers: OpenReader, site: Site, server: ServerProcess
) -> None:
    """Of a single-page application: what is there is no news to be held back."""
    one = site.page("/follow/one", server.url, "{tenantId: 'demo'}")
    ann = readers(one)
    ann.annotate("every ship", "On page one", "Ann")
    ann.expect_live()
    bob = readers(site.page("/follow/two", server.url, "{tenantId: 'demo'}"))
    bob.annotate("steel pen", "On page two", "Bob")
    bob.expect_live()
    ann.close()
    ann.show_panel()
    expect(ann.rows).to_contain_text(["On page one"])
    ann.page.evaluate("history.pushState({}, '', '/follow/two')")
    expect(ann.rows).to_have_count(1)
    expect(ann.rows).to_contain_text(["On page two"])
    expect(ann.panel.locator(".news")).to_have_count(0)
