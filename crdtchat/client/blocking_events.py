"""Events of a page for programs without an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Self

import anyio

from crdtchat.client.events import Events
from crdtchat.client.news import PageEvent
from crdtchat.client.page import Page

_Next = PageEvent | None


class BlockingEvents:
    """See `BlockingPage.events`."""

    def __init__(
        self,
        call: Callable[[Callable[[Page], Awaitable[_Next]]], _Next],
        events: Events,
        timeout: float | None,
    ) -> None:
        """Use `BlockingPage.events`."""
        self._call = call
        self._events = events
        self._timeout = timeout

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PageEvent:
        async def wait(page: Page) -> _Next:
            with anyio.move_on_after(self._timeout):
                async for event in self._events:
                    return event
            return None

        event = self._call(wait)
        if event is None:
            raise StopIteration
        return event
