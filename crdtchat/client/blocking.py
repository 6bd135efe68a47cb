"""The same page for programs without an event loop, and for notebooks."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import update_wrapper
from types import TracebackType
from typing import Any, Concatenate, NamedTuple, ParamSpec, Self, TypeVar

import anyio

from crdtchat.client.blocking_events import BlockingEvents
from crdtchat.client.blocking_loop import BlockingLoop, current_loop
from crdtchat.client.effects import Draft
from crdtchat.client.greeting import Principal
from crdtchat.client.page import Page, page_at
from crdtchat.client.presence import Person
from crdtchat.client.surroundings import locate
from crdtchat.document.view import Annotation

_P = ParamSpec("_P")
_T = TypeVar("_T")


def connect_blocking(
    url: str | None = None,
    *,
    page: str | None = None,
    tenant: str | None = None,
    token: str | None = None,
    name: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> BlockingPage:
    """Open a page without an event loop; arguments and errors are those of `connect`.

    Use it as a context manager, or keep it (in a notebook) and call `close` at the end. Pages left
    open are closed, and what was written is sent, when the interpreter exits.
    """
    # Here, and not in the thread of all pages: a server may have to be asked.
    place = locate(url, tenant, page, token, ssl_context)
    return BlockingPage(lambda: page_at(place, name, ssl_context))


def _plain(
    method: Callable[Concatenate[Page, _P], Awaitable[_T]],
) -> Callable[Concatenate[BlockingPage, _P], _T]:
    """A coroutine of `Page` as a plain call of the same name, arguments and errors."""

    def carry_out(self: BlockingPage, /, *args: _P.args, **named: _P.kwargs) -> _T:
        return self.call(lambda page: method(page, *args, **named))

    update_wrapper(carry_out, method)
    return carry_out


class BlockingPage:
    """`Page`, with plain calls. Made by `connect_blocking`; may be used from any thread."""

    def __init__(self, make: Callable[[], Page]) -> None:
        """Use `connect_blocking`."""
        self._loop = current_loop()
        opened: Future[_Held] = Future()
        try:
            self._held = self._loop.portal.start_task_soon(_hold, self._loop, make, opened)
            self._page, self._leave = opened.result()
        except BaseException:
            # Of an interrupted wait nobody has the page, to leave it.
            if not opened.cancel() and opened.exception() is None:
                self._loop.tell(opened.result().leave, False)
            raise
        self._loop.lodgers.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._let_go(flush=error is None)
        if error is None:
            self._wait_closed()

    def __del__(self) -> None:
        if hasattr(self, "_leave"):
            self._let_go(flush=True)

    def close(self) -> None:
        """Leave the page. Waits for what was written; raises NotSaved if something was not saved.
        A second call does nothing, nor does one in a process that was forked since."""
        if not self._held.done():
            self.leave()
            self._wait_closed()

    # ---- reading

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """See `Page.annotations`."""
        return self._look(lambda page: page.annotations)

    def annotation(self, aid: str) -> Annotation | None:
        """See `Page.annotation`."""
        return self._look(lambda page: page.annotation(aid))

    def to_dataframe(self) -> Any:
        """See `Page.to_dataframe`."""
        return self._look(lambda page: page.to_dataframe())

    @property
    def people(self) -> tuple[Person, ...]:
        """See `Page.people`."""
        return self._look(lambda page: page.people)

    @property
    def people_count(self) -> int:
        """See `Page.people_count`."""
        return self._look(lambda page: page.people_count)

    @property
    def connection_count(self) -> int:
        """See `Page.connection_count`."""
        return self._look(lambda page: page.connection_count)

    @property
    def me(self) -> Principal | None:
        """See `Page.me`."""
        return self._look(lambda page: page.me)

    @property
    def token(self) -> str:
        """See `Page.token`."""
        return self._look(lambda page: page.token)

    @property
    def state(self) -> str:
        """See `Page.state`."""
        return self._look(lambda page: page.state)

    @property
    def trouble(self) -> str:
        """See `Page.trouble`."""
        return self._look(lambda page: page.trouble)

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """See `Page.drafts`."""
        return self._look(lambda page: page.drafts)

    @property
    def unsaved(self) -> int:
        """See `Page.unsaved`."""
        return self._look(lambda page: page.unsaved)

    def export(self) -> bytes:
        """See `Page.export`."""
        return self._look(lambda page: page.export())

    def events(self, timeout: float | None = None) -> BlockingEvents:
        """What others do from now on: `for event in page.events(timeout=60):`.

        The loop ends when nothing happens for `timeout` seconds (None: it waits for ever), and
        with the page. Otherwise as `Page.events`.
        """
        return BlockingEvents(self.call, self._look(lambda page: page.events()), timeout)

    page_text = _plain(Page.page_text)
    anchor_all = _plain(Page.anchor_all)
    export_json = _plain(Page.export_json)
    import_json = _plain(Page.import_json)

    # ---- writing

    annotate = _plain(Page.annotate)
    reply = _plain(Page.reply)
    edit = _plain(Page.edit)
    resolve = _plain(Page.resolve)
    reopen = _plain(Page.reopen)
    reattach = _plain(Page.reattach)
    follow = _plain(Page.follow)
    delete = _plain(Page.delete)
    hide = _plain(Page.hide)
    unhide = _plain(Page.unhide)
    lock = _plain(Page.lock)
    unlock = _plain(Page.unlock)
    react = _plain(Page.react)
    unreact = _plain(Page.unreact)
    show = _plain(Page.show)

    def discard(self, draft: Draft) -> None:
        """See `Page.discard`."""
        self._look(lambda page: page.discard(draft))

    def forget_unsaved(self) -> None:
        """See `Page.forget_unsaved`."""
        self._look(lambda page: page.forget_unsaved())

    # ---- waiting

    def wait_live(self, timeout: float | None = None) -> None:
        """See `Page.wait_live`. Raises TimeoutError after `timeout` seconds."""
        self.call(lambda page: page.wait_live(), timeout)

    def wait_saved(self, timeout: float | None = None) -> None:
        """See `Page.wait_saved`. Raises TimeoutError after `timeout` seconds."""
        self.call(lambda page: page.wait_saved(), timeout)

    def wait_for(self, condition: Callable[[Page], bool], timeout: float | None = None) -> None:
        """See `Page.wait_for`: the condition is asked in the thread that owns the page. Raises
        TimeoutError after `timeout` seconds."""
        self.call(lambda page: page.wait_for(condition), timeout)

    def call(self, function: Callable[[Page], Awaitable[_T]], timeout: float | None = None) -> _T:
        """Carry out `function(page)` in the thread that owns the page, and wait for it.

        Interrupting it (Ctrl-C, a notebook's stop button) cancels what it waits for. Raises
        TimeoutError after `timeout` seconds.
        """

        async def carry_out() -> _T:
            with anyio.fail_after(timeout):
                return await function(self._page)

        return self._loop.wait(carry_out)

    # ---- inside

    def leave(self) -> None:
        """Begin to close, without waiting."""
        self._let_go(flush=True)

    def wait_left(self) -> BaseException | None:
        """Wait until it is closed; answers what it would have raised."""
        return self._held.exception()

    def _wait_closed(self) -> None:
        if self._loop.is_here:
            self._held.result()

    def _look(self, function: Callable[[Page], _T]) -> _T:
        return self._loop.portal.call(function, self._page)

    def _let_go(self, *, flush: bool) -> None:
        """Ask the page's task to end; does not wait, so that it may be called from anywhere."""
        if not self._held.done():
            self._loop.tell(self._leave, flush)


class _Held(NamedTuple):
    """A page that is open in the loop's thread."""

    page: Page
    leave: Callable[[bool], None]


async def _hold(loop: BlockingLoop, make: Callable[[], Page], opened: Future[_Held]) -> None:
    """Keep a page open until told to leave: one task enters and leaves it."""
    left = anyio.Event()
    hurry = False

    def leave(flush: bool) -> None:
        nonlocal hurry
        hurry = not flush
        left.set()

    try:
        with loop.while_awaited(opened):
            async with make() as page:
                if not opened.set_running_or_notify_cancel():
                    return
                opened.set_result(_Held(page, leave))
                await left.wait()
                if hurry:
                    page.forget_unsaved()
    except BaseException as error:
        if not opened.done():
            opened.set_exception(error)
        raise
