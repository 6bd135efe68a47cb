"""A laptop whose lid is closed for an hour."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        processes = self._processes()
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def _processes(self) -> list[int]:
        """The browser, and all that descend from it: a renderer writes over its environment."""
        parents: dict[int, int] = {}
        found: set[int] = set()
        for one in Path("/proc").iterdir():
            # Another user's, or gone, cannot be read.
            with suppress(OSError, StopIteration):
                number = int(one.name) if one.name.isdigit() else 0
                if number and self._mark in (one / "environ").read_bytes():
                    found.add(number)
                if number:
                    lines = (one / "status").read_text().splitlines()
                    parents[number] = int(next(at for at in lines if at[:5] == "PPid:")[5:])
        while more := {one for one, parent in parents.items() if parent in found} - found:
            found |= more
        kinds = [Path(f"/proc/{one}/cmdline").read_bytes() for one in found]
        assert any(b"--type=renderer" in kind for kind in kinds), "what runs the page"
        return list(found)


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
            f"one connection and one question, not {connections}"
        )
        assert (found := stage.entries()) == (5, 5), found
