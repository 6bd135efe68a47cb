"""Group commit: the appends of all rooms that wait, in one transaction, one after another."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import anyio

from crdtchat.stores.base import Append, CallSoon, Conflict, PromptStore, Store, StoreError
from crdtchat.stores.loops import soon_in_this_loop
from crdtchat.stores.outage import Outage

logger = logging.getLogger("crdtchat.host")

Outcome = int | Conflict | StoreError
"""The new sequence number, or why there is none."""

_Waiting = tuple[Append, Callable[[Outcome], None]]

PAUSE_S = 0.005
"""Seconds that rooms wait for each other's company after a transaction that several shared."""


class Committer:
    """While one transaction runs, the next gathers: load makes commits larger, not more.

    A transaction costs as much as four operations in it. After one that several rooms shared there
    is a pause, in which the next gathers company: a quarter to a third of the server's CPU less,
    measured with 200 rooms at 1,000 and 500 operations a second. After one of a single room there
    is none: neither a page that is written on alone nor a program that waits for each of its
    writes is held up.

    With a prompt store a transaction begins in the same breath as the append that asks for it, and
    is settled by the callback that says it is on disk: on an idle page every turn of the event
    loop that is spared is a tenth of the time until others see a change.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._outage = Outage(logger, "what people write cannot be saved")
        self._prompt = store if isinstance(store, PromptStore) else None
        self._waiting: list[_Waiting] = []
        self._wanted = anyio.Event()
        self._soon: CallSoon | None = None
        """How a prompt store calls back; None for other stores, and until `run`."""
        self._alone: deque[_Waiting] = deque()
        """Of a transaction that can never be stored: tried one by one."""
        self._under_way = False
        self._pausing = False
        self._ended = anyio.Event()
        """Set, and made anew, whenever a prompt transaction has ended."""
        self._failure: BaseException | None = None

    def submit(self, append: Append, settle: Callable[[Outcome], None]) -> None:
        """Commit soon; then `settle` is called, in this event loop, with the outcome."""
        self._waiting.append((append, settle))
        if self._soon is None:
            self._wanted.set()
        elif not self._pausing:
            self._begin()

    async def run(self) -> None:
        """Serve until cancelled; a transaction under way is finished and settled first.

        Raises what a `settle` raises.
        """
        if self._prompt is not None:
            self._soon = soon_in_this_loop()
            self._begin()
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            if self._failure is not None:
                raise self._failure
            if self._pausing:
                await anyio.sleep(PAUSE_S)
                self._pausing = False
                self._begin()
                continue
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def flush(self) -> None:
        """Commit what waits now."""
        while self._under_way or self._alone:
            await self._ended.wait()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await self._commit([append for append, _ in batch])
            for (_, settle), outcome in zip(batch, outcomes, strict=True):
                settle(outcome)

    async def _commit(self, appends: list[Append]) -> list[Outcome]:
        try:
            outcomes: list[Outcome] = list(await self._store.append(appends))
        except StoreError as error:
            if error.retry or len(appends) == 1:
                self._outage.goes_on(error)
                return [error] * len(appends)
        else:
            self._outage.is_over()
            return outcomes
        # One of them cannot be stored, ever: that is no reason to refuse the others.
        return [(await self._commit([append]))[0] for append in appends]

    # ---- the same without tasks

    def _begin(self) -> None:
        store, soon = self._prompt, self._soon
        if self._under_way or store is None or soon is None:
            return
        if self._alone:
            batch = [self._alone.popleft()]
        elif self._waiting:
            batch, self._waiting = self._waiting, []
        else:
            return
        self._under_way = True
        store.append_soon([append for append, _ in batch], partial(self._end, batch), soon)

    def _end(
        self, batch: list[_Waiting], outcome: Sequence[int | Conflict] | BaseException
    ) -> None:
        try:
            if isinstance(outcome, StoreError):
                if not outcome.retry and len(batch) > 1:
                    self._alone.extend(batch)
                else:
                    self._outage.goes_on(outcome)
                    for _, settle in batch:
                        settle(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                self._outage.is_over()
                for (_, settle), one in zip(batch, outcome, strict=True):
                    settle(one)
        except BaseException as error:  # noqa: BLE001 - there is no task here: `run` raises it
            self._failure = error
            self._wanted.set()
        # Not before: a transaction of those that settled first would be small, and its thread
        # would take turns with this one for as long as the others settle.
        self._under_way = False
        ended, self._ended = self._ended, anyio.Event()
        ended.set()
        if len(batch) > 1 and not self._alone:
            self._pausing = True
            self._wanted.set()
        else:
            self._begin()
