"""What travels, and what it means when the widget says "Saved" (A8, A10, E3)."""

from __future__ import annotations

import uuid
from pathlib import Path

from playwright.sync_api import WebSocket, expect

import crdtchat
from tests.browser.conftest import OpenReader
from tests.browser.reader import Reader
from tests.browser.site import Site
from tests.server_process import ServerProcess, running_server

BATCH, RESYNC = 66, 70
BURST = 200
"""Less than a client may have unanswered (PROTOCOL 4), so that all of it is on the wire at once."""


def page(site: Site, server: ServerProcess, page_id: str) -> str:
    return site.page("/wire", server.url, f"{{tenantId: 'demo', urlId: {page_id!r}}}")


def binary(frame: bytes | str) -> bytes:
    assert isinstance(frame, bytes), "every message of the protocol is binary"
    return frame


class Wire:
    """The frames of a window's connections, as they came and went."""

    def __init__(self, reader: Reader, url: str) -> None:
        self.received: list[bytes] = []
        self.sent: list[bytes] = []
        reader.page.on("websocket", self._opened)
        reader.page.goto(url)

    def batches(self) -> list[bytes]:
        return [frame for frame in self.received if frame[0] == BATCH]

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.received.append(binary(frame)))
        socket.on("framesent", lambda frame: self.sent.append(binary(frame)))


def test_a_burst_comes_in_few_frames(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    ann = readers("about:blank")
    wire = Wire(ann, page(site, server, page_id))
    ann.expect_live()
    with crdtchat.connect_blocking(server.url, page=page_id, name="Bob") as bob:
        aid = bob.annotate("every ship", "First")
        bob.wait_saved()
        # While the server does not look, his replies gather in its socket: however slowly he wrote them, it finds
        # them together.
        with server.paused():
            for number in range(BURST):
                bob.reply(aid, f"Reply {number}")
        bob.wait_saved()
    ann.page.wait_for_function(f"() => chat.annotations[0]?.comments.length === {BURST + 1}")
    ann.page.wait_for_function(f"() => news.length === {BURST + 1}")
    assert len(wire.batches()) < BURST / 4


def test_only_the_difference_travels_after_a_gap(
    readers: OpenReader, site: Site, server: ServerProcess, page_id: str
) -> None:
    with crdtchat.connect_blocking(server.url, page=page_id, name="Bob") as bob:
        aid = bob.annotate("every ship", "First")
        for number in range(100):
            bob.reply(aid, f"Reply {number}: " + "many words " * 20)
        bob.wait_saved()
        ann = readers("about:blank")
        wire = Wire(ann, page(site, server, page_id))
        ann.page.wait_for_function("() => chat.annotations[0]?.comments.length === 101")
        whole = sum(len(frame) for frame in wire.batches())
        ann.expect_live()
        ann.offline()
        ann.expect_state("Offline")
        bob.reply(aid, "Meanwhile " + uuid.uuid4().hex)
        bob.wait_saved()
        wire.received.clear()
        wire.sent.clear()
        ann.offline(False)
        ann.page.wait_for_function("() => chat.annotations[0].comments.length === 102")
    assert whole > 20_000
    assert sum(len(frame) for frame in wire.received) < 2_000
    asked = [frame for frame in wire.sent if frame[0] == RESYNC]
    assert asked and all(frame[1] != 0 for frame in asked), (
        "by epoch and sequence, not from nothing"
    )


def test_saved_means_on_the_disk(
    readers: OpenReader, site: Site, bundle: Path, tmp_path: Path, page_id: str
) -> None:
    with running_server(tmp_path / "data") as server:
        url = page(site, server, page_id)
        ann = readers(url)
        ann.expected = ["WebSocket connection to .* failed", "ERR_CONNECTION"]
        ann.annotate("every ship", "Before", "Ann")
        ann.expect_live()
        ann.type("Kept")
        ann.page.keyboard.press("Control+Enter")
        ann.expect_state("Saved")
        server.kill()
        ann.page.context.close()
        server.restart()
        bob = readers(url)
        bob.expected = ann.expected
        bob.open("every ship")
        expect(bob.comment("Kept")).to_be_visible()
