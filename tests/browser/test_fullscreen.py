"""While an element of the page takes the whole screen, and covers what is not in it (A1, C3)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess

FILM = '<video id="film" width="200" height="100">A film about the lighthouse.</video>'


def fill(reader: Reader, element: str) -> None:
    """Browsers let only those who press something."""
    reader.page.evaluate(
        """(element) => {
          const press = document.createElement("button");
          press.textContent = "Fill the screen";
          press.style = "position: fixed; left: 0; bottom: 0";
          press.onclick = () => { press.remove(); document.querySelector(element).requestFullscreen(); };
          (document.fullscreenElement ?? document.body).append(press);
        }""",
        element,
    )
    reader.page.get_by_role("button", name="Fill the screen").click()
    reader.page.wait_for_function(
        "(element) => document.fullscreenElement === document.querySelector(element)", arg=element
    )


def leave(reader: Reader) -> None:
    reader.page.evaluate("document.exitFullscreen()")


def test_words_that_take_the_whole_screen_are_discussed(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page(
        "/slides", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=TEXT + FILM
    )
    ann = readers(url)
    # What the text is in; the text; a part of it.
    for element, words in [
        ("main", "every ship"),
        ("#text", "asked twice"),
        ("#third", "lay open"),
    ]:
        fill(ann, element)
        ann.annotate(words, f"About {words}", "Ann" if element == "main" else "")
        ann.reply("And more")
        ann.close()
        ann.open(words)
        # From one to another, with an open card.
        if element == "main":
            fill(ann, "#first")
            ann.reply("Closer")
            leave(ann)
            ann.page.wait_for_function("document.fullscreenElement?.localName === 'main'")
            ann.reply("And back")
        leave(ann)
        ann.page.wait_for_function("document.fullscreenElement === null")
        ann.reply("On the page")
        ann.close()
        assert ann.page.evaluate("document.querySelector('crdtchat-layer').popover") is None
    ann.show_panel()
    expect(ann.rows).to_have_count(3)
    ann.page.keyboard.press("Escape")
    # A dialog that is opened there, and closed again.
    fill(ann, "#text")
    ann.page.evaluate(
        """() => {
          const dialog = Object.assign(document.createElement("dialog"), {innerHTML: "<p>The sign says more.</p>"});
          dialog.style = "width: 300px; height: 120px";
          document.getElementById("text").append(dialog);
          dialog.showModal();
        }"""
    )
    ann.annotate("says more", "Such as?")
    ann.close()
    ann.page.evaluate("document.querySelector('dialog').close()")
    ann.open("every ship")
    ann.reply("Still here")
    ann.close()
    leave(ann)
    ann.page.wait_for_function("document.fullscreenElement === null")
    ann.open("every ship")
    ann.expect_live()


def test_a_film_is_seen_alone(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page(
        "/film", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=TEXT + FILM
    )
    ann = readers(url)
    ann.annotate("every ship", "A comment", "Ann")
    box = ann.bar.bounding_box()
    assert box
    fill(ann, "#film")
    assert (
        ann.page.evaluate("([x, y]) => document.elementFromPoint(x, y).id", [box["x"], box["y"]])
        == "film"
    )
    leave(ann)
    ann.page.wait_for_function("document.fullscreenElement === null")
    ann.reply("About the film")


def test_a_component_takes_the_whole_screen(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """By an element of its shadow tree, which the document does not show."""
    ann = readers(
        site.add(
            "/component",
            f"""<!doctype html><title>A component</title><body>
            <x-slide><article id="text"><p>Whoever enters does so by the stairs.</p></article></x-slide>
            <script src="{server.url}/crdtchat.js"></script>
            <script>
              const tree = document.querySelector("x-slide").attachShadow({{mode: "open"}});
              tree.innerHTML = "<div style='background: #fff'><button>Fill</button><slot></slot></div>";
              tree.querySelector("button").onclick = () => tree.querySelector("div").requestFullscreen();
              const chat = CrdtChat(document.getElementById("text"), {{tenantId: "demo", urlId: {page_id!r}}});
            </script>""",
        )
    )
    ann.page.get_by_role("button", name="Fill").click()
    ann.page.wait_for_function("document.fullscreenElement !== null")
    ann.annotate("the stairs", "And the lift?", "Ann")
    ann.close()
    leave(ann)
    ann.page.wait_for_function("document.fullscreenElement === null")
    ann.open("the stairs")
    ann.reply("There is none")
    ann.expect_live()
