"""Published notebooks show the discussions that JupyterLab shows, and the other way round (D6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Route, expect

from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.docs.samples import samples
from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.lab.conftest import Open
from tests.lab.reader import RENDERED
from tests.lab.story import MARKDOWN, notebook
from tests.server_process import ServerProcess, running_server

SECRET = "a secret of more than thirty-two characters"
CODE = "import math\nx = math.sqrt(2)\nprint('The square root of two is', x)"
# Twice the same: only the cell says which one is meant.
NOTEBOOK = notebook(
    ("intro", "markdown", MARKDOWN),
    ("above", "code", CODE),
    ("below", "code", CODE),
    ("last", "code", "y = x ** 2"),
)
BELOW = ".jp-Notebook .jp-Cell:nth-child(3)"
# What is marked, and in which cell.
MARKED = """() => [...CSS.highlights].filter(([name]) => name.endsWith("-open"))
  .flatMap(([, ranges]) => [...ranges])
  .map((range) => {
    const cell = range.startContainer.parentElement.closest("[id^='cell-id=']");
    return `${cell.id.slice(8)}: ${range}`;
  }).sort()"""


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The server that both ask."""
    folder = tmp_path_factory.mktemp("central")
    config = folder / "crdtchat.toml"
    tenant = f'[tenants.class]\nsecret = "{SECRET}"\nguests = "commenter"\norigins = ["*"]\n'
    config.write_text(tenant)
    with running_server(folder / "data", ["--config", str(config)]) as running:
        yield running


@pytest.fixture(scope="module")
def linked(
    central: ServerProcess, lab_extension: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterProcess]:
    """JupyterLab whose discussions are there."""
    settings = {"server_url": central.url, "server_tenant": "class", "server_secret": SECRET}
    arguments = [f"--CrdtChatExtension.{name}={value}" for name, value in settings.items()]
    home = tmp_path_factory.mktemp("linked")
    with running_jupyter(
        home, arguments, application="jupyterlab", lab_extension=lab_extension
    ) as found:
        yield found


def published(file: Path, base: str, central: ServerProcess, scratch: Path) -> str:
    """A notebook as HTML, by the template that the documentation gives."""
    (sample,) = samples("jinja")
    text = sample.text.replace("https://discussions.example.org", central.url)
    assert central.url in text
    (scratch / "discussed.html.j2").write_text(text)
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name=base,
        template_file="discussed.html.j2",
        extra_template_paths=[str(scratch)],
    )
    # As `jupyter nbconvert course/one.ipynb` tells the template.
    resources = {"metadata": {"path": file.parent.name, "name": file.stem}}
    found = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    converted: str = exporter.from_notebook_node(found, resources)[0]
    return converted


def local_only(route: Route) -> None:
    """What the templates load from elsewhere is not needed here."""
    route.continue_() if "//127.0.0.1:" in route.request.url else route.abort()


def test_lab_and_the_published_notebook_show_the_same(
    open_lab: Open,
    browser: Browser,
    linked: JupyterProcess,
    central: ServerProcess,
    tmp_path: Path,
) -> None:
    path = linked.files / "course" / "one.ipynb"
    path.parent.mkdir()
    path.write_text(NOTEBOOK)
    ann = open_lab("ann", "course/one.ipynb", server=linked)
    ann.comment(RENDERED, "rendered words", "Which words?")
    ann.comment(f"{BELOW} .jp-InputArea-editor", "math.sqrt(2)", "Why two?")
    ann.comment(f"{BELOW} .jp-OutputArea-output", "square root of two", "So many digits.")
    ann.choose_cell(3)
    ann.run("crdtchat:comment-cell")
    ann.write("The whole cell")
    seen = ["below: math.sqrt(2)", "below: square root of two", "intro: rendered words"]
    with Site() as site:
        for base, words, output in (
            ("lab", "is 1.4142", ".jp-OutputArea-child"),
            ("classic", "two is", ".output_area"),
        ):
            text = published(path, base, central, tmp_path)
            page = browser.new_context(viewport={"width": 1300, "height": 900}).new_page()
            page.route("**/*", local_only)
            gus = Reader(page, site.add(f"/{base}.html", text))
            page.wait_for_function(
                f"(seen) => JSON.stringify(({MARKED})()) === JSON.stringify(seen)", arg=seen
            )
            gus.open("math.sqrt(2)")
            gus.reply(f"Gus reads {base}.", "Gus")
            gus.close()
            gus.annotate(words, f"Found in {base}.", root=f'[id="cell-id=below"] {output}')
            gus.close()
            gus.show_panel()
            expect(gus.panel.locator(".row", has_text="The whole cell")).to_be_visible()
            expect(gus.panel.get_by_role("button", name="Unplaced 0", exact=True)).to_be_visible()
            seen = sorted([*seen, f"below: {words}"])
    ann.expect_placed(
        "0 rendered: rendered words",
        "2 source: math.sqrt(2)",
        "2 output: square root of two",
        "2 output: is 1.4142",
        "2 output: two is",
    )
    panel = ann.open_panel()
    for text in ("Found in lab.", "Found in classic."):
        expect(panel.get_by_text(text)).to_be_visible()
    panel.locator(".row", has_text="math.sqrt(2)").click()
    for text in ("Gus reads lab.", "Gus reads classic."):
        expect(ann.page.get_by_text(text)).to_be_visible()
