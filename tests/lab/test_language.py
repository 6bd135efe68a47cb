"""JupyterLab in the language that was chosen for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from tests.jupyter.process import CONFIG, JupyterProcess, running_jupyter
from tests.lab.reader import LabReader
from tests.lab.story import own_story

ROOT = Path(__file__).parents[2]
UI = ROOT / "jupyter_ext" / "ui"
CATALOGUE = ROOT / "jupyter_ext/crdtchat_jupyter/locale/pl_PL/LC_MESSAGES/crdtchat.json"
NAME = "own.ipynb"


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, lab_extension: Path
) -> Iterator[JupyterProcess]:
    """JupyterLab in Polish."""
    home = tmp_path_factory.mktemp("own")
    chosen = home / "config/lab/user-settings/@jupyterlab/translation-extension"
    chosen.mkdir(parents=True)
    (chosen / "plugin.jupyterlab-settings").write_text('{"locale": "pl_PL"}')
    config = CONFIG.replace("server_config", "password_config")
    with running_jupyter(
        home, application="jupyterlab", lab_extension=lab_extension, config=config
    ) as running:
        (running.files / NAME).write_text(own_story(NAME))
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
        expect(reader.status).to_have_text(re.compile(r"[1-9]\d* os\w+ tutaj .*"))
        reader.wait_extension()
        return reader

    yield signed_in
    for context in contexts:
        context.close()


def test_lab_speaks_the_language_that_was_chosen_for_jupyter(sign_in: SignIn) -> None:
    ann = sign_in("ann")
    page = ann.page
    page.get_by_role("menuitem", name="Widok", exact=True).click()
    page.locator(".lm-Menu-itemLabel", has_text="Dyskusje").hover()
    expect(page.locator(".lm-Menu-itemLabel", has_text="Pokaż dyskusje")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    ann.open_panel()
    expect(ann.panel.get_by_text("Nie ma jeszcze dyskusji")).to_be_visible()
    expect(ann.tab).to_have_attribute("title", "Dyskusje")
    ann.choose_cell(1)
    expect(page.get_by_role("button", name="Skomentuj komórkę")).to_be_visible()


def test_settings_are_in_that_language_also_once_they_were_saved(sign_in: SignIn) -> None:
    ann = sign_in("ann")
    ann.run("settingeditor:open", query="Dyskusje")
    panel = ann.page.locator(".jp-SettingsPanel")
    panel.get_by_role("checkbox", name="Notatniki").uncheck()
    expect(ann.page.locator("crdtchat-layer")).to_have_count(0)
    panel.get_by_role("checkbox", name="Notatniki").check()
    expect(ann.page.locator("crdtchat-layer")).to_have_count(1)


def test_the_polish_catalogue_has_every_message_and_no_other() -> None:
    text = r'"((?:[^"\\]|\\.)*)"'
    messages: dict[str, int] = {}
    for file in (UI / "src").glob("*.ts"):
        source = file.read_text()
        messages |= dict.fromkeys(re.findall(rf"\.__\(\s*{text}", source), 1)
        messages |= dict.fromkeys(re.findall(rf"\._n\(\s*{text},\s*{text}", source), 4)
    messages = {key[0] if isinstance(key, tuple) else key: n for key, n in messages.items()}
    schema = json.loads((UI / "schema" / "plugin.json").read_text())
    for said in (schema, *schema["properties"].values()):
        messages |= {said["title"]: 1, said["description"]: 1}
    catalogue = json.loads(CATALOGUE.read_text())
    about = catalogue.pop("")
    assert (about["domain"], about["language"]) == ("crdtchat", "pl-PL")
    assert {message: len(forms) for message, forms in catalogue.items()} == messages
    for message, forms in catalogue.items():
        for form in forms:
            assert sorted(re.findall(r"%\d", form)) == sorted(re.findall(r"%\d", message)), form
