"""Group commit: the appends of all rooms that wait, in one transaction, one after another."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from crdtchat.stores.base import Append, Conflict, Store, StoreError

Outcome = int | Conflict | StoreError
"""The new sequence number, or why there is none."""


class Committer:
    """While one transaction runs, the next gathers: load makes commits larger, not more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Append, Callable[[Outcome], None]]] = []
        self._wanted = anyio.Event()

    def submit(self, append: Append, settle: Callable[[Outcome], None]) -> None:
        """Commit soon; then `settle` is called, in this event loop, with the outcome."""
        self._waiting.append((append, settle))
        self._wanted.set()

    async def run(self) -> None:
        """Serve until cancelled; a transaction under way is finished and settled first."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            with anyio.CancelScope(shield=True):
                await self.flush()

    async def flush(self) -> None:
        """Commit what waits now."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes = await self._commit([append for append, _ in batch])
            for (_, settle), outcome in zip(batch, outcomes, strict=True):
                settle(outcome)

    async def _commit(self, appends: list[Append]) -> list[Outcome]:
        try:
            return list(await self._store.append(appends))
        except StoreError as error:
            if error.retry or len(appends) == 1:
                return [error] * len(appends)
        # One of them cannot be stored, ever: that is no reason to refuse the others.
        return [(await self._commit([append]))[0] for append in appends]
