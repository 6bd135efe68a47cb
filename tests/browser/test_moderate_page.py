"""The moderators' page: what was reported, hidden, locked and blocked, and what is done about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.test_axe import AXE
from tests.server_process import ServerProcess, running_server

HOSTILE = "<img src=x onerror=alert(1)> <b>loud</b>"
PHONE = {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}
DESK = {"viewport": {"width": 1280, "height": 900}}


class Scene:
    """A page of discussions, and a moderator's view of it."""

    def __init__(self, server: ServerProcess, page_id: str, tokens: dict[str, str]) -> None:
        self.page_id = page_id
        self._root = f"{server.url}/api/v1/demo"
        self._tokens = tokens

    def ask(self, user: str, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask the REST interface."""
        answer = httpx.request(
            method,
            f"{self._root}/{path}",
            params={"page": self.page_id},
            headers={"Authorization": f"Bearer {self._tokens[user]}"},
            json=body,
        )
        assert answer.status_code < 300, answer.text
        return answer

    def thread(self, text: str, *replies: str, author: str = "ann") -> tuple[str, list[str]]:
        """An annotation with Bob's replies: ids."""
        target = {"exact": "the words they talk about", "prefix": "before ", "suffix": " after"}
        made = self.ask(author, "POST", "annotations", {"target": target, "body": text}).json()
        path = f"annotations/{made['id']}/comments"
        cids = [self.ask("bob", "POST", path, {"body": one}).json()["id"] for one in replies]
        return made["id"], [made["comments"][0]["id"], *cids]

    def report(self, aid: str, cid: str, user: str = "ann", reason: str = "spam") -> None:
        """Somebody reports a comment."""
        self.ask(user, "POST", f"annotations/{aid}/comments/{cid}/reports", {"reason": reason})

    def actions(self) -> list[str]:
        """The page's audit log."""
        lines = self.ask("own", "GET", "audit").json()["lines"]
        return [line["action"] for line in lines if line["action"] != "report"]


@pytest.fixture(scope="module")
def tokens(server: ServerProcess) -> dict[str, str]:
    roles = {
        "ann": "commenter",
        "bob": "commenter",
        "cy": "commenter",
        "mod": "moderator",
        "own": "owner",
    }
    return {user: server.token(user, role) for user, role in roles.items()}


@pytest.fixture
def scene(server: ServerProcess, page_id: str, tokens: dict[str, str]) -> Scene:
    return Scene(server, f"https://example.org/{page_id}", tokens)


@pytest.fixture
def moderator(
    server: ServerProcess, scene: Scene, tokens: dict[str, str], readers: OpenReader
) -> Callable[..., Reader]:
    def sign_in(user: str = "mod", **look: object) -> Reader:
        reader = readers(f"{server.url}/moderate", **(look or DESK))
        fields = reader.page.locator("form#ask input")
        for field, value in zip(fields.all(), ("demo", tokens[user], scene.page_id), strict=True):
            field.fill(value)
        reader.page.locator("form#ask button").click()
        return reader

    return sign_in


def test_reports_are_dealt_with(scene: Scene, moderator: Callable[..., Reader]) -> None:
    aid, (first, second) = scene.thread("A good question", HOSTILE)
    scene.report(aid, second)
    scene.report(aid, second, "mod", "abuse")
    page = moderator().page
    reported = page.get_by_role("region", name="Reported (1)")
    expect(reported).to_contain_text("the words they talk about")
    expect(reported).to_contain_text(HOSTILE)
    expect(reported.locator("img, b")).to_have_count(0)
    expect(reported).to_contain_text("ann: spam")
    expect(reported).to_contain_text("mod: abuse")
    reported.get_by_text("The whole discussion (2)").click()
    expect(reported).to_contain_text("A good question")
    link = reported.get_by_role("link")
    expect(link).to_have_attribute("href", f"{scene.page_id.split('#')[0]}#crdtchat={aid}")

    reported.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("region", name="Reported (0)")).to_contain_text("Nothing was reported")
    hidden = page.get_by_role("region", name="Hidden (1)")
    expect(hidden).to_contain_text(HOSTILE)
    hidden.get_by_role("button", name="Show again").click()
    expect(page.get_by_role("region", name="Hidden (0)")).to_be_visible()

    # What comes in while somebody looks shows without a reload.
    scene.report(aid, first, "bob", "other")
    expect(page.get_by_role("region", name="Reported (1)")).to_contain_text("bob: other")
    reported = page.get_by_role("region", name="Reported (1)")
    reported.get_by_role("button", name="Lock", exact=True).click()
    locked = page.get_by_role("region", name="Locked discussions (1)")
    expect(locked).to_contain_text("A good question")
    locked.get_by_role("button", name="Unlock").click()
    expect(page.get_by_role("region", name="Locked discussions (0)")).to_be_visible()
    reported.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("region", name="Reported (0)")).to_be_visible()
    assert scene.actions() == ["hide", "dismiss", "unhide", "lock", "unlock", "dismiss"]


