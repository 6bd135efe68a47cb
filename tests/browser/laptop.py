"""A laptop whose lid is closed for an hour."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import (
    Playwright,
    WebSocket,
)

from tests.browser.conftest import FLAGS, chromium, opened_windows
from tests.browser.faults import (
    HOUR_MS,
    LINE_DOWN,
    Stage,
    expect_kept,
    expect_texts,
)
from tests.reliability.machine import Shim

RESYNC = 70
"""The message's type."""


class Laptop:
    """A Chromium of its own, whose processes stand still while its lid is closed and whose clock can be set."""

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._shim = Shim(folder)
        self._mark = f"CRDTCHAT_SHIM={folder}".encode()
        environment: dict[str, str | float | bool] = {**self._shim.environment}
        self.browser = playwright.chromium.launch(
            executable_path=chromium(), args=FLAGS, env=environment
        )

    def set_clock(self, milliseconds: int) -> None:
        """So far is its wall clock off."""
        self._shim.set(clock_ms=milliseconds)

    @contextmanager
    def lid_closed(self) -> Iterator[None]:
        """SIGSTOP, SIGCONT."""
        processes = [
            int(one.name)
            for one in Path("/proc").iterdir()
            if one.name.isdigit() and self._is_ours(one)
        ]
        assert len(processes) > 1, "a browser, and what draws its pages"
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def _is_ours(self, process: Path) -> bool:
        try:
            return self._mark in (process / "environ").read_bytes()
        except OSError:  # another user's, or gone
            return False


def asleep(stage: Stage, laptop: Laptop, seconds: float = 0.0) -> None:
    """An hour with the lid closed, a word on the way. `seconds`: of real sleep; without, the server is told at once
    what its heartbeat would find out."""
    laptop.set_clock(-HOUR_MS)
    with opened_windows(laptop.browser) as open_window:
        ann = open_window(stage.page())
        ann.expected = [*LINE_DOWN]
        ann.annotate("every ship", "First", "Ann")
        ann.expect_live()
        assert abs(ann.page.evaluate("Date.now()") - 1e3 * time.time() + HOUR_MS) < HOUR_MS / 2
        bob = stage.bob()
        bob.open("every ship")
        for window in (ann, bob):
            window.expect_people(2)
        connections: list[list[int]] = []

        def count(socket: WebSocket) -> None:
            sent: list[int] = []
            connections.append(sent)
            socket.on(
                "framesent", lambda frame: sent.append(frame[0] if isinstance(frame, bytes) else 0)
            )

        ann.page.on("websocket", count)
        stage.line.freeze()
        ann.reply("Closing the lid")
        expect_kept(ann.page, 1)
        with laptop.lid_closed():
            time.sleep(seconds)
            stage.line.forget()
            bob.expect_people(1)
            for number in range(3):
                bob.reply(f"You sleep, {number}", "Bob" if number == 0 else "")
            bob.expect_live()
            laptop.set_clock(0)
        ann.expect_live()
        for window in (ann, bob):
            expect_texts(
                window, "First", "Closing the lid", *(f"You sleep, {number}" for number in range(3))
            )
            window.expect_people(2)
        expect_kept(ann.page, 0)
        assert [sent.count(RESYNC) for sent in connections] == [1], (
            "one connection, and one question"
        )
        assert stage.entries() == (5, 5)
