"""A plain TCP balancer as a process of its own: `python -m tests.nodes.balancer PORT PORT ...`.

Each connection goes to the next server in the circle, past those that refuse it. Prints its port.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import count

import uvloop


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(ports: list[int]) -> None:
    """Until it is killed."""
    turns = count()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in ports:
            try:
                there = await asyncio.open_connection("127.0.0.1", ports[next(turns) % len(ports)])
            except OSError:
                continue
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
            return
        writer.close()

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0, backlog=1_024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve([int(port) for port in sys.argv[1:]]))
