"""While the page has a modal dialog open, which makes inert what is not in it (A1, C3)."""

from __future__ import annotations

import pytest
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


# What libraries do for a dialog of theirs: all beside it is hidden from readers, the focus is kept in it, a press
# beside it closes it, and nothing beside it scrolls.
LIBRARY = """<div id="modal" role="dialog" tabindex="-1"><p>Whoever enters the lighthouse does so by the stairs.</p>
<button id="ok">OK</button></div><script>
  const text = document.getElementById("text"), modal = document.getElementById("modal");
  document.body.append(modal);
  let last = ok;
  function show(attribute, hidden) {
    for (const one of document.body.children) if (one !== modal) one.setAttribute(attribute, hidden);
    for (const type of ["wheel", "touchmove"])
      document.addEventListener(type, (event) => modal.contains(event.target) || event.preventDefault(), {passive: false});
    document.addEventListener("focusin", ({target}) => modal.contains(target) ? (last = target) : last.focus());
    document.addEventListener("focusout", ({relatedTarget: to}) => to && !modal.contains(to) && last.focus());
    document.addEventListener("pointerdown", ({target}) => modal.contains(target) || hide());
    ok.focus();
  }
  function hide() {
    for (const name of ["inert", "aria-hidden"])
      for (const one of document.body.children) one.removeAttribute(name);
    modal.remove();
  }
</script>"""


@pytest.mark.parametrize(("attribute", "hidden"), [("inert", ""), ("aria-hidden", "true")])
def test_words_in_a_dialog_of_a_library_are_discussed(
    readers: OpenReader, site: Site, server: ServerProcess, attribute: str, hidden: str
) -> None:
    chat = "CrdtChat(modal, {tenantId: 'demo', urlId: location.href})"
    options = f"{{tenantId: 'demo'}}); window.inside = {chat}; show({attribute!r}, {hidden!r}"
    ann = readers(site.page(f"/library-{attribute}", server.url, options, body=TEXT + LIBRARY))
    layers = ann.page.locator("crdtchat-layer")
    # The page's own discussions are hidden with its words.
    expect(layers.first).to_have_attribute(attribute, hidden)
    expect(layers.last).not_to_have_attribute(attribute, hidden)
    ann.select("the stairs", root="#modal")
    ann.page.get_by_role("button", name="Comment on the selected text").click()
    ann.write("And the lift?", "Ann")
    expect(ann.comment("And the lift?")).to_be_visible()
    for number in range(12):
        ann.reply(f"Reply {number}")
    scroll = ann.card.locator(".scroll")
    scroll.hover()
    ann.page.mouse.wheel(0, -300)
    ann.page.wait_for_function(
        "(list) => list.scrollTop + list.clientHeight < list.scrollHeight - 200",
        arg=scroll.element_handle(),
    )
    ann.page.keyboard.press("Escape")
    expect(ann.card).to_have_count(0)
    expect(ann.page.locator("#modal")).to_be_visible()
    ann.page.locator("h1").dispatch_event("pointerdown")
    expect(ann.page.locator("#modal")).to_have_count(0)
    expect(layers.first).not_to_have_attribute(attribute, hidden)
    ann.expect_live()
