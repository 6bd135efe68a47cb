"""A line of those who want what is done one at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

import anyio


class FairLine:
    """Everybody stands in it once, however much they want: nobody waits for all that another asked
    for."""

    def __init__(self) -> None:
        self._line = anyio.Lock()
        self._own: defaultdict[Hashable, anyio.Lock] = defaultdict(anyio.Lock)
        self._wanted: Counter[Hashable] = Counter()

    @asynccontextmanager
    async def turn(self, who: Hashable) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as the block."""
        self._wanted[who] += 1
        try:
            async with self._own[who], self._line:
                yield
        finally:
            self._wanted[who] -= 1
            if not self._wanted[who]:
                del self._wanted[who], self._own[who]
