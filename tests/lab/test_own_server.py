"""A Jupyter server as people run their own: signed in by a password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.jupyter.process import CONFIG, JupyterProcess, running_jupyter
from tests.lab.reader import SOURCE, LabReader
from tests.lab.story import own_story

NAME = "own.ipynb"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, lab_extension: Path
) -> Iterator[JupyterProcess]:
    """JupyterLab with a login page."""
    home = tmp_path_factory.mktemp("own")
    config = CONFIG.replace("server_config", "password_config")
    with running_jupyter(
        home, application="jupyterlab", lab_extension=lab_extension, config=config
    ) as running:
        (running.files / NAME).write_text(own_story(NAME))
        (running.files / "own.md").write_text("# A text\n\nSome words of it.\n")
        yield running


SignIn = Callable[[str], LabReader]


@pytest.fixture
def sign_in(browser: Browser, server: JupyterProcess) -> Iterator[SignIn]:
    """Opens the notebook as a user who types a password."""
    contexts = []

    def signed_in(user: str, path: str = NAME) -> LabReader:
        context = browser.new_context(viewport={"width": 1300, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{server.url}lab/workspaces/{uuid4().hex}/tree/{path}")
        page.locator("input[type=password]").fill(f"{user}-password")
        page.keyboard.press("Enter")
        reader = LabReader(page, has_status=True)
        reader.wait_live()
        reader.wait_extension()
        return reader

    yield signed_in
    for context in contexts:
        context.close()


def test_who_has_only_a_cookie_reports_and_moderates(sign_in: SignIn) -> None:
    ann, bob = sign_in("ann"), sign_in("bob")
    page = ann.page
    assert page.evaluate("() => window.jupyterapp.serviceManager.serverSettings.token") == ""
    ann.select(SOURCE, "math.sqrt")
    ann.layer.get_by_role("button", name="Comment on the selected text").click()
    ann.layer.get_by_role("textbox").fill("Buy my square roots")
    ann.layer.get_by_role("button", name="Comment", exact=True).click()

    act(comment(bob, "Buy my square roots"), "Report")
    expect(
        bob.panel.or_(bob.layer).get_by_text("Reported to the moderators.").first
    ).to_be_attached()

    mod = sign_in("mod")
    act(comment(mod, "Buy my square roots"), "Hide")
    expect(bob.panel.get_by_text("Buy my square roots")).to_have_count(0)


def comment(reader: LabReader, text: str) -> Locator:
    """A comment in the panel."""
    reader.open_panel().locator(".row").filter(has_text=text).click()
    return reader.panel.locator(".comment").filter(has_text=text)


def act(about: Locator, what: str) -> None:
    """Choose something from a comment's menu."""
    about.hover()
    about.get_by_role("button", name="More actions").click()
    about.get_by_role("menuitem", name=what).click()


def test_settings_act_at_once(sign_in: SignIn) -> None:
    ann = sign_in("ann")
    page = ann.page
    page.evaluate(
        "() => window.jupyterapp.commands.execute('docmanager:open',"
        " { path: 'own.md', options: { mode: 'split-right' } }).then(() => null)"
    )
    expect(page.locator("crdtchat-layer")).to_have_count(2)
    ann.run("settingeditor:open", query="Discussions")
    setting(page, "Notebooks").uncheck()
    expect(page.locator("crdtchat-layer")).to_have_count(1)
    setting(page, "Texts").uncheck()
    expect(page.locator("crdtchat-layer")).to_have_count(0)
    setting(page, "Notebooks").check()
    setting(page, "Texts").check()
    expect(page.locator("crdtchat-layer")).to_have_count(2)


def setting(page: Page, title: str) -> Locator:
    """A setting in the editor."""
    return page.locator(".jp-SettingsPanel").get_by_role("checkbox", name=title)
