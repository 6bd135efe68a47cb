"""Pictures of JupyterLab for the README: `python -m tests.lab.screenshots`."""

from __future__ import annotations

import base64
import json
import math
import struct
import tempfile
import zlib
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.browser.screenshots import IMAGES, small
from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.lab.build import built_lab_extension
from tests.lab.reader import OUTPUT, RENDERED, SOURCE, LabReader

NAME = "tides.ipynb"
INTRO = (
    "# Tides at the harbour\n\nHeights are in metres above **chart datum**, one reading an hour, "
    "from the gauge at the pier."
)
MODEL = (
    "import numpy as np\n\nhours = np.arange(0, 24)\n"
    "height = 2.1 + 1.6 * np.sin(2 * np.pi * hours / 12.42)"
)
HIGHEST = "print(f'highest: {height.max():.2f} m at {hours[height.argmax()]}:00')"
PRINTED = "highest: 3.70 m at 3:00\n"
SIZE = (420, 170)
FADED = """() => Promise.allSettled(document.getAnimations().map((one) => one.finished))
  .then(() => null)"""


def curve() -> str:
    """A plot as a PNG in base64."""
    width, height = SIZE
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            off = abs(y - height / 2 + math.sin(x / width * 2 * math.pi) * height * 0.36)
            axis = abs(y - height / 2) < 1 or x < 2
            rows += bytes((31, 119, 180) if off < 2.2 else (150,) * 3 if axis else (255,) * 3)

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def notebook() -> str:
    """A text, a model, a print, a plot."""
    printed = {"output_type": "stream", "name": "stdout", "text": PRINTED}
    plot = {"image/png": curve(), "text/plain": "<Figure>"}
    shown = {"output_type": "display_data", "data": plot, "metadata": {}}
    code = [(MODEL, []), (HIGHEST, [printed]), ("plot(hours, height)", [shown])]
    cells: list[dict[str, object]] = [
        {"id": "intro", "cell_type": "markdown", "metadata": {}, "source": INTRO}
    ]
    for number, (source, outputs) in enumerate(code, start=1):
        made = {"id": f"code{number}", "cell_type": "code", "metadata": {}, "source": source}
        cells.append({**made, "execution_count": number, "outputs": outputs})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole)


def opened(browser: Browser, server: JupyterProcess, user: str) -> LabReader:
    """The notebook in a window of a user's own, without the file browser."""
    page = browser.new_context(viewport={"width": 1300, "height": 640}).new_page()
    reader = LabReader.open(page, server.url, user, NAME, f"lab/workspaces/{uuid4().hex}/tree")
    reader.run("application:toggle-left-area")
    page.evaluate("() => document.querySelectorAll('.Toastify').forEach((one) => one.remove())")
    return reader


def main() -> None:
    """The command."""
    built = built_lab_extension()
    with (
        tempfile.TemporaryDirectory() as home,
        running_jupyter(Path(home), application="jupyterlab", lab_extension=built) as server,
        sync_playwright() as playwright,
    ):
        (server.files / NAME).write_text(notebook())
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        ann, bob = (opened(browser, server, user) for user in ("ann", "bob"))
        ann.comment(RENDERED, "chart datum", "Which datum? The old logs used mean sea level.")
        bob.comment(SOURCE, "12.42", "The period of M2 alone. Do we want S2 as well?")
        ann.page.locator(".jp-OutputArea-child img").click(button="right")
        ann.page.get_by_role("menuitem", name="Comment on the Output").click()
        ann.write("Please label the axes.")
        bob.comment(OUTPUT, "3.70 m at 3:00", "The pilot book says 3.6.")
        bob.open_panel()
        expect(bob.panel.get_by_text("Please label the axes.")).to_be_visible()
        for theme, name in (("JupyterLab Light", "lab"), ("JupyterLab Dark", "lab-dark")):
            bob.run("apputils:change-theme", theme=theme)
            light = str(theme.endswith("Light")).lower()
            body = bob.page.locator("body")
            expect(body).to_have_attribute("data-jp-theme-light", light)
            # Colours fade from one theme to the other.
            bob.page.evaluate(FADED)
            picture = small(browser, bob.page.screenshot(), 1040)
            (IMAGES / f"{name}.webp").write_bytes(picture)
            print(f"{name}.webp: {len(picture) / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
