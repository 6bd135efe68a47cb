"""The peer: pycrdt-websocket's own server under uvicorn, as its documentation runs it.

`python -m crdtchat.bench.peer --store FILE`: every room has its SQLiteYStore.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn
import uvloop

if TYPE_CHECKING:
    from pycrdt.store import BaseYStore


def main() -> int:
    """Serve on a free port of 127.0.0.1 until terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", required=True)
    store = parser.parse_args().store
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(store))
    return 0


async def _serve(store: str) -> None:
    from pycrdt.store import YDocNotFound
    from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom, exception_logger

    class Stored(WebsocketServer):
        """Gives every room a store."""

        async def get_room(self, name: str) -> YRoom:
            if name in self.rooms:
                return await super().get_room(name)
            kept = _store(name, store)
            room = self.rooms[name] = YRoom(ready=False, ystore=kept, log=self.log)
            await self.start_room(room)
            await kept.started.wait()
            with suppress(YDocNotFound):
                await kept.apply_updates(room.ydoc)
            room.ready = True
            await room.ydoc_observed.wait()  # what comes before is neither told nor kept
            return room

    # Without a handler that survives errors this server ends when a client vanishes.
    async with Stored(exception_handler=exception_logger) as websockets:
        app = ASGIServer(websockets)
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="auto")
        server = _Announcing(config)
        await server.serve()


def _store(name: str, file: str) -> BaseYStore:
    from pycrdt.store import SQLiteYStore

    class Store(SQLiteYStore):
        """One file for all rooms, as the library means it."""

        db_path = file

    return Store(name)


class _Announcing(uvicorn.Server):
    """Says where it listens."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        port = self.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(f"listening on http://127.0.0.1:{port}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
