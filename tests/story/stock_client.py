"""The stock Yjs client of `stock_client.mjs`, as an object."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from crdtchat.document.replica import Write, plain
from crdtchat.document.schema import ROOTS
from crdtchat.sync.update import Value
from tests.conformance.node_packages import install


class StockClient:
    """Real yjs and y-websocket in a process of their own."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in = process.stdin
        self._out = BufferedByteReceiveStream(process.stdout)
        self.pending = False

    async def sync(self) -> None:
        """Wait for the first sync."""
        await self._ask({"does": "sync"})

    async def write(self, writes: Sequence[Write]) -> None:
        """Set keys in one transaction."""
        await self._ask({"does": "write", "writes": writes})

    async def wait(self, root: str, key: str) -> None:
        """Wait until a key is there."""
        await self._ask({"does": "wait", "root": root, "key": key})

    async def values(self) -> dict[str, dict[str, Value]]:
        """All values now."""
        return await self._ask({"does": "tell"})

    async def _ask(self, request: dict[str, object]) -> dict[str, dict[str, Value]]:
        await self._in.send(json.dumps(request).encode() + b"\n")
        answer = json.loads(await self._out.receive_until(b"\n", 10_000_000))
        self.pending = answer["pending"]
        return {
            root: {key: plain(value) for key, value in entries}
            for root, entries in answer["values"].items()
        }


@asynccontextmanager
async def stock_client(socket_url: str, page: str, token: str) -> AsyncIterator[StockClient]:
    """A stock client for the length of a block."""
    script = Path(__file__).with_suffix(".mjs")
    command = ["node", str(script), str(install()), f"{socket_url}/sync/demo", page, token]
    process = await anyio.open_process([*command, ",".join(ROOTS)], stderr=None)
    try:
        yield StockClient(process)
    finally:
        process.kill()
        with anyio.CancelScope(shield=True):
            await process.wait()
            await process.aclose()
