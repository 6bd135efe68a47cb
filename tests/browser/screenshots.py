"""The pictures of the manual, taken anew: `python -m tests.browser.screenshots [--all DIR]`.

Without an argument it renews the pictures that README.md and docs/widget.md show, in docs/images.
`--all DIR` writes every scene, in every window and theme, for looking at one's own work.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.company import REWORDED, WORDS, Company
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
    "changed-desktop-light": "changed",
    "moderating-desktop-light": "moderating",
    "reading-phone-light": "phone-reading",
    "thread-phone-dark": "phone-thread-dark",
    "panel-phone-light": "phone-panel",
}
"""Scene to the name of its picture in docs/images."""


@dataclass(frozen=True, slots=True)
class Scene:
    """`act` brings the reader there from an open page."""

    act: Callable[[Reader, Company, bool], None]
    named: bool = True
    role: str = ""


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


def changed(reader: Reader, company: Company, phone: bool) -> None:
    company.edited()
    reader.open(REWORDED[1])
    expect(reader.page.locator("ins").first).to_be_visible()


def unsure(reader: Reader, company: Company, phone: bool) -> None:
    company.edited()
    orphaned(reader, company, phone)
    reader.rows.filter(has_text="Place unsure").click()


def locked(reader: Reader, company: Company, phone: bool) -> None:
    company.moderate()
    reading(reader, company, phone)
    reader.open(WORDS["price"])
    expect(reader.page.get_by_text("Locked by a moderator")).to_be_visible()


def moderating(reader: Reader, company: Company, phone: bool) -> None:
    locked(reader, company, phone)
    comment = reader.comments.first
    comment.hover()
    comment.get_by_role("button", name="More actions").click()


def reported(reader: Reader, company: Company, phone: bool) -> None:
    thread(reader, company, phone)
    reader.do("This is the sentence", "Report")
    expect(reader.page.locator(".notice")).to_be_visible()


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
    "changed": Scene(changed),
    "unsure": Scene(unsure),
    "locked": Scene(locked),
    "moderating": Scene(moderating, role="moderator"),
    "reported": Scene(reported),
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
            role = SCENES[scene].role
            who = {"name": "Sam Carter", "token": server.token("sam", role) if role else ""}
            context.add_init_script(
                f"localStorage.getItem({key!r}) ?? localStorage.setItem({key!r}, {json.dumps(json.dumps(who))})"
            )
        reader = Reader(context.new_page(), url)
        reader.expect_live()
        reader.page.wait_for_function(
            "() => [...CSS.highlights.keys()].some((name) => name.endsWith('-open'))"
        )
        SCENES[scene].act(reader, company, window == "phone")
        reader.page.mouse.move(2, 400) if scene not in ("peek", "menu", "moderating") else None
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
