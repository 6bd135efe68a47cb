"""A real Chromium in a real JupyterLab. Nothing is mocked and nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.jupyter.process import JupyterProcess, running_jupyter
from tests.lab.build import built_lab_extension
from tests.lab.reader import LabReader
from tests.lab.story import own_story
from tests.lab.windows import SIZE, Windows, open_lab_page

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


@pytest.fixture(scope="session")
def windows(browser: Browser, lab: JupyterProcess) -> Iterator[Windows]:
    """JupyterLab's windows that stay open between tests."""
    kept = Windows(browser, lab)
    yield kept
    kept.close()


Open = Callable[..., LabReader]


@pytest.fixture
def open_lab(
    browser: Browser, lab: JupyterProcess, windows: Windows, request: pytest.FixtureRequest
) -> Iterator[Open]:
    """Opens a file in JupyterLab, or in Notebook, as a user; each in a browser of their own.

    A window of JupyterLab goes on to the next test, unless its test failed.
    """
    taken: list[tuple[str, LabReader]] = []
    contexts = []
    failed = request.session.testsfailed

    def opened(user: str, path: str, *, app: str = "", server: JupyterProcess = lab) -> LabReader:
        if not app and server is lab:
            taken.append((user, windows.take(user, path)))
            return taken[-1][1]
        context = browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        if app:
            return LabReader.open(page, server.url, user, path, app)
        return open_lab_page(page, server, user, path)

    yield opened
    for user, reader in taken:
        if request.session.testsfailed > failed:
            reader.page.context.close()
        else:
            windows.give_back(user, reader)
    for context in contexts:
        context.close()
