"""`GET /api/v1/{tenant}/events?page=ID`: the page's events as they happen (Server-Sent Events)."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Protocol

import anyio
from anyio.lowlevel import checkpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from crdtchat.access.guard import Guard
from crdtchat.access.roles import Action
from crdtchat.document.events import EVENT_NAMES, event_json
from crdtchat.document.rules import LAW
from crdtchat.host.gathering import Gathering
from crdtchat.server.doors import Doors
from crdtchat.server.problem import Problem
from crdtchat.server.rest.asking import Asked, ask, reader_of
from crdtchat.server.rest.line import FairLine
from crdtchat.stores.base import StoreError
from crdtchat.sync.effects import Publish
from crdtchat.sync.message import Event
from crdtchat.sync.retell import retell

HEARTBEAT_S = 15.0
"""Silence after which a comment is sent: proxies and readers can tell a quiet line from a dead."""
PATIENCE_S = 60.0
"""How long a reader may leave the line full."""
QUEUE = 256
"""Events that wait for one reader; beyond them it is served from the log."""
_RETRY_MS = 2_000
_AT_ONCE = 64
_HEADERS = {
    "Cache-Control": "no-store",
    # nginx would hold events back to fill its buffer.
    "X-Accel-Buffering": "no",
}
_ID = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)


async def stream_events(request: Request) -> Response:
    """Events from now on, or from those after `Last-Event-ID`.

    Where the log no longer reaches back so far, a `resync` event tells the reader to read the
    annotations anew.
    """
    asked = await ask(request, Action.READ)
    last = request.headers.get("last-event-id", "")
    known = _ID.fullmatch(last)
    if last and not known:
        raise Problem(400, "Last-Event-ID is the id of an event of this stream")
    if request.method == "HEAD":
        return Response(headers=_HEADERS, media_type="text/event-stream")
    after = (int(known[1]), int(known[2])) if known else None
    doors: Doors | None = request.app.state.doors
    address = request.client.host if request.client else ""
    place = nullcontext() if doors is None else doors.socket_of(address)
    line: FairLine = request.app.state.retelling
    turn = partial(line.turn, (asked.key.tenant, reader_of(request, asked.principal)))
    return EventStream(asked, request.app.state.guard, after, place, turn)


class Write(Protocol):
    """Writes to the reader. Raises TimeoutError if it does not read."""

    def __call__(self, text: str, *, more: bool = True) -> Awaitable[None]: ...


class EventStream(Response):
    """One reader's stream. Its memory is bounded: who is slow is served from the log."""

    media_type = "text/event-stream"

    def __init__(
        self,
        asked: Asked,
        guard: Guard,
        after: tuple[int, int] | None,
        place: AbstractContextManager[None],
        turn: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        """`after`: epoch and sequence number of what the reader has, or None for the newest.
        `place`: is held while the stream lasts, by what bounds how many one address has. `turn`:
        the log is read in it, which may be large."""
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)
        self._asked = asked
        self._guard = guard
        self._after = after
        self._place = place
        self._turn = turn
        self._cursor = 0
        """Sequence number of the last operation told."""
        self._waiting: deque[tuple[int, tuple[Event, ...]]] = deque()
        self._behind = False
        """Whether what follows the cursor has to be read from the log."""
        self._ended = False
        self._wanted = anyio.Event()

    def end(self) -> None:
        """Tell the reader no more."""
        self._ended = True
        self._wanted.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._asked
        room = await asked.hub.open(asked.key)
        stop = room.listen(self._hear)
        try:
            # Before the first byte: too many connections are a problem body.
            admission, page = asked.admission, asked.key.page
            guarding = self._guard.guarding(admission, page, asked.sender)
            with self._place, guarding as guarded:
                guarded.attach(lambda code, reason: self.end())
                await self._serve(room, receive, send)
        finally:
            stop()

    async def _serve(self, room: Gathering, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._await_departure, receive)
            try:
                await self._tell(room, send)
            except TimeoutError:
                self._asked.hub.counters.add("streams_stuck")
            tasks.cancel_scope.cancel()

    def _hear(self, news: Publish | None) -> None:
        if news is None:
            self.end()
            return
        told = zip(news.sequences, news.events, strict=True)
        for sequence, events in groupby(told, key=itemgetter(0)):
            self._waiting.append((sequence, tuple(event for _, event in events)))
        if len(self._waiting) > QUEUE:
            self._waiting.clear()
            self._behind = True
        self._wanted.set()

    async def _await_departure(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end()

    async def _tell(self, room: Gathering, send: Send) -> None:
        async def write(text: str, *, more: bool = True) -> None:
            body = {"type": "http.response.body", "body": text.encode(), "more_body": more}
            with anyio.fail_after(PATIENCE_S):
                await send(body)

        await send(
            {"type": "http.response.start", "status": 200, "headers": self.raw_headers},
        )
        await write(await self._opening(room))
        while not self._ended:
            self._wanted = anyio.Event()
            if self._behind:
                await self._catch_up(room, write)
            while self._waiting and not self._behind:
                count = min(len(self._waiting), _AT_ONCE)
                await write(self._told(room, [self._waiting.popleft() for _ in range(count)]))
            with anyio.move_on_after(HEARTBEAT_S) as silence:
                await self._wanted.wait()
            if silence.cancelled_caught:
                await write(":\n\n")
        await write("", more=False)

    async def _opening(self, room: Gathering) -> str:
        """The first lines: how soon to come back, and from where."""
        head = room.head
        opening = f"retry: {_RETRY_MS}\n"
        if self._after is None:
            self._cursor = head.sequence
            return f"{opening}id: {head.epoch}-{head.sequence}\n\n"
        epoch, sequence = self._after
        if epoch == head.epoch and sequence > head.sequence:
            # Another node may have told more than this one has heard of yet.
            try:
                (head,) = await self._asked.hub.store.heads([self._asked.key])
            except StoreError as error:
                if error.retry:
                    self.end()  # the reader comes back in a moment, with the id it has
                    return f"{opening}\n"
            if not room.dropped:
                room.following.look(room, head)
        if epoch != head.epoch or sequence > head.sequence:
            return f"{opening}\n{self._resync(room)}"
        self._cursor = sequence
        self._behind = sequence < room.head.sequence
        return f"{opening}\n"

    async def _catch_up(self, room: Gathering, write: Write) -> None:
        """Tell from the log what follows the cursor."""
        async with self._turn():
            frames = await self._read_log(room)
        while frames:
            await write(frames.popleft())

    async def _read_log(self, room: Gathering) -> deque[str]:
        """What the log tells, a few operations each: the log itself is let go of before any of it
        waits for the reader."""
        self._behind = False  # from here on: what is heard meanwhile may be too much as well
        frames: deque[str] = deque()
        try:
            entries = await self._asked.hub.store.since(self._asked.key, self._cursor)
        except StoreError as error:
            if error.retry:
                self.end()  # the reader comes back in a moment, with the id it has
            else:
                frames.append(self._resync(room))
            return frames
        told = []
        for sequence, entry in enumerate(entries, self._cursor + 1):
            told.append((sequence, retell(entry, room.mirror, LAW.rules)))
            if len(told) == _AT_ONCE:
                frames.append(self._told(room, told))
                told = []
                await checkpoint()
        frames.append(self._told(room, told))
        return frames

    def _told(self, room: Gathering, operations: Iterable[tuple[int, tuple[Event, ...]]]) -> str:
        """Frames of events; an operation's last one carries the id to go on from."""
        frames = []
        for sequence, events in operations:
            if sequence <= self._cursor:
                continue  # told from the log already
            self._cursor = sequence
            for event in events:
                name = EVENT_NAMES[event.kind]
                data = json.dumps(event_json(event, *self._asked.key[:2]), ensure_ascii=False)
                frames.append(f"event: {name}\ndata: {data}\n")
                if event is events[-1]:
                    frames.append(f"id: {room.room.history.epoch}-{sequence}\n")
                frames.append("\n")
        return "".join(frames)

    def _resync(self, room: Gathering) -> str:
        """Start over from now: the log does not reach back to what the reader has."""
        history = room.room.history
        self._cursor = history.sequence
        self._behind = False
        self._waiting.clear()
        tenant, page = self._asked.key[:2]
        data = json.dumps({"tenant": tenant, "page": page}, ensure_ascii=False)
        return f"event: resync\ndata: {data}\nid: {history.epoch}-{history.sequence}\n\n"
