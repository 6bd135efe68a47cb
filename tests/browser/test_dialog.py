"""While the page has a modal dialog open, which makes inert what is not in it (A1, C3)."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import TEXT, Site
from tests.server_process import ServerProcess

# Moved into the middle, faded in, closed by a click beside it: what dialogs do.
DIALOG = """<style>
  dialog { margin: 0; left: 50%; top: 50%; transform: translate(-50%, -50%); width: 300px; height: 120px;
    overflow: auto; }
  dialog > * { border: 3px solid red; transform: scale(0.5); }
  dialog p { transform: none; }
  [popover] { padding: 40px; translate: 100px 100px; background: red; }
</style>
<dialog id="terms"><p id="words">Whoever enters the lighthouse does so by the stairs.</p></dialog>"""
SCRIPT = """() => {
  terms.addEventListener("click", ({clientX, clientY}) => {
    const {left, right, top, bottom} = terms.getBoundingClientRect();
    if (clientX < left || clientX > right || clientY < top || clientY > bottom) terms.close();
  });
  terms.showModal();
}"""


def expect_open(reader: Reader) -> None:
    assert reader.page.evaluate("terms.matches(':modal')")


def test_words_in_a_modal_dialog_are_discussed(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page(
        "/dialog", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=TEXT + DIALOG
    )
    ann = readers(url)
    ann.annotate("every ship", "On the page", "Ann")
    ann.close()
    ann.page.evaluate(SCRIPT)
    ann.annotate("the stairs", "In the dialog")
    expect_open(ann)
    # Not framed by the dialog, nor drawn as its own are.
    box = ann.card.bounding_box()
    assert box
    assert box["width"] == 368
    ann.reply("And the lift?")
    # Escape is for what is on top.
    ann.page.keyboard.press("Escape")
    expect(ann.card).to_have_count(0)
    expect_open(ann)
    ann.open("the stairs")
    ann.page.keyboard.press("Escape")
    ann.show_panel()
    ann.rows.filter(has_text="In the dialog").click()
    expect(ann.comments).to_have_count(2)
    ann.do("In the dialog", "Edit")
    ann.page.get_by_label("Edit").fill("In this dialog")
    ann.page.get_by_role("button", name="Save").click()
    expect(ann.comment("In this dialog")).to_be_visible()
    ann.page.keyboard.press("Escape")
    ann.page.keyboard.press("Escape")
    expect(ann.panel).to_have_count(0)
    expect_open(ann)
    ann.page.locator("#words").click()
    ann.page.keyboard.press("Escape")
    expect(ann.page.locator("#terms")).to_be_hidden()
    # Closed, all is as it was.
    assert ann.page.evaluate("document.querySelector('body > crdtchat-layer').popover") is None
    ann.open("every ship")
    ann.reply("On the page again")
    ann.expect_live()


def test_a_dialog_that_goes_takes_nothing_along(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page(
        "/gone", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=TEXT + DIALOG
    )
    ann = readers(url)
    ann.page.evaluate(SCRIPT)
    ann.select("the stairs")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.type("Half a thou", "Ann")
    # Drawn anew by a framework, then taken away.
    ann.page.evaluate("terms.innerHTML = '<p id=words>By the stairs, says the sign.</p>'")
    ann.type("Half a thought")
    ann.page.evaluate("terms.remove()")
    expect(ann.page.locator("body > crdtchat-layer")).to_have_count(1)
    ann.write("A thought")
    expect(ann.comment("A thought")).to_be_visible()
    ann.expect_live()
    # Of two dialogs the one that is for the discussed text; one beside it is none of the widget's business.
    ann.page.evaluate(
        """() => {
          document.body.insertAdjacentHTML("beforeend", "<dialog id=other><button>Yes</button></dialog>");
          other.showModal();
        }"""
    )
    assert ann.page.evaluate("other.children.length") == 1


def test_what_is_discussed_may_be_in_the_dialog(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Also where that is drawn in a component's shadow tree."""
    ann = readers(
        site.add(
            "/component",
            f"""<!doctype html><title>A component</title><body>
            <x-modal><article id="text"><p>Whoever enters does so by the stairs.</p></article></x-modal>
            <script src="{server.url}/crdtchat.js"></script>
            <script>
              const modal = document.querySelector("x-modal");
              modal.attachShadow({{mode: "open"}}).innerHTML = "<dialog><slot></slot></dialog>";
              const chat = CrdtChat(document.getElementById("text"), {{tenantId: "demo", urlId: {page_id!r}}});
              modal.shadowRoot.querySelector("dialog").showModal();
            </script>""",
        )
    )
    ann.annotate("the stairs", "And the lift?", "Ann")
    ann.comment("And the lift?").click()
    ann.reply("There is none")
    ann.close()
    ann.open("the stairs")
    ann.expect_live()


# A dialog that is none to the browser, and keeps the focus in it: as Bootstrap's modals do.
TRAP = """<div id="modal" role="dialog" aria-modal="true" tabindex="-1"><p>Nobody has ever read the sign.</p>
<button id="ok">OK</button></div><script>
  document.addEventListener("focusin", ({target}) => {
    if (target !== document && !modal.contains(target)) ok.focus();
  });
  ok.focus();
</script>"""


def test_writing_where_the_page_keeps_the_focus_in_a_dialog_of_its_own(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page(
        "/trap", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}", body=TEXT + TRAP
    )
    ann = readers(url)
    ann.select("read the sign", root="#modal")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    expect(ann.page.get_by_label("Your name")).to_be_focused()
    ann.page.keyboard.type("Ann\nWhich one?")
    ann.page.keyboard.press("Control+Enter")
    expect(ann.comment("Which one?")).to_be_visible()
    ann.page.keyboard.press("Escape")
    expect(ann.card).to_have_count(0)
    expect(ann.page.locator("#ok")).to_be_focused()
    ann.expect_live()
