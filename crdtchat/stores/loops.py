"""Back into an event loop from another thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, cast

from anyio.lowlevel import current_token


class _Trio(Protocol):
    def run_sync_soon(self, call: Callable[[], object]) -> None: ...


def soon_in_this_loop() -> Callable[[Callable[[], object]], None]:
    """Return what calls a function in the running event loop, from any thread.

    A loop that has ended calls nothing: nobody waits there any more.
    """
    loop = current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        call: Callable[[Callable[[], object]], object] = loop.call_soon_threadsafe
    else:
        call = cast(_Trio, loop).run_sync_soon

    def soon(function: Callable[[], object]) -> None:
        # Both loops say with a RuntimeError that they have ended.
        with suppress(RuntimeError):
            call(function)

    return soon
