"""What is stored about annotations while their page changes: renewed where the words were found for sure,
and beside it the page's text, once, asked for only in doubt (C1)."""

from __future__ import annotations

from playwright.sync_api import Request, Route, expect

from tests.browser.articles import ARTICLE, LAMP, REWORDED
from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.server_process import ServerProcess

DARK, NOW_DARK = (
    "the lamp went dark for eleven minutes",
    "the lamp was dark for twelve long minutes",
)
ROW = "<p>The lamp was lit, the glass was clean, and nothing was seen.</p>"
ROWS = f"<h1>The log of one winter</h1>{ROW * 30}<p>The end of the log</p>"
MORE_ROWS = ROWS.replace(ROW, f"<p>A line about the weather was put in here.</p>{ROW}", 1)
SELECT_ROW = """
(number) => {
  const [node] = document.querySelectorAll("article p")[number].childNodes;
  node.parentElement.scrollIntoView({block: "center"});
  const at = node.data.indexOf("nothing was seen");
  getSelection().setBaseAndExtent(node, at, node, at + "nothing was seen".length);
}
"""
REWORD = "([words]) => { document.getElementById('lamp').textContent = words; }"


def options(page_id: str) -> str:
    return f"{{tenantId: 'demo', urlId: {page_id!r}}}"


