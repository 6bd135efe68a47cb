"""A real Chromium against a real server. Nothing is mocked and nothing sleeps: tests wait for what they expect."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.server_process import ServerProcess, running_server

WIDGET = Path(__file__).parents[2] / "crdtchat" / "widget"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECRET = "a secret of the tests that is long enough"

expect.set_options(timeout=40_000)


def chromium() -> Path:
    """The machine's: the project brings none of its own."""
    return Path(__file__).with_name("chromium.sh")


def installed_modules() -> Path:
    """What the locked package lists."""
    modules = WIDGET / "node_modules"
    if not modules.is_dir():
        subprocess.run(["npm", "ci", "--no-fund", "--no-audit"], cwd=WIDGET, check=True)
    return modules


def built_widget() -> Path:
    """Never older than its sources."""
    installed_modules()
    built = WIDGET / "dist" / "crdtchat.js"
    sources = [path for path in (WIDGET / "src").rglob("*") if path.is_file()]
    newest = max(path.stat().st_mtime for path in [*sources, WIDGET / "build.mjs"])
    if not built.is_file() or built.stat().st_mtime < newest:
        subprocess.run(["npm", "run", "build"], cwd=WIDGET, check=True)
    return built


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return installed_modules()


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The built widget."""
    return built_widget()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield launched
    launched.close()


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server a file; its tests keep apart by page id."""
    with running_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A web site of another origin, whose pages embed the widget."""
    with Site() as running:
        yield running


OpenReader = Callable[..., Reader]


@contextmanager
def opened_windows(browser: Browser) -> Iterator[OpenReader]:
    """Opens windows; each is a browser of its own unless it is told to share one.

    A page that logs an error or throws fails its test, unless the test says which words it expects.
    """
    opened: list[Reader] = []

    def open_reader(url: str, *, beside: Reader | None = None, **options: object) -> Reader:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        context = beside.page.context if beside else browser.new_context(**options)  # type: ignore[arg-type]
        reader = Reader(context.new_page(), url)
        opened.append(reader)
        return reader

    yield open_reader
    for reader in opened:
        if not reader.page.is_closed():
            reader.page.context.close()
    complaints = [text for reader in opened for text in reader.complaints()]
    assert complaints == []


@pytest.fixture
def readers(browser: Browser) -> Iterator[OpenReader]:
    with opened_windows(browser) as open_reader:
        yield open_reader


@pytest.fixture
def page_id(request: pytest.FixtureRequest) -> str:
    """A page of the test's own."""
    return f"test:{request.node.nodeid}"
