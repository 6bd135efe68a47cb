"""Times of 500 annotations on a page of 100 kB, and how they grow. Prints, asserts nothing."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from crdtchat.anchoring.selectors import Selectors, describe
from crdtchat.anchoring.text_index import TextIndex
from tests.anchoring.corpus import load
from tests.browser.conftest import FLAGS, chromium

ROUNDS = 5
Measure = Callable[[str, list[Selectors], str | None], float]


def long_text(size: int) -> str:
    """Real documentation of about `size` characters."""
    pages = sorted({case.new_text for case in load("tune") if case.group == "docs"})
    text = ""
    for page in pages:
        text += page + "\n\n"
        if len(text) >= size:
            return text[:size]
    while len(text) < size:
        text += text[: size - len(text)].replace("e", "é", 1)
    return text


def edited(text: str, draw: random.Random) -> str:
    """Every twentieth line loses, gains or changes words."""
    lines = text.split("\n")
    for at in range(0, len(lines), 20):
        words = lines[at].split(" ")
        place = draw.randrange(len(words))
        words[place : place + draw.randint(0, 2)] = ["quite", "another", "wording"][
            : draw.randint(1, 3)
        ]
        lines[at] = " ".join(words)
    return "\n".join(lines)


def reordered(text: str, draw: random.Random) -> str:
    """Blocks of two lines in random order."""
    lines = text.split("\n")
    blocks = ["\n".join(lines[at : at + 2]) for at in range(0, len(lines), 2)]
    draw.shuffle(blocks)
    return "\n".join(blocks)


def questions(text: str, many: int, draw: random.Random) -> list[Selectors]:
    """Selections of three lengths."""
    found = []
    for _ in range(many):
        length = draw.choice([12, 80, 300])
        start = draw.randrange(len(text) - length)
        found.append(describe(text, start, start + length))
    return found


def python_ms(new: str, asked: list[Selectors], old: str | None) -> float:
    """Milliseconds of processor time for index, diff and all annotations, the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        index = TextIndex(new)
        previous = None if old is None else TextIndex(old)
        for selectors in asked:
            index.anchor(selectors, previous=previous)
        times.append(time.process_time() - begin)
    return 1000 * min(times)


def job(new: str, asked: list[Selectors], old: str | None) -> str:
    """What the command of the TypeScript twin reads with `--time`."""
    found: dict[str, Any] = {
        "text": new,
        "previous": old,
        "rounds": ROUNDS,
        "asked": [[s.exact, s.prefix, s.suffix, s.start_cp, s.end_cp] for s in asked],
    }
    return json.dumps(found)


def node_ms(cli: str) -> Measure:
    """The same of the twin; the clock runs inside node, after the input was read."""

    def measure(new: str, asked: list[Selectors], old: str | None) -> float:
        done = subprocess.run(
            ["node", cli, "--time"],
            input=job(new, asked, old),
            capture_output=True,
            text=True,
            check=True,
        )
        times: list[float] = json.loads(done.stdout)
        return min(times)

    return measure


IN_A_PAGE = """async ([code, job]) => {
  let said = "";
  globalThis.process = {
    argv: ["", "", "--time"],
    stdin: (async function* () { yield new TextEncoder().encode(job); })(),
    stdout: { write: (text) => { said += text; } },
  };
  await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  return said;
}"""


def chromium_ms(page: Page, cli: str) -> Measure:
    """The same command of the twin in a page of Chromium."""
    code = Path(cli).read_text(encoding="utf-8")

    def measure(new: str, asked: list[Selectors], old: str | None) -> float:
        times: list[float] = json.loads(page.evaluate(IN_A_PAGE, [code, job(new, asked, old)]))
        return min(times)

    return measure


def speed(twin: str, cli: str) -> None:
    """Prints the table."""
    if twin == "chromium":
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            page = browser.new_page()
            page.set_default_timeout(300_000)
            table(chromium_ms(page, cli))
            browser.close()
    else:
        table(python_ms if twin == "python" else node_ms(cli))


def table(measure: Measure) -> None:
    """Every row, as it is measured."""
    draw = random.Random(3)

    def row(name: str, new: str, asked: list[Selectors], old: str | None = None) -> None:
        sys.stdout.write(f"{name:44} {measure(new, asked, old):9.1f} ms\n")
        sys.stdout.flush()

    text = long_text(100_000)
    asked = questions(text, 500, draw)
    row("100 kB, 500: unchanged", text, asked)
    row("100 kB, 500: edited", edited(text, draw), asked)
    row("100 kB, 500: edited, with previous text", edited(text, draw), asked, text)
    row("100 kB, 500: reordered", reordered(text, draw), asked)
    row("100 kB, 500: reordered, with previous text", reordered(text, draw), asked, text)
    row("100 kB, 1000: edited", edited(text, draw), questions(text, 1000, draw))
    large = long_text(1_000_000)
    row("1 MB, 500: edited", edited(large, draw), questions(large, 500, draw))
    letters = "a" * 100_000
    changed = letters[:40_000] + "b" + letters[:60_000]
    row("one repeated letter, changed, 20", changed, [describe(letters, 50_000, 50_040)] * 20)
    row("the same, with previous text", changed, [describe(letters, 50_000, 50_040)] * 20, letters)
    words = "ab " * 33_000
    changed = words[:40_000] + " cd " + words[:59_000]
    row("one repeated word, changed, 20", changed, [describe(words, 39_990, 40_030)] * 20)
    row("the same, with previous text", changed, [describe(words, 39_990, 40_030)] * 20, words)
    quote = describe(text, 20_000, 28_000)
    row("quote of 8,000 characters, edited, 20", edited(text, draw), [quote] * 20)
    row("quote of 8,000 characters, reordered, 20", reordered(text, draw), [quote] * 20)
    line = "A line that is like all the others on this page, word by word.\n"
    twins = "".join(f"{line}{n}\n" for n in range(1000))
    wanted = [describe(twins, at, at + 20) for at in range(30_000, 30_020)]
    row("1,000 twins, edited, 20", edited(twins, draw), wanted)
    row("the same, with previous text", edited(twins, draw), wanted, twins)
