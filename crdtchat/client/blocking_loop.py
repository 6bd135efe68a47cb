"""The thread that runs the event loop of all blocking pages.

It owns their documents: an engine document must never be touched from two threads, so every call,
also every look, is carried out there.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, TypeVarTuple
from weakref import WeakSet

import anyio
from anyio.from_thread import BlockingPortal

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class Lodger(Protocol):
    """What has tasks in the thread that are to end before it does."""

    def leave(self) -> None:
        """Begin to end, without waiting."""

    def wait_left(self) -> BaseException | None:
        """Wait until it has ended; answers what its owner should know."""


class BlockingLoop:
    """The thread of all blocking pages of this process."""

    def __init__(self) -> None:
        ready: Future[BlockingPortal] = Future()
        self.process = os.getpid()
        self.lodgers: WeakSet[Lodger] = WeakSet()
        self.running = True
        self._thread = threading.Thread(
            target=anyio.run, args=(_serve, ready), name="crdtchat", daemon=True
        )
        self._thread.start()
        self._portal = ready.result()
        atexit.register(self._exit)

    @property
    def is_here(self) -> bool:
        """Whether the thread is in this process: it stays behind when one is forked."""
        return os.getpid() == self.process

    @property
    def portal(self) -> BlockingPortal:
        """The way into the thread. Raises RuntimeError in a forked child: threads stay behind."""
        if not self.is_here:
            raise RuntimeError("the page was opened before this process was forked; open it here")
        return self._portal

    def tell(self, function: Callable[[*_Ts], None], *arguments: *_Ts) -> None:
        """Call a function in the thread soon, without waiting; from any thread, also its own."""
        if not self.running or not self.is_here:
            return
        if threading.get_ident() == self._thread.ident:
            function(*arguments)
        else:
            self._portal.start_task_soon(function, *arguments)

    def wait(self, function: Callable[[], Awaitable[_T]]) -> _T:
        """Carry out a function in the thread, and wait for what it answers or raises. If the wait
        is interrupted the function is cancelled."""
        awaited: Future[None] = Future()

        async def carry_out() -> _T:
            with self.while_awaited(awaited):
                return await function()

        try:
            return self.portal.start_task_soon(carry_out).result()
        except BaseException:
            awaited.cancel()
            raise

    @contextmanager
    def while_awaited(self, awaited: Future[Any]) -> Iterator[None]:
        """In the thread: what is within is cancelled when this future is, from any thread.

        It is there before the task is: an interrupt can come between the start of a task and the
        moment in which its starter knows it.
        """
        with anyio.CancelScope() as scope:

            def tell(awaited: Future[Any]) -> None:
                if awaited.cancelled():
                    self.tell(scope.cancel)

            awaited.add_done_callback(tell)
            yield

    def _exit(self) -> None:
        """Close what is open, send what was written, and end the thread."""
        if not self.is_here:
            return
        lodgers = list(self.lodgers)
        for lodger in lodgers:
            lodger.leave()
        try:
            for error in [lodger.wait_left() for lodger in lodgers]:
                if error is not None:
                    sys.excepthook(type(error), error, error.__traceback__)
        finally:
            self.running = False
            self._portal.start_task_soon(self._portal.stop)
            self._thread.join()


async def _serve(ready: Future[BlockingPortal]) -> None:
    async with BlockingPortal() as portal:
        ready.set_result(portal)
        await portal.sleep_until_stopped()


_lock = threading.Lock()
_current: BlockingLoop | None = None


def current_loop() -> BlockingLoop:
    """The loop of this process; a forked child gets its own."""
    global _current
    with _lock:
        if _current is None or _current.process != os.getpid():
            _current = BlockingLoop()
        return _current
