"""Events for those who listen, each at their own pace."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Self
from weakref import WeakSet

import anyio

from crdtchat.client.address import Address
from crdtchat.client.errors import ClientError, Closed
from crdtchat.client.news import Happening, PageEvent

LIMIT = 1_000
"""Events that wait for one listener."""


class Events:
    """What one listener has not read yet: an async iterator.

    Bounded: when `LIMIT` events wait, the oldest are dropped, and the first event read afterwards
    is a `missed-text-chats` that says how many. The page itself always has everything.
    """

    def __init__(self, end: Callable[[], ClientError | None], limit: int = LIMIT) -> None:
        """Use `Page.events`. `end` answers why there are no more events, or None."""
        self._end = end
        self._limit = limit
        self._waiting: deque[PageEvent] = deque()
        self._missed = 0
        self._wanted = anyio.Event()

    def push(self, event: PageEvent) -> None:
        """An event happened."""
        if len(self._waiting) == self._limit:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(event)
        self._wanted.set()

    def wake(self) -> None:
        """There are no more events."""
        self._wanted.set()

    def next_nowait(self) -> PageEvent | None:
        """The next event, or None if there is none now."""
        if self._missed:
            missed, self._missed = self._missed, 0
            kept = self._waiting[0]
            return PageEvent(Happening.MISSED, missed=missed, tenant=kept.tenant, page=kept.page)
        return self._waiting.popleft() if self._waiting else None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> PageEvent:
        """Wait for the next event. Ends with the page; raises Stopped if the server ended it."""
        while True:
            event = self.next_nowait()
            if event is not None:
                return event
            end = self._end()
            if isinstance(end, Closed):
                raise StopAsyncIteration
            if end is not None:
                raise end
            if self._wanted.is_set():  # Else somebody else waits for it, too.
                self._wanted = anyio.Event()
            await self._wanted.wait()


class Listeners:
    """All listeners of a page. One that nobody holds any more is forgotten."""

    def __init__(self, address: Address) -> None:
        """`address`: what the events say where they happened."""
        self._address = address
        self._all: WeakSet[Events] = WeakSet()

    def add(self, events: Events) -> Events:
        """Register a listener."""
        self._all.add(events)
        return events

    def push(self, event: PageEvent) -> None:
        """Tell everybody."""
        event = replace(event, tenant=self._address.tenant, page=self._address.page)
        for events in self._all:
            events.push(event)

    def wake(self) -> None:
        """There are no more events."""
        for events in self._all:
            events.wake()
