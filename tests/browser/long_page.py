"""A long page with many annotations: made once, used by the test and by the measurement."""

from __future__ import annotations

import random

import crdtchat

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

# How many marks are painted in each frame, from the first data on; and every task longer than 50 ms.
WATCH = """
(() => {
  window.long = [];
  window.frames = [];
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
    if (marks > 0 && marks !== frames.at(-1)?.marks) frames.push({marks, at: performance.now()});
    if (marks < 2000) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()
"""
PAINTED = f"() => frames.at(-1)?.marks >= {ANNOTATIONS}"


class LongPage:
    """Paragraphs of random words, the same each time, and quotes from them."""

    def __init__(self) -> None:
        chance = random.Random(7)
        self.paragraphs: list[str] = []
        length = 0
        while length < CHARACTERS:
            words = (chance.choice(WORDS) + str(chance.randrange(50)) for _ in range(90))
            self.paragraphs.append(" ".join(words) + ".")
            length += len(self.paragraphs[-1])

    @property
    def body(self) -> str:
        """The article."""
        return "".join(f"<p>{text}</p>" for text in self.paragraphs)

    def annotate(self, server: str, page_id: str) -> None:
        """Somebody has remarks, and they are on the server's disk."""
        whole = "\n".join(self.paragraphs)
        chance = random.Random(8)
        with crdtchat.connect_blocking(server, page=page_id, name="Seeder") as page:
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