def requests(reader: Reader) -> list[str]:
    """What the window asks about page versions from now on."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/versions/" in request.url:
            asked.append(request.method)

    reader.page.on("request", note)
    return asked


def updates(reader: Reader) -> int:
    return sum(item["kind"] == "updated-text-chat" for item in reader.news())


def test_sure_words_are_stored_anew_by_one_tab_of_their_author(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/log", server.url, options(page_id), body=ARTICLE)
    ann, bob = readers(url), readers(url)
    ann.annotate(DARK, "Reworded", "Ann")
    ann.close()
    ann.expect_live()
    twin = readers(url, beside=ann)
    bob.select("the noon bell")
    bob.page.get_by_role("button", name="Comment on the selected text").click()
    bob.write("Mine", "Bob")
    bob.expect_live()
    for reader in (ann, twin, bob):
        reader.expect_painted("the noon bell", DARK)
        reader.page.evaluate(REWORD, [REWORDED])
    for reader in (ann, twin, bob):
        reader.page.wait_for_function(
            "(words) => chat.annotations.some((a) => a.quote === words && a.anchor === 'exact')",
            arg=NOW_DARK,
        )
    assert bob.page.evaluate("chat.annotations.map((a) => [a.quote, a.original])") == [
        [NOW_DARK, DARK],
        ["the noon bell", "the noon bell"],
    ]
    # Both tabs of Ann saw the edit at once; one of them wrote. Whatever else was written came before the reply.
    ann.open(NOW_DARK)
    ann.reply("The last word")
    bob.page.wait_for_function("chat.annotations[0].comments.length === 2")
    assert updates(bob) == 2
    # Who made it still sees what it was made on, and nobody is said to have attached it.
    expect(ann.card).to_contain_text("The words have changed since this was written.")
    expect(ann.card.locator("del")).to_have_text(["went", "eleven"])


def test_the_old_text_is_stored_once_and_asked_for_only_in_doubt(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/rows", server.url, options(page_id), body=ROWS)
    ann = readers(url)
    asked = requests(ann)
    for number, text in ((12, "The twelfth"), (21, "Another")):
        ann.page.evaluate(SELECT_ROW, number)
        ann.page.get_by_role("button", name="Comment on the selected text").click()
        ann.write(text, "" if asked else "Ann")
        expect(ann.comment(text)).to_be_visible()
        ann.close()
        ann.expect_live()
    bob = readers("about:blank")
    unchanged = requests(bob)
    bob.page.goto(url)
    bob.expect_painted("nothing was seen", "nothing was seen")
    assert (asked, unchanged) == (["PUT"], [])
    # Thirty rows alike: without the old text nobody could tell which of them is meant.
    site.page("/rows", server.url, options(page_id), body=MORE_ROWS)
    bob.page.reload()
    bob.expect_painted("nothing was seen", "nothing was seen")
    rows = bob.page.evaluate(
        """[...CSS.highlights].find(([name]) => name.endsWith("-open"))[1].size &&
          [...[...CSS.highlights].find(([name]) => name.endsWith("-open"))[1]].map((range) =>
            [...document.querySelectorAll("article p")].indexOf(range.startContainer.parentElement))"""
    )
    assert (rows, unchanged) == ([13, 22], ["GET"])
    # It is kept here: another look asks nobody.
    bob.page.reload()
    bob.expect_painted("nothing was seen", "nothing was seen")
    assert unchanged == ["GET"]


def test_an_annotation_stands_though_its_page_version_cannot_be_stored(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    url = site.page("/log", server.url, options(page_id), body=ARTICLE)
    ann = readers(url)
    ann.expected = ["Failed to load resource"]
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.method)
        route.abort()

    ann.page.route("**/versions/**", refuse)
    with ann.page.expect_event("requestfailed"):
        ann.annotate(DARK, "It stands", "Ann")
    ann.expect_live()
    assert refused == ["PUT"]
    bob = readers(url)
    bob.expect_painted(DARK)
    # The next visit pays what is owed.
    ann.page.unroute("**/versions/**")
    with ann.page.expect_response(lambda answer: "/versions/" in answer.url) as answer:
        ann.page.reload()
    assert (answer.value.request.method, answer.value.status) == ("PUT", 201)
    # Whoever comes after the page was edited finds it by that text.
    site.page("/log", server.url, options(page_id), body=ARTICLE.replace(LAMP, REWORDED))
    with bob.page.expect_response(lambda answer: "/versions/" in answer.url) as answer:
        bob.page.reload()
    assert (answer.value.request.method, answer.value.status) == ("GET", 200)
    bob.expect_painted(NOW_DARK)


MANUAL = """<p>Die Anleitung nennt nur einen Befehl, und zwar <code id="command">pip install lighthouse</code>,
der auf jedem Rechner des Hauses einmal ausgeführt werden muss.</p>"""

# What browsers do that translate a page: other words in elements of their own, and another language.
TRANSLATE = """() => {
  document.documentElement.lang = "en";
  const [before, , after] = document.querySelector("article p").childNodes;
  for (const [text, words] of [
    [before, "The manual mentions a single command only, namely "],
    [after, ", which has to be run once on every computer of the house."],
  ]) {
    const font = document.createElement("font");
    text.replaceWith(font);
    font.append(Object.assign(document.createElement("font"), {textContent: words}));
  }
}"""


def test_a_translation_is_nobodys_edit(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    """What the browser makes of the page for one reader is not stored for all."""
    url = site.page("/manual", server.url, options(page_id), body=MANUAL, lang="de")
    ann, bob = readers("about:blank"), readers(url)
    ann.page.clock.install()
    ann.page.goto(url)
    ann.select("pip install lighthouse")
    ann.page.locator(".select").click()
    ann.page.locator(".composer input").fill("Ann")
    ann.page.locator(".composer textarea").fill("Which version?")
    ann.page.keyboard.press("Control+Enter")
    ann.expect_live()
    bob.page.wait_for_function("chat.annotations.length === 1")
    ann.page.clock.run_for(60_000)
    ann.page.evaluate(TRANSLATE)
    ann.page.clock.run_for(1_000)
    ann.page.wait_for_function("chat.annotations[0].anchor === 'moved'")
    ann.page.clock.run_for(10_000)
    ann.page.locator(".composer textarea").fill("The last word")
    ann.page.keyboard.press("Control+Enter")
    bob.page.wait_for_function("chat.annotations[0].comments.length === 2")
    assert updates(bob) == 1
