"""A real Chromium in a real JupyterLab. Nothing is mocked and nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.lab.build import built_lab_extension
from tests.lab.reader import LabReader
from tests.lab.story import own_story

expect.set_options(timeout=40_000)


@pytest.fixture(scope="session")
def lab_extension() -> Path:
    """The built lab extension, never older than its sources."""
    return built_lab_extension()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, lab_extension: Path) -> Iterator[JupyterProcess]:
    """JupyterLab, and Notebook under /notebooks. A test that stops it starts it again."""
    home = tmp_path_factory.mktemp("lab")
    with running_jupyter(home, application="jupyterlab", lab_extension=lab_extension) as found:
        yield found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield launched
    launched.close()


@pytest.fixture
def path(lab: JupyterProcess, request: pytest.FixtureRequest) -> Path:
    """A notebook of each test's own."""
    name = request.node.name.replace("[", "-").replace("]", "")
    file = lab.files / f"{name}.ipynb"
    file.write_text(own_story(name))
    return file


Open = Callable[..., LabReader]


@pytest.fixture
def open_lab(browser: Browser, lab: JupyterProcess) -> Iterator[Open]:
    """Opens a file in JupyterLab, or in Notebook, as a user; each in a browser of their own."""
    contexts = []

    def opened(
        user: str,
        path: str,
        *,
        app: str = "",
        server: JupyterProcess = lab,
        **options: object,
    ) -> LabReader:
        context = browser.new_context(viewport={"width": 1300, "height": 800}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        # A workspace of its own: Lab opens again what was open in the last one.
        app = app or f"lab/workspaces/{uuid4().hex}/tree"
        return LabReader.open(context.new_page(), server.url, user, path, app)

    yield opened
    for context in contexts:
        context.close()
