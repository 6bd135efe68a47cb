"""The kernel's half of the notebook widget, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from crdtchat.client.address import Address
from crdtchat.client.greeting import Greeting, read_greeting
from crdtchat.client.switchboard import Switchboard
from crdtchat.sync import message
from tests.server_process import ServerProcess, running_server

Heard = tuple[dict[str, object], bytes | None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


class Browser:
    """What a browser says and hears."""

    def __init__(self, url: str, token: str = "", name: str = "") -> None:
        self.heard: Queue[Heard] = Queue()
        self.known: list[bool] = []
        self.board = Switchboard(
            Address(url, "demo", "page"),
            token=token,
            name=name,
            context=None,
            tell=lambda content, buffer: self.heard.put((content, buffer)),
            on_known=lambda: self.known.append(True),
        )

    def say(self, line: str, what: str, buffer: bytes | None = None, **more: str) -> None:
        self.board.receive({"line": line, "what": what, **more}, buffer)

    def connect(self, line: str, name: str = "") -> Greeting:
        self.say(line, "connect", name=name, token="", lease="")
        assert self.next(line) == ({"to": line, "what": "open"}, None)
        content, frame = self.next(line)
        assert content["what"] == "frame" and frame is not None
        welcome = message.decode_from_server(frame)
        assert isinstance(welcome, message.Welcome)
        return read_greeting(welcome.info)

    def next(self, line: str) -> Heard:
        """The next that a connection hears; others are not listened to."""
        while True:
            heard = self.heard.get(timeout=20)
            if heard[0]["to"] == line:
                return heard

    def wait(self, what: str) -> dict[str, object]:
        while True:
            content, _ = self.heard.get(timeout=20)
            if content["what"] == what:
                return content


@pytest.fixture
def browsers(server: ServerProcess) -> Iterator[list[Browser]]:
    opened: list[Browser] = []
    yield opened
    for browser in opened:
        browser.board.leave()
        browser.board.wait_left()


def test_a_guest_is_the_same_person_on_every_connection(
    server: ServerProcess, browsers: list[Browser]
) -> None:
    browser = Browser(server.url)
    browsers.append(browser)
    reader = browser.connect("one").principal
    assert not browser.board.known
    browser.say("one", "close")
    writer = browser.connect("two", "Ann").principal
    assert writer.name == "Ann" and writer.id != reader.id
    assert browser.board.known and browser.known == [True]
    cut = Browser(server.url)
    browsers.append(cut)
    assert cut.connect("one", "Ann \ud83d").principal.name == "Ann \ufffd", "as a URL would have it"
    # Another window of the same notebook, and later ones: the first name stands.
    assert browser.connect("three", "Zoe").principal == writer
    browser.say("three", "frame", b"\xff")
    assert browser.wait("close")["to"] == "three"


def test_the_kernel_signs_in(server: ServerProcess, browsers: list[Browser]) -> None:
    token = server.token("ann")
    browser = Browser(server.url, token=token)
    browsers.append(browser)
    assert browser.board.known
    assert browser.connect("one", "Zoe").principal.id == "ann"
    browser.say("", "ask", b"words", number="7", method="PUT", path="versions/x", kind="text/plain")
    assert browser.wait("answer") == {"to": "7", "what": "answer", "code": 404}

    stranger = Browser(server.url, token="of another server")
    browsers.append(stranger)
    stranger.say("one", "connect", name="", token="", lease="")
    assert stranger.wait("close")["code"] == 4401


def test_no_server_is_told_as_a_lost_connection(browsers: list[Browser], tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as gone:
        url = gone.url
    browser = Browser(url)
    browsers.append(browser)
    browser.say("one", "connect", name="", token="", lease="")
    assert browser.wait("close")["code"] == 1006
    browser.say("", "ask", number="1", method="GET", path="versions/x", kind="")
    assert browser.wait("answer")["code"] == 0
