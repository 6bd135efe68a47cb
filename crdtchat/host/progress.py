"""Whoever waits for a room's appends to end."""

from __future__ import annotations

import anyio
from anyio.lowlevel import checkpoint


class Progress:
    """Wakes those who wait. Mostly nobody does, and then it makes no event: that would cost a fifth
    of all else that is done when an append has ended."""

    def __init__(self) -> None:
        self._event: anyio.Event | None = None
        self._is_over = False

    async def wait(self) -> None:
        """Return when the next append has ended, or there will be none."""
        if self._is_over:
            await checkpoint()
            return
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()

    def tell(self) -> None:
        """An append has ended."""
        if self._event is not None:
            self._event.set()
            self._event = None

    def end(self) -> None:
        """There will be none: nobody waits from now on."""
        self._is_over = True
        self.tell()
