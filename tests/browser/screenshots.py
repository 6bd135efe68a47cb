"""The pictures of the manual, taken anew: `python -m tests.browser.screenshots [--all DIR]`.

Without an argument it renews the pictures that README.md and docs/widget.md show, in docs/images.
`--all DIR` writes every scene, in every window and theme, for looking at one's own work.
"""

from __future__ import annotations

import argparse
import base64
import html
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

import crdtchat
from crdtchat.client import page as client_page
from crdtchat.client.blocking import BlockingPage
from crdtchat.client.line import now_ms
from tests.browser.conftest import FLAGS, WIDGET, chromium
from tests.browser.reader import Reader
from tests.server_process import ServerProcess, running_server

IMAGES = Path(__file__).parents[2] / "docs" / "images"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 780},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
WINDOWS = {"desktop": DESKTOP, "phone": PHONE}
KEPT = {
    "thread-desktop-light": "thread",
    "panel-desktop-dark": "panel-dark",
    "compose-desktop-light": "compose",
    "offline-desktop-light": "offline",
    "orphaned-desktop-light": "orphaned",
    "reading-phone-light": "phone-reading",
    "thread-phone-dark": "phone-thread-dark",
    "panel-phone-light": "phone-panel",
}
"""Scene to the name of its picture in docs/images."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

WORDS = {
    "price": "The usual price of writing offline is trust",
    "train": "That is why the train tunnel does not matter",
    "place": "the third paragraph, the hundred and twentieth character",
    "calm": "Live software tends to twitch",
    "wrong": "What it never does is point at the wrong words",
    "lines": "The server is one command",
}
GONE = "Every comment has a number, and every number has a page"


@contextmanager
def written(age: int) -> Iterator[None]:
    """What is written meanwhile is `age` milliseconds old."""
    client_page.now_ms = lambda: now_ms() - age  # type: ignore[attr-defined]
    try:
        yield
    finally:
        client_page.now_ms = now_ms  # type: ignore[attr-defined]


def text_of_the_demo() -> str:
    """The article as the widget reads it, closely enough for a quote's surroundings."""
    source = (WIDGET / "demo" / "index.html").read_text()
    article = source[source.index("<article") : source.index("</article>")]
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", article)).split())


class Company:
    """The people who have been on the page before, and are on it still."""

    def __init__(self, server: ServerProcess, page: str, stack: ExitStack) -> None:
        self._server, self._page, self._stack = server, page, stack
        self.maya = self._come("Maya Okafor")
        self.piotr = self._come("Piotr Zieliński")
        self.lena = self._come("Lena Fischer")
        self.price = ""
        self._text = text_of_the_demo()

    def _come(self, name: str) -> BlockingPage:
        page = crdtchat.connect_blocking(self._server.url, page=self._page, name=name)
        return self._stack.enter_context(page)

    def _annotate(self, page: BlockingPage, words: str, text: str) -> str:
        start = self._text.find(words)
        if start < 0:
            return page.annotate(words, text, prefix="as we said before. ", suffix=". But then")
        end = start + len(words)
        around = {
            "prefix": self._text[max(0, start - 128) : start],
            "suffix": self._text[end : end + 128],
        }
        return page.annotate(words, text, start=start, **around)

    def talk(self) -> None:
        """A discussion of some days."""
        maya, piotr, lena = self.maya, self.piotr, self.lena
        with written(3 * DAY):
            resolved = self._annotate(lena, WORDS["lines"], "One command, and which port?")
            piotr.wait_for(lambda page: page.annotation(resolved) is not None)
        with written(3 * DAY - HOUR):
            piotr.reply(resolved, "8000, unless you say `--port`.")
            piotr.resolve(resolved)
        with written(2 * DAY):
            place = self._annotate(
                piotr,
                WORDS["place"],
                "Could we say *character offset* here? That is what people search for.",
            )
            self._annotate(lena, GONE, "Is this still true of version 2?")
        with written(26 * HOUR):
            self.price = self._annotate(
                maya,
                WORDS["price"],
                "This is the sentence I would put at the top. It says in one line why the server "
                "checks **every** change and not only who is connected.",
            )
            lena.wait_for(lambda page: page.annotation(self.price) is not None)
        opening = lena.annotation(self.price)
        assert opening is not None and maya.me is not None
        with written(5 * HOUR):
            lena.reply(
                self.price,
                f"Agreed, [@Maya Okafor](mention:{maya.me.id}). Shall I move it?\n\n"
                "- up into the lead\n- or into a heading of its own",
            )
            lena.react(self.price, opening.comments[0].cid, "👍")
            piotr.wait_for(lambda page: page.annotation(self.price) is not None)
            piotr.react(self.price, opening.comments[0].cid, "👍")
            piotr.react(self.price, opening.comments[0].cid, "🎉")
            self._annotate(lena, WORDS["calm"], "“Twitch” is the right word. Keep it.")
        with written(40 * MINUTE):
            self._annotate(
                piotr,
                WORDS["train"],
                "I tried it: two hours on a train, and all of it was there at home.",
            )
            maya.wait_for(lambda page: page.annotation(place) is not None)
            maya.reply(place, "Yes, and link it to the W3C term.")
        for page in (maya, piotr, lena):
            page.wait_saved()


