"""2,000 annotations on 500 kB of text, measured: `python -m tests.browser.large`.

Prints how long after the data the first and the last highlight is painted, and the longest task
while reading, typing and looking at the panel. A busy machine measures itself as well.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import FLAGS, WIDGET, chromium
from tests.browser.long_page import PAINTED, WATCH, LongPage
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.server_process import running_server

ROUNDS = 5
EDITS = {
    "a paragraph edited": "at(100).textContent = at(100).textContent.replace(/ lamp/g, ' candle')",
    "one moved to the end": "at(200).parentElement.append(at(200))",
    "every tenth edited": "for (let n = 0; at(n); n += 10) at(n).textContent = `New here. ${at(n).textContent}`",
    "all rendered anew": "at(0).parentElement.innerHTML = at(0).parentElement.innerHTML",
}
# Told to the host page as often as marks are placed; the last time is when nothing more is looked for.
EDITED = """(script) => {
  const at = (number) => document.querySelectorAll("article p")[number];
  const from = performance.now();
  new Function("at", script)(at);
  return new Promise((done) => {
    let last = "", since = from;
    const look = () => {
      const now = chat.annotations.map((one) => one.anchor).join();
      if (now !== last) [last, since] = [now, performance.now()];
      if (performance.now() - since > 1500) done(since - from);
      else setTimeout(look, 100);
    };
    look();
  });
}"""


def longest(page: Page) -> float:
    """The longest task since this was asked last; 0 if none took 50 ms."""
    # A task is told of after it: a turn later everything was told.
    page.evaluate("() => new Promise((done) => setTimeout(done, 60))")
    found: float = page.evaluate("Math.max(0, ...long.splice(0))")
    return found


def measure(page: Page, url: str, words: str) -> dict[str, float]:
    """One visit, in milliseconds."""
    page.add_init_script(WATCH)
    reader = Reader(page, url)
    page.wait_for_function(PAINTED, timeout=60_000)
    times: dict[str, float] = page.evaluate(
        """() => ({"data to first highlight": frames[0].at - arrived,
                   "data to last highlight": frames.at(-1).at - arrived})"""
    )
    times["longest task while loading"] = longest(page)
    page.mouse.move(600, 400)
    for _ in range(40):
        page.mouse.wheel(0, 1_500)
        page.evaluate("new Promise(requestAnimationFrame)")
    times["longest task while scrolling"] = longest(page)
    for x in range(100, 1_100, 20):
        page.mouse.move(x, 300 + x % 200)
        page.evaluate("new Promise(requestAnimationFrame)")
    times["longest task while pointing"] = longest(page)
    page.evaluate("scrollTo(0, 0)")
    reader.annotate(words, "First words", "Ann")
    times["longest task while annotating"] = longest(page)
    page.get_by_label("Write a reply").press_sequentially("typing among two thousand " * 3)
    times["longest task while typing"] = longest(page)
    page.keyboard.press("Escape")
    reader.show_panel()
    times["longest task while the panel opens"] = longest(page)
    page.get_by_label("Search discussions").press_sequentially("remark 19")
    times["longest task while searching"] = longest(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    for name, script in EDITS.items():
        times[f"{name}: until all is found again"] = page.evaluate(EDITED, script)
        times[f"{name}: longest task"] = longest(page)
    return times


def main() -> None:
    """The command."""
    subprocess.run(["npm", "run", "--silent", "build"], cwd=WIDGET, check=True)
    text = LongPage()
    with (
        tempfile.TemporaryDirectory() as data,
        running_server(Path(data) / "data") as server,
        Site() as site,
        sync_playwright() as playwright,
    ):
        text.annotate(server.url, "long")
        url = site.page("/large", server.url, "{tenantId: 'demo', urlId: 'long'}", body=text.body)
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        rounds = []
        for number in range(ROUNDS):
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            rounds.append(measure(page, url, text.paragraphs[number][:40]))
            page.context.close()
        print(
            f"{'milliseconds, ' + str(ROUNDS) + ' visits':40}{'best':>8}{'median':>8}{'worst':>8}"
        )
        for name in rounds[0]:
            values = sorted(times[name] for times in rounds)
            print(f"{name:40}{values[0]:8.0f}{values[ROUNDS // 2]:8.0f}{values[-1]:8.0f}")
        browser.close()


if __name__ == "__main__":
    main()
