"""A bad line between a browser and a server: every byte is late, and sometimes nothing comes through."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Self
from urllib.parse import urlsplit

CHUNK = 4_096


class SlowLine:
    """A TCP relay in a thread. `delay` seconds each way.

    `freeze` makes the connections of now go silent without an end, as a forgetful router does.
    """

    def __init__(self, target: str, delay: float) -> None:
        parts = urlsplit(target)
        assert parts.hostname and parts.port
        self._age = 0
        self._target = (parts.hostname, parts.port)
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._done: asyncio.Event | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def freeze(self) -> None:
        """From now on the connections that stand carry nothing; new ones do."""
        self._age += 1

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._done is not None
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        self._done = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._done.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        try:
            # Told to end while it waits, the task of a connection just ends: nobody awaits it.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(
                    self._relay(reader, far_writer), self._relay(far_reader, writer)
                )
        finally:
            for end in (writer, far_writer):
                end.close()

    async def _relay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        age = self._age
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK):
                await asyncio.sleep(self._delay)
                if age == self._age:
                    sink.write(chunk)
                    await sink.drain()
            sink.close()
