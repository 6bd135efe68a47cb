"""What pages do to a widget in them, and what it does to them (A14)."""

from __future__ import annotations

import pytest
from playwright.sync_api import WebSocket, expect

from tests.browser.conftest import OpenReader
from tests.browser.site import TEXT, Site
from tests.browser.test_drafts import FILL
from tests.server_process import ServerProcess

TWO = (
    "<section id='one'>The first chapter, about wind.</section>"
    "<section id='two'>A letter from home speaks mostly of rain and of the neighbours' new roof.</section>"
)


def page(site: Site, server: ServerProcess, page_id: str, more: str = "") -> str:
    return site.page("/host", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}")


def two(site: Site, server: ServerProcess, page_id: str) -> str:
    """A page with two elements that share their discussions."""
    return site.add(
        "/both",
        f"""<!doctype html><title>Two</title><body>{TWO}<script src="{server.url}/crdtchat.js"></script><script>
          for (const id of ["one", "two"])
            CrdtChat(document.getElementById(id), {{tenantId: "demo", urlId: {page_id!r}}});
        </script>""",
    )


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


def test_widgets_that_share_a_page_agree(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """What is read in one is read in the other, and what is typed in one the other does not write over."""
    url = two(site, server, page_id)
    ann, bob = readers(url), readers(url)
    # A thread may be here before the text that it was made on has reached the server.
    ann.expected = bob.expected = ["404"]
    ann.annotate("about wind", "Windy", "Ann", root="#one")
    ann.close()
    ann.annotate("mostly of rain", "Rainy", root="#two")
    ann.expect_live()
    bars = bob.page.locator(".bar")
    for bar in (bars.first, bars.last):
        expect(bar).to_contain_text("2 unread")
    bob.open("about wind")
    for bar in (bars.first, bars.last):
        expect(bar).to_contain_text("1 unread")
    bob.type("Of the wind", "Bob")
    bob.close()
    bob.open("mostly of rain")
    bob.type("Of the rain", "Bob")
    bob.page.reload()
    for words, typed in [("about wind", "Of the wind"), ("mostly of rain", "Of the rain")]:
        bob.open(words)
        expect(bob.page.get_by_label("Write a reply")).to_have_value(typed)
        bob.close()


def test_a_shortcut_is_for_one_of_several(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(two(site, server, page_id))
    ann.expected = ["404"]
    ann.annotate("about wind", "Windy", "Ann", root="#one")
    ann.close()
    ann.annotate("mostly of rain", "Rainy", root="#two")
    ann.close()
    press = ann.page.keyboard.press
    press("Control+Alt+.")
    expect(ann.card).to_have_count(1)
    press("Escape")
    for _ in range(2):
        press("Control+Alt+d")
        expect(ann.panel).to_have_count(1)
        press("Control+Alt+d")
        expect(ann.panel).to_have_count(0)
    # The one that was used last.
    panels = ann.page.locator("crdtchat-layer")
    for number in (1, 0):
        ann.page.locator(("#one", "#two")[number]).click()
        press("Control+Alt+d")
        expect(panels.nth(number).locator(".panel")).to_be_visible()
        press("Control+Alt+d")
        expect(ann.panel).to_have_count(0)


def test_what_concerns_several_widgets_is_announced_once(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = two(site, server, page_id)
    ann, bob = readers(url), readers(url)
    ann.expected = bob.expected = ["404"]
    ann.annotate("about wind", "Windy", "Ann", root="#one")
    bars, said = bob.page.locator(".bar"), bob.page.locator("[role=status]")
    for bar in (bars.first, bars.last):
        expect(bar).to_contain_text("1 unread")
    expect(said.filter(has_text="Ann commented")).to_have_count(1)
    bob.offline()
    for bar in (bars.first, bars.last):
        expect(bar).to_contain_text("Offline")
    expect(said.filter(has_text="Connection lost")).to_have_count(1)


@pytest.mark.parametrize("shared", [True, False])
def test_a_link_is_followed_by_the_widget_that_it_points_at(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, shared: bool
) -> None:
    """The other one neither lists it as lost nor says that it is not here."""
    url = two(site, server, page_id) if shared else copies(site, server, page_id)
    ann = readers(url)
    ann.annotate("about wind", "Windy", "Ann", root="#one")
    ann.expect_live()
    fragment = ann.page.evaluate(
        """async () => {
          const copied = new Promise((told) => (navigator.clipboard.writeText = async (text) => told(text)));
          const {shadowRoot} = document.querySelector("crdtchat-layer");
          shadowRoot.querySelector("[aria-label='Copy link']").click();
          return new URL(await copied).hash;
        }"""
    )
    bob = readers(url + fragment)
    if shared:  # the other is asked for the page's earlier text, which may be on its way yet
        ann.expected = bob.expected = ["404"]
    expect(bob.comment("Windy")).to_be_visible()
    expect(bob.page.locator('.link[data-link="live"]')).to_have_count(2)
    bob.expect_painted("about wind", style="active")
    expect(bob.card).to_have_count(1)
    expect(bob.panel).to_have_count(0)
    # At once: it would go by itself.
    assert bob.page.locator(".notice").count() == 0


ASKS = """() => {
  const leaving = new Event("beforeunload", {cancelable: true});
  dispatchEvent(leaving);
  return leaving.defaultPrevented;
}"""


def test_one_of_several_widgets_asks_for_itself(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Words that the browser has no room for hold the page though all is well with the other widget."""
    ann = readers(two(site, server, page_id))
    ann.expect_live()
    assert not ann.page.evaluate(ASKS)
    ann.page.evaluate(FILL)
    ann.select("about wind", root="#one")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.type("At risk")
    expect(ann.page.locator(".notice")).to_contain_text("cannot keep what you write")
    assert ann.page.evaluate(ASKS)
    ann.offline()
    expect(ann.page.locator('.link[data-link="offline"]')).to_have_count(2)
    ann.offline(False)
    expect(ann.page.locator('.link[data-link="live"]')).to_have_count(2)
    assert ann.page.evaluate(ASKS)


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


def test_a_frame_that_may_not_use_the_clipboard(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    inside = page(site, server, page_id)
    ann = readers(inside)
    ann.annotate("every ship", "Copy me", "Ann")
    ann.expect_live()
    outside = site.add(
        "/outside", f'<!doctype html><iframe src="{inside}" width="1100" height="700">'
    )
    bob = readers(outside.replace("127.0.0.1", "localhost"))
    bob.expected = ["Clipboard API has been blocked"]
    frame = bob.page.frame_locator("iframe")
    frame.locator(".open-panel").click()
    frame.locator(".row").click()
    frame.get_by_role("button", name="Copy link").click()
    expect(frame.get_by_role("button", name="Link copied")).to_be_visible()


@pytest.mark.parametrize(
    "script",
    [
        '<script type="module">import "{url}"; {call}</script>',
        '<script>import("{url}").then(() => {{ {call} }})</script>',
        '<script type="module" src="{url}"></script><script type="module">{call}</script>',
        "<script async src='{url}' onload='{call}'></script>",
    ],
    ids=["imported", "imported later", "module", "async"],
)
def test_the_script_knows_where_it_came_from(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str, script: str
) -> None:
    """Which is another place than the page, and need not be said by `serverUrl`."""
    call = f'CrdtChat(document.body, {{tenantId: "demo", urlId: "{page_id}"}});'
    loaded = script.format(url=f"{server.url}/crdtchat.js", call=call)
    ann = readers(site.add("/loaded", f"<!doctype html><title>Loaded</title><body>{TWO}{loaded}"))
    ann.expect_live()


def copies(site: Site, server: ServerProcess, page_id: str) -> str:
    """A page that loads the script twice."""
    loaded = "".join(
        f"""<script src="{server.url}/crdtchat.js?{id_}"></script><script>
          chats.push(CrdtChat(document.getElementById("{id_}"), {{tenantId: "demo", urlId: {page_id!r} + "{id_}"}}));
        </script>"""
        for id_ in ("one", "two")
    )
    return site.add(
        "/copies",
        f"<!doctype html><title>Copies</title><body>{TWO}<script>var chats = [];</script>{loaded}",
    )


def test_several_copies_of_the_script_mark_each_their_own(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """A page may load it twice, and each cell of a notebook has one of its own."""
    ann = readers(copies(site, server, page_id))
    ann.annotate("about wind", "Windy", "Ann", root="#one")
    ann.expect_live()
    ann.page.reload()
    ann.expect_painted("about wind")
    ann.annotate("mostly of rain", "Rainy", root="#two")
    ann.close()
    ann.expect_painted("about wind", "mostly of rain")
    ann.page.evaluate("chats[0].destroy()")
    ann.expect_painted("mostly of rain")


def test_several_copies_of_the_script_share_their_keys(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(copies(site, server, page_id))
    ann.annotate("about wind", "Windy", "Ann", root="#one")
    ann.close()
    layers = ann.page.locator("crdtchat-layer")
    for number in (1, 0):
        ann.page.locator(("#one", "#two")[number]).click()
        ann.page.keyboard.press("Control+Alt+d")
        expect(layers.nth(number).locator(".panel")).to_be_visible()
        expect(ann.panel).to_have_count(1)
        ann.page.keyboard.press("Control+Alt+d")
        expect(ann.panel).to_have_count(0)
    # One that was taken away twice takes no other along.
    ann.page.evaluate("chats[1].destroy(); chats[1].destroy()")
    ann.page.keyboard.press("Control+Alt+d")
    expect(ann.panel).to_have_count(1)


def test_what_is_no_element_is_called_so(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Such as what `getElementById` answers before the element is there."""
    ann = readers(page(site, server, page_id))
    told = ann.page.evaluate(
        """() => {
          try {
            CrdtChat(document.getElementById("nowhere"), {tenantId: "demo"});
          } catch (error) {
            return error.message;
          }
        }"""
    )
    assert told == "crdtchat: the first argument is not an element"
    assert ann.page.locator("crdtchat-layer").count() == 1


def test_a_page_of_xhtml_is_read_as_any_other(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """There the names of elements are not written large."""
    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    ann = readers(
        site.add(
            "/xhtml",
            f"""<?xml version="1.0" encoding="utf-8"?>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en"><head><title>XHTML</title></head><body>
            <article id="text"><style>p {{ margin: 2em }}</style><h1>The lighthouse</h1>
              <p>The keeper wrote<br/>down every ship.</p><pre>one
  two</pre><script>window.read = "no text";</script><p><button>Press</button>Nobody said why.</p></article>
            <p>Notes: <input id="notes"/></p>
            <script src="{server.url}/crdtchat.js"></script>
            <script>window.chat = CrdtChat(document.getElementById("text"), {options});</script>
            </body></html>""",
            kind="application/xhtml+xml",
        )
    )
    ann.select("every ship")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    # By the keyboard alone: the name first, then the comment. (Playwright knows no labels in XHTML.)
    ann.page.keyboard.type("Ann\n*Which* ships?\n\n- all")
    ann.page.keyboard.press("Control+Enter")
    expect(ann.card.locator(".markdown li")).to_have_text("all")
    ann.close()
    ann.expect_live()
    # Also across what ends lines, and past what is no text.
    ann.page.evaluate("() => getSelection().selectAllChildren(document.getElementById('text'))")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.write("All of it")
    ann.expect_live()
    quotes = ann.page.evaluate("chat.annotations.map(({quote}) => quote)")
    assert quotes == [
        "every ship",
        "The lighthouse\nThe keeper wrote\ndown every ship.\none\n  two\nNobody said why.",
    ]
    # What is opened from the panel has the focus, and Escape is heard there.
    ann.close()
    ann.show_panel()
    ann.rows.last.click()
    expect(ann.comment("Which ships?")).to_be_visible()
    ann.page.keyboard.press("Escape")
    ann.page.keyboard.press("Escape")
    expect(ann.panel).to_have_count(0)
    # Nor are the widget's keys taken from who types in the page.
    ann.page.locator("#notes").click()
    ann.page.keyboard.press("Control+Alt+d")
    expect(ann.panel).to_have_count(0)