@dataclass(frozen=True, slots=True)
class Scene:
    """`act` brings the reader there from an open page."""

    act: Callable[[Reader, Company, bool], None]
    named: bool = True


def reading(reader: Reader, company: Company, phone: bool) -> None:
    reader.page.evaluate("document.querySelector('blockquote').scrollIntoView({block: 'center'})")


def peek(reader: Reader, company: Company, phone: bool) -> None:
    reading(reader, company, phone)
    box = reader.page.evaluate(
        """(words) => {
          for (const [name, ranges] of CSS.highlights)
            for (const range of ranges)
              if (name.endsWith("-open") && range.toString().startsWith(words)) {
                const box = range.getClientRects()[0];
                return [box.x + box.width / 3, box.y + box.height / 2];
              }
        }""",
        WORDS["price"][:12],
    )
    reader.page.mouse.move(*box)
    expect(reader.page.locator(".peek")).to_be_visible()


def thread(reader: Reader, company: Company, phone: bool) -> None:
    reading(reader, company, phone)
    reader.open(WORDS["price"])
    company.piotr.show(typing=company.price)
    expect(reader.page.locator(".typing .dots")).to_be_visible()


def compose(reader: Reader, company: Company, phone: bool) -> None:
    reader.select("nobody can tell that it once made sense")
    reader.page.get_by_role("button", name="Comment on the selected text").click()
    reader.type("We had exactly this with the old handbook: @Le")
    expect(reader.page.get_by_role("option")).to_have_count(1)


def select(reader: Reader, company: Company, phone: bool) -> None:
    reader.select("Only the difference travels")
    expect(reader.page.locator(".select")).to_be_visible()


def name(reader: Reader, company: Company, phone: bool) -> None:
    reader.select("Only the difference travels")
    reader.page.get_by_role("button", name="Comment on the selected text").click()
    reader.type("How large is it, usually?")


def panel(reader: Reader, company: Company, phone: bool) -> None:
    reading(reader, company, phone)
    reader.show_panel()


def resolved(reader: Reader, company: Company, phone: bool) -> None:
    panel(reader, company, phone)
    reader.panel.locator(".filters button", has_text="All").click()


def inside(reader: Reader, company: Company, phone: bool) -> None:
    panel(reader, company, phone)
    reader.rows.filter(has_text=WORDS["price"]).click()


def orphaned(reader: Reader, company: Company, phone: bool) -> None:
    panel(reader, company, phone)
    reader.panel.locator(".filters button", has_text="Unplaced").click()


def orphan(reader: Reader, company: Company, phone: bool) -> None:
    orphaned(reader, company, phone)
    reader.rows.first.click()