def test_by_keyboard_alone(scene: Scene, moderator: Callable[..., Reader]) -> None:
    aid, (first, second) = scene.thread("First", "Second", author="cy")
    for cid in (first, second):
        scene.report(aid, cid)
    page = moderator().page
    expect(page.get_by_role("region", name="Reported (2)")).to_be_visible()
    delete = page.get_by_role("button", name="Delete").first
    delete.focus()
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("cannot be brought back")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(delete).to_be_focused()
    # Closed and asked again in one breath, before the event of the closing has come.
    page.evaluate("""() => {
      const focused = document.activeElement;
      focused.click();
      document.querySelector("dialog").close("no");
      focused.click();
    }""")
    expect(question).to_be_visible()
    page.keyboard.press("Tab")
    expect(question.get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Reported (1)")).to_be_visible()
    # On to what took its place, without a way back from the top of the page.
    expect(page.get_by_role("region", name="Reported (1)").locator("button:focus")).to_have_count(1)
    page.get_by_role("button", name="Block cy").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    blocked = page.get_by_role("region", name="Blocked users (1)")
    expect(blocked).to_contain_text("cy")
    expect(page.get_by_role("button", name="Block cy")).to_have_count(0)
    blocked.get_by_role("button", name="Unblock").press("Enter")
    expect(page.get_by_role("heading", name="Blocked users (0)")).to_be_focused()


@pytest.mark.parametrize("look", [DESK, PHONE], ids=["desk", "dark phone"])
def test_it_suits_eyes_and_machines(
    scene: Scene, moderator: Callable[..., Reader], node_modules: Path, look: dict[str, object]
) -> None:
    aid, (_, second, third) = scene.thread("A question. " * 30, HOSTILE, "w" * 300)
    scene.report(aid, third)
    scene.ask("mod", "PUT", f"annotations/{aid}/comments/{second}/hidden")
    scene.ask("mod", "PUT", f"annotations/{aid}/locked")
    page = moderator(**look).page
    expect(page.get_by_role("region", name="Locked discussions (1)")).to_be_visible()
    page.get_by_text("The whole discussion").first.click()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text())
    assert page.evaluate(AXE) == []
    page.get_by_role("button", name="Delete").first.click()
    assert page.evaluate(AXE) == []


def test_in_polish(scene: Scene, moderator: Callable[..., Reader]) -> None:
    aid, (first,) = scene.thread("Pytanie")
    scene.report(aid, first)
    page = moderator(locale="pl-PL", **DESK).page
    reported = page.get_by_role("region", name="Zgłoszone (1)")
    reported.get_by_role("button", name="Ukryj", exact=True).click()
    expect(page.get_by_role("region", name="Ukryte (1)")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "pl"
    assert page.title() == "Moderacja · crdtchat"


def test_others_are_told_that_it_is_not_for_them(
    scene: Scene, moderator: Callable[..., Reader]
) -> None:
    reader = moderator("ann")
    reader.expected = ["status of 403", "status of 401"]
    page = reader.page
    status = page.get_by_role("status")
    expect(status).to_contain_text("This page is for moderators and owners")
    expect(page.locator("#board")).to_be_hidden()
    page.get_by_label("Moderator's token").fill("cc_nonsense")
    page.get_by_role("button", name="Show").click()
    expect(status).to_contain_text("does not open this tenant")


def test_a_damaged_page_leaves_them_the_rest(tmp_path: Path, readers: OpenReader) -> None:
    """Of the whole tenant nothing was shown."""
    with running_server(tmp_path / "data") as own:
        token = own.token("mod", "moderator")
        for page_id in ("whole", "damaged"):
            scene = Scene(own, page_id, {"mod": token})
            aid, _ = scene.thread(f"Words on a {page_id} page", author="mod")
            scene.ask("mod", "PUT", f"annotations/{aid}/hidden")
        own.stop()
        with closing(sqlite3.connect(own.data / "crdtchat.sqlite3")) as database, database:
            database.execute(
                "UPDATE entry SET \"update\" = x'00' WHERE document_id ="
                " (SELECT id FROM document WHERE page = 'damaged')"
            )
        own.restart()
        page = readers(f"{own.url}/moderate", **DESK).page
        page.get_by_label("Tenant").fill("demo")
        page.get_by_label("Moderator's token").fill(token)
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("status")).to_contain_text("are damaged, so that nobody can")
        expect(page.get_by_role("status")).to_contain_text(": damaged")
        hidden = page.get_by_role("region", name="Hidden (1)")
        expect(hidden).to_contain_text("Words on a whole page")
