"""Events of a page for programs without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import anyio

from crdtchat.client.events import Events
from crdtchat.client.news import PageEvent
from crdtchat.client.page import Page

if TYPE_CHECKING:
    from crdtchat.client.blocking import BlockingPage


class BlockingEvents:
    """See `BlockingPage.events`."""

    def __init__(self, page: BlockingPage, events: Events, timeout: float | None) -> None:
        """Use `BlockingPage.events`."""
        self._page = page
        self._events = events
        self._timeout = timeout

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PageEvent:
        async def wait(page: Page) -> PageEvent | None:
            with anyio.move_on_after(self._timeout):
                async for event in self._events:
                    return event
            return None

        event = self._page.call(wait)
        if event is None:
            raise StopIteration
        return event