def offline(reader: Reader, company: Company, phone: bool) -> None:
    reading(reader, company, phone)
    reader.open(WORDS["price"])
    reader.offline()
    reader.expect_state("Offline")
    reader.reply("Into the lead, please. I will do the heading.")
    reader.expect_state("1 unsent")


def empty(reader: Reader, company: Company, phone: bool) -> None:
    reader.page.goto(reader.page.url + "?nothing=yet")
    reader.show_panel()


def menu(reader: Reader, company: Company, phone: bool) -> None:
    thread(reader, company, phone)
    reader.reply("Fine by me.")
    comment = reader.comment("Fine by me")
    comment.hover()
    comment.get_by_role("button", name="More actions").click()


def draft(reader: Reader, company: Company, phone: bool) -> None:
    compose(reader, company, phone)
    reader.page.keyboard.press("Escape")
    reader.card.get_by_role("button", name="Close").click()
    reader.show_panel()


SCENES: dict[str, Scene] = {
    "reading": Scene(reading),
    "peek": Scene(peek),
    "thread": Scene(thread),
    "select": Scene(select),
    "compose": Scene(compose),
    "name": Scene(name, named=False),
    "panel": Scene(panel),
    "all": Scene(resolved),
    "inside": Scene(inside),
    "orphaned": Scene(orphaned),
    "orphan": Scene(orphan),
    "offline": Scene(offline),
    "empty": Scene(empty),
    "menu": Scene(menu),
    "draft": Scene(draft),
}

WEBP = """async ([data, width]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + data;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = Math.round(image.height * width / image.width);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/webp", 0.82).split(",")[1];
}"""


def small(browser: Browser, png: bytes, width: int) -> bytes:
    """The picture as WebP of that width, made by the browser."""
    page = browser.new_page()
    data = page.evaluate(WEBP, [base64.b64encode(png).decode(), width])
    page.close()
    return base64.b64decode(data)


def take(browser: Browser, server: ServerProcess, scene: str, window: str, dark: bool) -> bytes:
    """One picture, as PNG."""
    # The demo page's id is its address: a server of its own would be needed for each scene otherwise.
    url = f"{server.url}/?scene={scene}-{window}-{'dark' if dark else 'light'}"
    with ExitStack() as stack:
        company = Company(server, url, stack)
        company.talk()
        context = browser.new_context(
            color_scheme="dark" if dark else "light", reduced_motion="reduce", **WINDOWS[window]
        )
        stack.callback(context.close)
        if SCENES[scene].named:
            key = f"crdtchat:identity:{server.url} demo"
            context.add_init_script(
                f"localStorage.getItem({key!r}) ?? localStorage.setItem({key!r}, JSON.stringify({{name: 'Sam Carter'}}))"
            )
        reader = Reader(context.new_page(), url)
        reader.expect_live()
        reader.page.wait_for_function(
            "() => [...CSS.highlights.keys()].some((name) => name.endsWith('-open'))"
        )
        SCENES[scene].act(reader, company, window == "phone")
        reader.page.mouse.move(2, 400) if scene not in ("peek", "menu") else None
        return reader.page.screenshot()


def main(arguments: list[str]) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", metavar="DIR", type=Path)
    parser.add_argument("scenes", nargs="*", help="only these scenes")
    options = parser.parse_args(arguments)
    IMAGES.mkdir(exist_ok=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=WIDGET, check=True)
    with (
        tempfile.TemporaryDirectory() as data,
        running_server(Path(data) / "data") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for scene in options.scenes or SCENES:
            for window in WINDOWS:
                for dark in (False, True):
                    title = f"{scene}-{window}-{'dark' if dark else 'light'}"
                    if options.all:
                        options.all.mkdir(parents=True, exist_ok=True)
                        (options.all / f"{title}.png").write_bytes(
                            take(browser, server, scene, window, dark)
                        )
                    elif title in KEPT:
                        png = take(browser, server, scene, window, dark)
                        picture = small(browser, png, 390 if window == "phone" else 1040)
                        (IMAGES / f"{KEPT[title]}.webp").write_bytes(picture)
                        print(f"{KEPT[title]}.webp: {len(picture) / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
