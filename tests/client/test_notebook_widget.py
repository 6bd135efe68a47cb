"""The notebook widget's life, in a process that is no kernel."""

from __future__ import annotations

from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from comm.base_comm import BaseComm

import crdtchat
from crdtchat.sync import message
from tests.server_process import running_server


class Wire(BaseComm):
    """A comm whose other end is this test."""

    def __init__(self) -> None:
        self.sent: Queue[str] = Queue()
        super().__init__()

    def publish_msg(self, msg_type: str, data: Any = None, *_: object, **__: object) -> None:
        if data:
            self.sent.put(data["content"]["what"])

    def say(self, what: str, *buffers: bytes, **more: str) -> None:
        content = {"line": "one", "what": what, **more}
        data = {"method": "custom", "content": content}
        self.handle_msg({"content": {"data": data}, "buffers": list(buffers)})


def test_half_a_surrogate_pair_is_answered_in_a_sentence() -> None:
    for more in ({"name": "cut \ud83d"}, {"text": "cut \ud83d"}):
        with pytest.raises(ValueError, match="holds half a surrogate pair"):
            crdtchat.widget("page", url="http://127.0.0.1:9", **more)  # type: ignore[arg-type]


def test_who_has_lost_the_comm_leaves_the_page(tmp_path: Path) -> None:
    """As marimo does it when a cell runs again: `close` of the comm, and not of the widget."""
    with (
        running_server(tmp_path / "data") as server,
        crdtchat.connect_blocking(server.url, page="page", name="Bob") as bob,
    ):
        shown = crdtchat.widget("page", url=server.url, name="Ann")
        wire = shown.comm = Wire()
        wire.say("connect", name="", token="", lease="")
        assert wire.sent.get(timeout=20) == "open"
        wire.say("frame", message.encode_resync(0, 0, b"\0"))
        bob.wait_for(lambda page: page.people_count == 2, 20)

        wire.close()
        bob.annotate("words", "Is anybody there?")
        bob.wait_for(lambda page: page.people_count == 1, 20)
