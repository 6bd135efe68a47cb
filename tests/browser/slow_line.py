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

    `freeze` makes the connections of now go silent without an end, as a forgetful router does;
    `forget` ends them on the server's side alone, as its heartbeat does later; `cut` and `mend`.
    """

    def __init__(self, target: str, delay: float) -> None:
        parts = urlsplit(target)
        assert parts.hostname and parts.port
        self._age = 0
        self._is_cut = False
        self._target = (parts.hostname, parts.port)
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._done: asyncio.Event | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._far: set[tuple[int, asyncio.StreamWriter]] = set()
        """Towards the server, with the age that a connection was made in."""
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def freeze(self) -> None:
        """From now on the connections that stand carry nothing; new ones do."""
        self._age += 1

    def forget(self) -> None:
        """The server is told that the connections that were frozen are over; the browser is not."""
        self._loop.call_soon_threadsafe(self._forget)

    def cut(self) -> None:
        """Connections break, and new ones are refused."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._break_off)

    def mend(self) -> None:
        """New connections are served again."""
        self._is_cut = False

    def _forget(self) -> None:
        for age, writer in self._far:
            if age < self._age:
                writer.close()

    def _break_off(self) -> None:
        for task in self._tasks:
            task.cancel()

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
        await asyncio.sleep(0)  # Who was let in just now is known then.
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Told to end while it waits, the task of a connection just ends: nobody awaits it.
        with contextlib.suppress(asyncio.CancelledError, OSError), contextlib.closing(writer):
            if not self._is_cut:
                far_reader, far_writer = await asyncio.open_connection(*self._target)
                with contextlib.closing(far_writer):
                    await self._join(reader, writer, far_reader, far_writer)

    async def _join(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
    ) -> None:
        far = (self._age, far_writer)
        self._far.add(far)
        try:
            await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer))
        finally:
            self._far.discard(far)

    async def _relay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        age = self._age
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK):
                await asyncio.sleep(self._delay)
                if age == self._age:
                    sink.write(chunk)
                    await sink.drain()
            if age == self._age:
                sink.close()
