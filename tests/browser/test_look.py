"""What it looks like, and for whom: themes, languages, phones, keyboards, screen readers."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.server_process import ServerProcess

BACKGROUND = "(element) => getComputedStyle(element).backgroundColor"
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 780},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


def page(site: Site, server: ServerProcess, page_id: str, more: str = "", lang: str = "en") -> str:
    return site.page(
        "/look", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}, {more}}}", lang=lang
    )


def test_dark_mode_is_seen_and_followed(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    expect(ann.page.locator(".app.dark")).to_have_count(0)
    ann.page.evaluate("document.body.style.background = '#101214'")
    expect(ann.page.locator(".app.dark")).to_have_count(1)
    ann.page.evaluate("document.body.style.background = ''")
    expect(ann.page.locator(".app.dark")).to_have_count(0)
    told = readers(page(site, server, page_id, "hasDarkBackground: true"))
    expect(told.page.locator(".app.dark")).to_have_count(1)


def test_a_ground_is_read_in_every_notation(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """Browsers leave colours in the notation that a page wrote them in."""
    ann = readers(page(site, server, page_id))
    dark = ann.page.locator(".app.dark")
    grounds = [
        ("oklch(98.4% 0.003 247.858)", "oklch(20.8% 0.042 265.755)"),
        ("oklab(0.98 -0.001 -0.002)", "oklab(0.2 -1e-05 -0.04)"),
        ("lab(98 -0.2 none)", "lab(8 0 -5)"),
        ("lch(96% 2 250 / 0.9)", "lch(10% 8 250 / 0.9)"),
        ("color(display-p3 0.97 0.98 1)", "color(display-p3 0.05 0.06 0.08)"),
        ("hsl(220 20% 97%)", "hsl(220 20% 9%)"),
        ("rgb(255 255 255 / 0.8)", "rgb(10 12 14 / 0.8)"),
    ]
    for pair in grounds:
        for ground, wanted in zip(pair, (0, 1), strict=True):
            ann.page.evaluate(f"document.body.style.background = {ground!r}")
            expect(dark, ground).to_have_count(wanted)


def test_a_theme_is_followed_whatever_the_page_calls_it(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    ann.page.add_style_tag(content="[data-md-color-scheme=slate] { background: #111 !important }")
    dark = ann.page.locator(".app.dark")
    for scheme, wanted in (("slate", 1), ("default", 0)):
        ann.page.evaluate(f"document.body.setAttribute('data-md-color-scheme', {scheme!r})")
        expect(dark).to_have_count(wanted)


def test_it_is_not_printed(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    ann.annotate("every ship", "First", "Ann")
    ann.close()
    expect(ann.bar).to_be_visible()
    ann.page.emulate_media(media="print")
    expect(ann.bar).to_be_hidden()
    ann.expect_painted("every ship")


OVERLAP = """() => {
  const root = document.querySelector("crdtchat-layer").shadowRoot;
  const words = document.createRange();
  words.selectNodeContents(root.querySelector(".card blockquote"));
  const [quote, button] = [words, root.querySelector(".elsewhere")].map((one) => one.getBoundingClientRect());
  return quote.right > button.left && quote.bottom > button.top;
}"""


def test_a_page_that_is_read_from_the_right(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """The interface keeps the direction of its own language, and words keep theirs."""
    url = site.page(
        "/hebrew",
        server.url,
        f"{{tenantId: 'demo', urlId: {page_id!r}}}",
        body="<p>שומר המגדלור רשם כל ספינה שעברה. הוא כתב בעט פלדה.</p>",
        lang='he" dir="rtl',
    )
    ann = readers(url)
    ann.annotate("כל ספינה", "Every one? (All.)", "Ann")
    expect(ann.card).to_have_css("direction", "ltr")
    assert not ann.page.evaluate(OVERLAP), "the quote under the button beside it"
    box = ann.page.get_by_label("Write a reply")
    for text, way in (("כן, כולן.", "rtl"), ("Yes.", "ltr")):
        box.fill(text)
        expect(box).to_have_css("direction", way)


def test_everything_is_in_reach_in_the_narrowest_window(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """A window of 1280 at 400 %, in the longer language, with the longest states."""
    url = page(site, server, page_id, lang="pl")
    bob = readers(url)
    bob.select("every ship")
    bob.page.get_by_role("button", name="Skomentuj zaznaczony tekst").click()
    bob.page.get_by_label("Twoje imię").fill("Żaneta")
    bob.page.get_by_label("Napisz komentarz").fill("Tu")
    bob.page.keyboard.press("Control+Enter")
    bob.expect_live()
    ann = readers(url, viewport={"width": 320, "height": 568}, reduced_motion="reduce")
    ann.page.locator(".open-panel").click()
    ann.rows.first.click()
    box = ann.page.get_by_label("Napisz odpowiedź")
    box.click()
    ann.page.get_by_label("Twoje imię").fill("Anna")
    box.fill("Odpowiedź")
    box.press("Control+Enter")
    expect(ann.comment("Odpowiedź")).to_be_visible()
    ann.expect_live()
    ann.offline()
    ann.expect_state("Offline")
    box.fill("Druga")
    box.press("Control+Enter")
    ann.expect_state("1 niewysłana")
    buttons = ann.panel.locator(".head button")
    expect(buttons).to_have_count(5)
    for button in buttons.all():
        lies = button.bounding_box()
        assert lies and lies["x"] >= 0 and lies["x"] + lies["width"] <= 320, lies
        assert lies["width"] >= 24, "as wide as a fingertip needs"


def test_times_grow_old_on_a_quiet_page(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers("about:blank")
    ann.page.clock.install()
    ann.page.goto(page(site, server, page_id))
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    time = ann.card.locator("time")
    expect(time).to_have_text("now")
    ann.page.clock.run_for(20 * 60_000)
    expect(time).to_have_text(re.compile(r"\d\d min\. ago"))


def test_the_demo_page_follows_its_reader(readers: OpenReader, server: ServerProcess) -> None:
    """A page in both schemes: the reader's preference changes while it is open, then its own button."""
    ann = readers(server.url + "/", color_scheme="light")
    dark = ann.page.locator(".app.dark")
    expect(dark).to_have_count(0)
    ann.page.emulate_media(color_scheme="dark")
    expect(dark).to_have_count(1)
    ann.page.get_by_role("button", name="Light / dark").click()
    expect(dark).to_have_count(0)


