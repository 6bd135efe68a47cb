"""Several processes behind one port: started, started again when they die, and ended together.

1. Each is a node like any other: it shares nothing with the others but the store, and messages.
2. One that dies is started anew, at once the first time, later if it does not come up, or the
   system cannot start it.
3. If one does not come up at the very start, none stays.
4. A signal to end is passed on to all, and the parent waits for them.
"""

from __future__ import annotations

import logging
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from math import inf

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from crdtchat.brokers.local import GONE
from crdtchat.brokers.switch import Switch
from crdtchat.server.listening import reserve
from crdtchat.server.settings import Settings
from crdtchat.server.work import Task

logger = logging.getLogger("crdtchat.server")

_PAUSES_S = (0.0, 1.0, 2.0, 5.0, 10.0)
"""Before a worker is started again, by how often in a row it did not come up."""
_LONGEST = 65_536
"""Bytes of what a worker says when it listens."""


def serve_with_workers(settings: Settings, say: Callable[[str], object]) -> int:
    """Serve until a signal ends it; answers the exit status. `say` writes to standard output.

    Raises BadSetting.
    """
    with ExitStack() as stack:
        reserved = [stack.enter_context(one) for one in reserve(settings.host, settings.port)]
        port = reserved[0].getsockname()[1]
        workers = Workers(replace(settings, port=port), say)
        return anyio.run(workers.run)


def tell(process: Process, number: signal.Signals) -> None:
    """Send a signal to a process, which may have ended since."""
    with suppress(ProcessLookupError):
        process.send_signal(number)


@dataclass(slots=True)
class _Post:
    """The place of one worker."""

    number: int
    process: Process | None = None
    up: bool = False
    failures: int = 0


class Workers:
    """See the numbered promises above."""

    def __init__(self, settings: Settings, say: Callable[[str], object]) -> None:
        self._settings = settings
        self._say = say
        self._posts = [_Post(number) for number in range(1, settings.workers + 1)]
        self._news = Switch()
        self._figures = Switch()
        self._announced = False
        self._ending = False
        self._status = 0

    async def run(self) -> int:
        """Serve until a signal ends it; answers the exit status."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen_to_signals)
            async with anyio.create_task_group() as keeping:
                for post in self._posts:
                    keeping.start_soon(self._keep, post)
            tasks.cancel_scope.cancel()
        return self._status

    async def _listen_to_signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for number in signals:
                # ^C a second time: they do not wait for anybody any more.
                self._end(number if self._ending else signal.SIGTERM)

    def _end(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._ending = True
        for post in self._posts:
            if post.process is not None:
                tell(post.process, number)

    async def _keep(self, post: _Post) -> None:
        """Start a worker again and again."""
        while not self._ending:
            post.up = False
            try:
                status = await self._watch(post)
            except OSError as error:
                status, what = 1, f"cannot be started, and is tried again: {error.strerror}"
            else:
                how = f"by signal {-status}" if status < 0 else f"with status {status}"
                what = f"ended {how} and is started again"
            if self._ending:
                return
            if not self._announced:
                self._status = status if status > 0 else 1
                self._end()
                return
            logger.error("worker %d %s", post.number, what)
            post.failures = 0 if post.up else post.failures + 1
            await anyio.sleep(_PAUSES_S[min(post.failures, len(_PAUSES_S) - 1)])

    async def _watch(self, post: _Post) -> int:
        """Start a worker and see it to its end; answers its status. Raises OSError if the system
        cannot start it."""
        with ExitStack() as stack, ExitStack() as ours:
            pairs = [socket.socketpair() for _ in range(2)]
            for here, there in pairs:
                ours.enter_context(here)
                stack.enter_context(there)
            numbers = [there.fileno() for _, there in pairs]
            task = Task(self._settings, post.number, len(self._posts), *numbers)
            process = await anyio.open_process(
                [sys.executable, "-m", "crdtchat.server.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None,
                pass_fds=numbers,
                # ^C in a terminal is for the parent, which passes on what it means.
                start_new_session=True,
            )
            ours.pop_all()
        post.process = process
        async with process, anyio.create_task_group() as tasks:
            tasks.start_soon(self._news.serve, pairs[0][0])
            tasks.start_soon(self._figures.serve, pairs[1][0])
            tasks.start_soon(self._speak, post, process, pickle.dumps(task))
            if self._ending:
                tell(process, signal.SIGTERM)
            await process.wait()
            tasks.cancel_scope.cancel()
        post.process = None
        return process.returncode or 0

    async def _speak(self, post: _Post, process: Process, task: bytes) -> None:
        """Tell a worker what to do, and hear what it says once it listens."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            await process.stdin.send(task)
            answer = BufferedByteReceiveStream(process.stdout)
            said = await answer.receive_until(b"\0", _LONGEST)
        except (*GONE, anyio.ClosedResourceError):
            return  # it ended; whoever waits for that learns how
        post.up = True
        if not self._announced and all(other.up for other in self._posts):
            self._announced = True
            self._say(f"{said.decode()}  workers: {len(self._posts)}\n")
        await anyio.sleep(inf)
