"""A notebook of 500 cells with 1,000 annotations, measured: `python -m tests.lab.large`.

JupyterLab with the extension beside JupyterLab without it, in turns on the same machine. Prints how
long opening takes, the longest task of the page while somebody types in a cell, and how much of the
longest one was our scripts. A busy machine measures itself as well; the ratio bears that.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.lab.build import built_lab_extension

CELLS = 500
ANNOTATIONS = 1_000
ROUNDS = 3
NAME = "large.ipynb"

# Frames that took long, and in each what was ours.
WATCH = """
(() => {
  window.frames_ = [];
  new PerformanceObserver((list) => {
    for (const { duration, scripts } of list.getEntries()) {
      const ours = scripts.filter(({ sourceURL }) => sourceURL.includes("@crdtchat"));
      const names = ours.map((one) => `${one.invoker} ${one.sourceFunctionName} ${one.duration}`);
      const sum = ours.reduce((before, one) => before + one.duration, 0);
      frames_.push([duration, sum, names.join(", ")]);
    }
  }).observe({ type: "long-animation-frame", buffered: true });
})();
"""
# From the press until the first cells are drawn and the page has answered.
OPEN = """async (path) => {
  const from = performance.now();
  const widget = await window.jupyterapp.commands.execute("docmanager:open", { path });
  await Promise.all([widget.context.ready, widget.revealed]);
  while (!widget.node.querySelector(".jp-CodeCell .cm-line"))
    await new Promise(requestAnimationFrame);
  for (let turn = 0; turn < 2; turn++) await new Promise(requestAnimationFrame);
  return performance.now() - from;
}"""
AWAKE = """async () => {
  // Until a second has gone by in which no frame was late; on a busy machine there may be none.
  const latest = performance.now() + 8_000;
  for (let seen = -1; seen !== frames_.length && performance.now() < latest; ) {
    seen = frames_.length;
    await new Promise((done) => setTimeout(done, 1_000));
  }
}"""
LOOKED_FOR = f"""() => {{
  const all = document.querySelector(".crdtchat-status")?.textContent ?? "";
  return all.includes("{ANNOTATIONS:,} discussions") && document.querySelector(".crdtchat-marker");
}}"""


def cells() -> Iterator[dict[str, object]]:
    """Code of a few lines with what it printed, and every fifth a text."""
    for number in range(CELLS):
        made: dict[str, object] = {"id": f"cell-{number}", "metadata": {}}
        if number % 5 == 0:
            text = f"## Part {number}\n\nWhat **part {number}** is about, in a few words."
            yield {**made, "cell_type": "markdown", "source": text}
            continue
        lines = [f"value_{number}_{line} = compute({number}, {line})" for line in range(6)]
        output = {"output_type": "stream", "name": "stdout", "text": f"result {number}: done\n"}
        code = {"cell_type": "code", "execution_count": None, "outputs": [output]}
        yield {**made, **code, "source": "\n".join(lines)}


def notes(notebook: list[dict[str, object]]) -> Iterator[dict[str, object]]:
    """On code, two to a cell and a few to spare."""
    pick = random.Random(6)
    code = [cell for cell in notebook if cell["cell_type"] == "code"]
    for number in range(ANNOTATIONS):
        cell = code[number % len(code)]
        source = str(cell["source"])
        start = source.index("value_", pick.randrange(len(source) // 2))
        end = source.index(" = ", start)
        around = {"prefix": source[max(0, start - 100) : start], "suffix": source[end : end + 100]}
        quote = {"type": "TextQuoteSelector", "exact": source[start:end], **around}
        position = {"type": "TextPositionSelector", "start": start, "end": end}
        yield {
            "id": f"note{number:04}",
            "type": "Annotation",
            "motivation": "commenting",
            "creator": {"type": "Person", "id": "ann", "name": "Ann"},
            "created": "2026-03-01T09:30:00.000Z",
            "target": {
                "type": "SpecificResource",
                "source": NAME,
                "selector": [quote, position],
                "kind": "source",
                "part": f"cell={cell['id']}",
            },
            "body": {"type": "TextualBody", "value": f"Note {number}", "format": "text/markdown"},
        }


def write(server: JupyterProcess) -> None:
    """The notebook, and where there is a discussion, the annotations."""
    made = list(cells())
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    (server.files / NAME).write_text(json.dumps(whole))
    side = {"type": "AnnotationPage", "items": list(notes(made))}
    (server.files / f"{NAME}.comments.jsonld").write_text(json.dumps(side))
    with server.client("mod") as client:
        answer = client.post("crdtchat/api/import", json={"path": NAME})
    answer.raise_for_status()


def switch_off(home: Path) -> None:
    """JupyterLab without the extension, also where it is installed for good."""
    folder = home / "config" / "labconfig"
    folder.mkdir(parents=True)
    disabled = {"disabledExtensions": {"@crdtchat/lab": True}}
    (folder / "page_config.json").write_text(json.dumps(disabled))


def measure(page: Page, server: JupyterProcess, *, ours: bool) -> dict[str, float]:
    """One visit, in milliseconds."""
    page.add_init_script(WATCH)
    page.goto(f"{server.url}lab/workspaces/{uuid4().hex}?token=ann-token")
    page.wait_for_function("() => window.jupyterapp")
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    page.evaluate(AWAKE)
    page.evaluate("() => void frames_.splice(0)")
    times = {"opening": float(page.evaluate(OPEN, NAME))}
    if ours:
        page.wait_for_function(LOOKED_FOR, timeout=60_000)
    page.evaluate(AWAKE)
    times |= longest(page, "after opening")
    page.locator(".jp-CodeCell .cm-content").nth(2).click()
    page.evaluate(AWAKE)
    page.evaluate("() => void frames_.splice(0)")
    page.keyboard.type("for x in range(3):  # typed among many\nprint(x)\n" * 3, delay=40)
    page.evaluate(AWAKE)
    times |= longest(page, "typing")
    return times


def longest(page: Page, when: str) -> dict[str, float]:
    """The longest frame since the last time, and the most that was ours in one; 0: below 50."""
    found: list[tuple[float, float, str]] = page.evaluate("() => frames_.splice(0)")
    for whole, own, names in found:
        if own > 50:
            print(f"  {when}: {own:.0f} of {whole:.0f} are ours: {names}", flush=True)
    return {
        f"{when}: longest frame": max((whole for whole, _, _ in found), default=0),
        f"{when}: the most that was ours": max((own for _, own, _ in found), default=0),
    }


def visit(browser: Browser, server: JupyterProcess, *, ours: bool) -> dict[str, float]:
    """One visit in a browser context of its own."""
    context = browser.new_context(viewport={"width": 1300, "height": 800})
    try:
        return measure(context.new_page(), server, ours=ours)
    finally:
        context.close()


def main() -> None:
    """The command."""
    extension = built_lab_extension()
    with ExitStack() as stack:
        servers = []
        for built in (None, extension):
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            if built is None:
                switch_off(home)
            servers.append(
                stack.enter_context(
                    running_jupyter(home, application="jupyterlab", lab_extension=built)
                )
            )
            write(servers[-1])
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        rounds: list[list[dict[str, float]]] = [[], []]
        for _ in range(ROUNDS):
            for which, server in enumerate(servers):
                times = visit(browser, server, ours=bool(which))
                rounds[which].append(times)
                told = ", ".join(f"{name} {value:.0f}" for name, value in times.items())
                print(f"{'with' if which else 'without'}: {told}", flush=True)
        browser.close()
    print(f"{'milliseconds, median of ' + str(ROUNDS):40}{'without':>10}{'with':>10}{'worst':>10}")
    for name in rounds[1][0]:
        without, with_us = (sorted(times[name] for times in visits) for visits in rounds)
        middle = ROUNDS // 2
        print(f"{name:40}{without[middle]:10.0f}{with_us[middle]:10.0f}{with_us[-1]:10.0f}")


if __name__ == "__main__":
    main()