def test_colours_and_fonts_of_the_page(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    ann.page.evaluate(
        "document.documentElement.style.setProperty('--crdtchat-background', 'rgb(1, 2, 3)')"
    )
    expect(ann.bar).to_have_css("background-color", "rgb(1, 2, 3)")
    family = ann.page.locator("article").evaluate(
        "(element) => getComputedStyle(element).fontFamily"
    )
    expect(ann.bar).to_have_css("font-family", family)


def test_polish_with_its_plurals(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = page(site, server, page_id, lang="pl")
    ann = readers(url)
    expect(ann.bar).to_contain_text("0 dyskusji")
    for number, words in enumerate(["The keeper", "steel pen", "the lamp", "harbour", "the book"]):
        ann.select(words)
        ann.page.get_by_role("button", name="Skomentuj zaznaczony tekst").click()
        if number == 0:
            ann.page.get_by_label("Twoje imię").fill("Żaneta")
        ann.page.get_by_label("Napisz komentarz").fill("Zażółć gęślą jaźń")
        ann.page.keyboard.press("Control+Enter")
        ann.card.get_by_role("button", name="Zamknij").click()
        said = ["1 dyskusja", "2 dyskusje", "3 dyskusje", "4 dyskusje", "5 dyskusji"][number]
        expect(ann.bar).to_contain_text(said)
    english = readers(page(site, server, page_id, "locale: 'en_us'", lang="pl"))
    expect(english.bar).to_contain_text("5 discussions")


def test_a_phone_gets_the_whole_screen(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id), reduced_motion="reduce", **PHONE)
    ann.select("every ship")
    ann.page.get_by_role("button", name="Comment on the selected text").tap()
    box = ann.card.bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 780}
    ann.write("From the road", "Ann")
    expect(ann.comment("From the road")).to_be_visible()
    ann.card.get_by_role("button", name="Close").tap()
    ann.bar.locator(".open-panel").tap()
    assert ann.panel.bounding_box() == box
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert ann.page.evaluate(wide), "nothing sticks out at the side"
    ann.rows.first.tap()
    expect(ann.comment("From the road")).to_be_visible()


def test_the_card_stays_inside_every_window(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    words = ["The lighthouse", "every ship", "eleven", "not his"]
    for number, one in enumerate(words):
        ann.annotate(one, "Here\n\n" + "and on and on " * 60, "Ann" if number == 0 else "")
        ann.close()
    for width, height in [
        (1600, 900),
        (1280, 720),
        (1000, 640),
        (820, 500),
        (700, 400),
        (500, 700),
        (320, 568),
    ]:
        ann.page.set_viewport_size({"width": width, "height": height})
        for one in words:
            ann.open(one)
            ann.page.wait_for_function(
                """() => {
                  const card = document.querySelector("crdtchat-layer").shadowRoot.querySelector(".card");
                  const box = card.getBoundingClientRect();
                  return box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight + 0.5;
                }"""
            )
            ann.close()


def test_everything_by_keyboard(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers(page(site, server, page_id))
    press = ann.page.keyboard.press
    ann.select("every ship")
    expect(ann.page.locator('[role="status"]').first).to_contain_text("Press Control Alt M")
    press("Control+Alt+m")
    expect(ann.page.get_by_label("Your name")).to_be_focused()
    ann.page.keyboard.type("Ann")
    press("Enter")
    ann.page.keyboard.type("By hand")
    press("Control+Enter")
    expect(ann.comment("By hand")).to_be_visible()
    press("Escape")
    expect(ann.card).to_have_count(0)
    ann.select("the lamp")
    press("Control+Alt+m")
    ann.page.keyboard.type("Second")
    press("Control+Enter")
    expect(ann.comment("Second")).to_be_visible()
    press("Control+Alt+,")
    expect(ann.comment("By hand")).to_be_visible()
    press("Control+Alt+.")
    expect(ann.comment("Second")).to_be_visible()
    press("Escape")
    press("Control+Alt+d")
    expect(ann.panel).to_be_visible()
    ann.page.get_by_label("Search discussions").focus()
    for _ in range(20):
        press("Tab")
        if focused(ann) == "row":
            break
    assert focused(ann) == "row"
    press("ArrowDown")
    press("Enter")
    expect(ann.comment("Second")).to_be_visible()
    # The menu of a comment, and the question before something is deleted.
    ann.comment("Second").get_by_role("button", name="More actions").focus()
    press("Enter")
    expect(ann.page.get_by_role("menuitem", name="Edit")).to_be_focused()
    press("ArrowDown")
    press("Enter")
    expect(ann.page.get_by_role("alertdialog").get_by_role("button", name="Cancel")).to_be_focused()
    press("Tab")
    press("Enter")
    expect(ann.rows).to_have_count(1)
    press("Escape")
    expect(ann.panel).to_have_count(0)


FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.className.split(" ")[0] ?? "";
}"""


def focused(reader: Reader) -> str:
    found: str = reader.page.evaluate(FOCUSED)
    return found
