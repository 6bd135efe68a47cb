"""Two thousand annotations on half a megabyte of text, and the page stays a page."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

import crdtchat
from tests.browser.conftest import OpenReader
from tests.browser.site import Site
from tests.server_process import ServerProcess

ANNOTATIONS = 2_000
CHARACTERS = 500_000
WORDS = [
    "lamp",
    "keeper",
    "harbour",
    "evening",
    "tide",
    "rope",
    "signal",
    "log",
    "master",
    "ship",
    "fog",
    "bell",
    "stair",
    "window",
    "ledger",
    "ink",
    "morning",
    "watch",
    "rock",
    "gull",
    "storm",
    "lantern",
    "oil",
    "wick",
    "glass",
    "brass",
    "door",
    "key",
    "boat",
    "crew",
    "letter",
    "captain",
]

# Long tasks, and how long it took from the first data to painted marks.
WATCH = """
(() => {
  window.long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => e.duration)))
    .observe({type: "longtask"});
  const Real = WebSocket;
  window.WebSocket = class extends Real {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", (event) => {
        if (event.data instanceof ArrayBuffer && event.data.byteLength > 1e5) window.arrived ??= performance.now();
      });
    }
  };
  const look = () => {
    let marks = 0;
    for (const [name, ranges] of CSS.highlights) if (name.endsWith("-open")) marks = ranges.size;
    if (marks > 0) window.first ??= performance.now();
    if (marks >= 2000) window.all ??= performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()
"""


def article() -> tuple[str, list[str]]:
    """Paragraphs of random words, the same each time."""
    chance = random.Random(7)
    paragraphs = []
    length = 0
    while length < CHARACTERS:
        text = " ".join(chance.choice(WORDS) + str(chance.randrange(50)) for _ in range(90)) + "."
        paragraphs.append(text)
        length += len(text)
    return "".join(f"<p>{text}</p>" for text in paragraphs), paragraphs


@pytest.mark.timeout(300)
def test_many_annotations_on_a_long_page(
    readers: OpenReader,
    site: Site,
    server: ServerProcess,
    page_id: str,
    record_property: Callable[[str, object], None],
) -> None:
    body, paragraphs = article()
    whole = "\n".join(paragraphs)
    chance = random.Random(8)
    with crdtchat.connect_blocking(server.url, page=page_id, name="Seeder") as page:
        for number in range(ANNOTATIONS):
            start = whole.index(" ", chance.randrange(200, len(whole) - 400)) + 1
            end = whole.index(" ", start + chance.randrange(10, 100))
            page.annotate(
                whole[start:end],
                f"Remark {number}",
                prefix=whole[max(0, start - 128) : start],
                suffix=whole[end : end + 128],
                start=start,
            )
        page.wait_saved()

    options = f"{{tenantId: 'demo', urlId: {page_id!r}}}"
    reader = readers("about:blank")
    reader.page.add_init_script(WATCH)
    reader.page.goto(site.page("/large", server.url, options, body=body))
    reader.page.wait_for_function("window.all !== undefined", timeout=60_000)
    measured = reader.page.evaluate(
        "({first: first - arrived, all: all - arrived, longest: Math.max(0, ...long.splice(0))})"
    )

    reader.page.mouse.move(600, 400)
    for _ in range(40):
        reader.page.mouse.wheel(0, 1_500)
        reader.page.evaluate("new Promise(requestAnimationFrame)")
    measured["longest while scrolling"] = reader.page.evaluate("Math.max(0, ...long.splice(0))")
    reader.page.evaluate("scrollTo(0, 0)")
    reader.annotate(paragraphs[3][:40], "First words", "Ann")
    reader.page.evaluate("long.splice(0)")
    reader.page.get_by_label("Write a reply").press_sequentially("typing among two thousand " * 3)
    measured["longest while typing"] = reader.page.evaluate("Math.max(0, ...long.splice(0))")
    reader.page.keyboard.press("Escape")
    reader.show_panel()
    expect(reader.rows.first).to_be_visible()
    measured["longest at opening the panel"] = reader.page.evaluate(
        "Math.max(0, ...long.splice(0))"
    )
    record_property("milliseconds", measured)
    assert measured["first"] < 1_000
    assert measured["longest while scrolling"] < 100
    assert measured["longest while typing"] < 100
