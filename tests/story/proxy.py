"""A TCP proxy that can be cut, to take one client off the network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc
from anyio.abc import ByteStream, SocketStream


class Proxy:
    """Forwards to `port` of this machine while it is not cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._scopes: set[anyio.CancelScope] = set()
        self._cut = False
        self.url = ""

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        self._cut = True
        for scope in self._scopes:
            scope.cancel()

    def heal(self) -> None:
        """Forward again."""
        self._cut = False

    async def handle(self, client: SocketStream) -> None:
        """One connection."""
        async with client:
            if self._cut:
                return
            with anyio.CancelScope() as scope:
                self._scopes.add(scope)
                try:
                    server = await anyio.connect_tcp("127.0.0.1", self._target)
                    async with server, anyio.create_task_group() as tasks:
                        tasks.start_soon(self._copy, client, server, scope)
                        tasks.start_soon(self._copy, server, client, scope)
                except OSError:
                    return
                finally:
                    self._scopes.discard(scope)

    async def _copy(self, source: ByteStream, target: ByteStream, scope: anyio.CancelScope) -> None:
        try:
            async for chunk in source:
                await target.send(chunk)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        scope.cancel()


@asynccontextmanager
async def running_proxy(port: int) -> AsyncIterator[Proxy]:
    """A proxy on a free port for the length of a block."""
    proxy = Proxy(port)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    bound = listener.extra(anyio.abc.SocketAttribute.local_port)
    proxy.url = f"http://127.0.0.1:{bound}"
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, proxy.handle)
        yield proxy
        tasks.cancel_scope.cancel()
