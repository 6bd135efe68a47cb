"""The hub: all rooms of one process. Connections are served here, whoever accepted them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import Self

import anyio
from anyio.abc import TaskGroup

from crdtchat.brokers.base import Broker
from crdtchat.document.replica import EngineFailure, Write
from crdtchat.host.attendance import Attendance
from crdtchat.host.catching_up import CatchingUp
from crdtchat.host.channel import Channel, ChannelClosed, Direct
from crdtchat.host.committer import Committer
from crdtchat.host.counters import Counters
from crdtchat.host.damage import DamagedPages, unreadable
from crdtchat.host.gathering import BACKLOG, Gathering
from crdtchat.host.hook_list import HookList
from crdtchat.host.keeping import Keeping
from crdtchat.host.neighbours import Neighbours
from crdtchat.host.sources import Sources
from crdtchat.host.timer import Timer
from crdtchat.host.usage import UsageKeeper
from crdtchat.host.version_tidying import tidy
from crdtchat.host.watch import Watch
from crdtchat.stores.base import Append, DocumentKey, Store, StoreCorrupt, StoreError
from crdtchat.sync.codes import CloseCode, close_reason
from crdtchat.sync.presence import Presence
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import SPREAD, Tuning

logger = logging.getLogger("crdtchat.host")

_DRAIN_STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Visit:
    """How somebody connects."""

    key: DocumentKey
    peer: Peer
    v1: bool
    resume: tuple[int, str] | None = None
    token: str | None = None
    """A new guest token for the client to keep."""
    page_versions: bool = False
    """Whether the client may bring and fetch page versions."""
    attach: Callable[[Callable[[CloseCode, str], None]], None] | None = None
    """Is told, once the session is open, how to end it from outside."""


class Hub:
    """`async with Hub(store) as hub`: serves until the block ends; closing commits what waits."""

    def __init__(
        self,
        store: Store,
        *,
        sources: Sources | None = None,
        tuning: Tuning | None = None,
        keeping: Keeping | None = None,
        broker: Broker | None = None,
        server: str = "",
    ) -> None:
        """`broker`: others serve the same store; this is how to reach them."""
        self.store = store
        self.counters = Counters()
        self.sources = sources or Sources()
        self._tuning = replace(tuning or Tuning(), spread_clients=SPREAD if broker else 0)
        self._keeping = keeping or Keeping()
        self._server = server
        self._committer = Committer(store)
        self._catching_up = CatchingUp(store)
        self._timer = Timer(self.sources)
        self.hooks = HookList()
        self._watch = Watch(store, self.hooks, self.rooms)
        self.neighbours = None if broker is None else Neighbours(store, broker, self.counters)
        self.usage = UsageKeeper(store, self.counters.meters, self.sources)
        self._rooms: dict[DocumentKey, Gathering | anyio.Event] = {}
        self._damaged = DamagedPages(self.counters)
        self._crowded = anyio.Event()
        self._fresh = 0
        """Rooms that were opened since they were looked after."""
        self._tasks: TaskGroup | None = None
        self._stopping = False

    async def __aenter__(self) -> Self:
        await self.hooks.refresh(self.store)
        if self.neighbours is not None:
            await self.neighbours.prepare()
        self._tasks = await anyio.create_task_group().__aenter__()
        for one in (self._committer, self._catching_up, self._timer, self._watch, self.usage):
            self._tasks.start_soon(one.run)
        self._tasks.start_soon(self._keep_house)
        self._tasks.start_soon(self.counters.refusals.run, self.store, self.sources)
        if self.neighbours is not None:
            self._tasks.start_soon(self.neighbours.run)
        return self

    async def __aexit__(self, *exception: object) -> None:
        assert self._tasks is not None
        self.stop()
        # A task that died took along those that writes wait for.
        died = self._tasks.cancel_scope.cancel_called
        with anyio.CancelScope(shield=True):
            while not died and (busy := [room for room in self.rooms() if room.room.busy]):
                for room in busy:
                    room.flush()
                await self._committer.flush()
                for room in busy:
                    if room.flying:  # behind what another node wrote
                        await room.progress.wait()
            try:
                await self.usage.flush()
                await self.counters.refusals.flush(self.store, self.sources.now().wall, last=True)
            except StoreError as error:
                logger.error("the last usage and refusals are lost: %s", error)
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)

    async def drain(self, seconds: float, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Take no more connections, and send those that are open away, evenly over `seconds` (or
        less: twenty a second), which `sleep` lets pass: other nodes get them one after another.
        Whoever is still here is served."""
        self._stopping = True
        departures = [leave for room in self.rooms() for leave in room.departures()]
        at_once = ceil(len(departures) * _DRAIN_STEP_S / seconds) if seconds else 0
        while departures and at_once:
            for leave in departures[:at_once]:
                leave()
            del departures[:at_once]
            await sleep(_DRAIN_STEP_S)

    def stop(self) -> None:
        """Take no more connections, and send every session away to reconnect (1012)."""
        self._stopping = True
        if self.neighbours is not None:
            self.neighbours.presence.leave()
        for room in self.rooms():
            room.perform(room.room.close_all(CloseCode.RESTART, "restarting"))
            room.hush()

    def rooms(self) -> list[Gathering]:
        """The open rooms."""
        return [room for room in self._rooms.values() if isinstance(room, Gathering)]

    async def open(self, key: DocumentKey) -> Gathering:
        """Find or load a room; many may ask at once, one loads.

        Raises StoreError if it cannot be loaded: an unreadable page is refused, never empty.
        """
        while True:
            found = self._rooms.get(key)
            if isinstance(found, Gathering):
                return found
            if found is not None:
                await found.wait()
                continue
            loading = self._rooms[key] = anyio.Event()
            try:
                room = self._rooms[key] = await self._load(key)
                if self.neighbours is not None:
                    self.neighbours.opened(room)
            finally:
                if self._rooms[key] is loading:
                    del self._rooms[key]
                loading.set()

    async def serve(self, channel: Channel, visit: Visit, direct: Direct | None = None) -> None:
        """Serve one connection until it ends, on either side. `direct`: the channel's short way."""
        if self._stopping:
            await channel.close(CloseCode.RESTART, "restarting")
            return
        try:
            room = await self.open(visit.key)
        except StoreError as error:
            code = CloseCode.UNAVAILABLE if error.retry else CloseCode.INTERNAL
            await channel.close(code, close_reason(error.told))
            return
        if self._stopping:  # meanwhile: those who were here have been sent away
            await channel.close(CloseCode.RESTART, "restarting")
            return
        number, wanted = room.room.join(
            visit.peer,
            v1=visit.v1,
            nonce=self.sources.nonce(),
            now=self.sources.now(),
            resume=visit.resume,
            token=visit.token,
            page_versions=visit.page_versions,
            server=self._server,
        )
        attendance = room.attend(number, direct)
        self.counters.add("connections_opened")
        try:
            room.perform(wanted)
            if visit.attach is not None:
                visit.attach(partial(room.end, number))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._send, channel, room, number, attendance, tasks)
                if direct is not None:
                    direct.listen(partial(room.receive_nowait, number))
                await self._receive(channel, room, number, attendance)
                tasks.cancel_scope.cancel()
        finally:
            if direct is not None:
                direct.listen(None)
            room.leave(number)
            self.counters.add("connections_closed")

    async def write(
        self, key: DocumentKey, peer: Peer, writes: Sequence[Write], broadcast_id: bytes
    ) -> int:
        """Write on behalf of a user without a session; answers the durable sequence number.

        Raises Refused if a rule is broken, StoreError if it cannot be saved now.
        """
        room = await self.open(key)
        return await room.write(peer, writes, broadcast_id)

    @asynccontextmanager
    async def attend(self, key: DocumentKey) -> AsyncIterator[Gathering]:
        """Use a room without a session, and keep it in memory meanwhile."""
        room = await self.open(key)
        stop = room.listen(_ignore)
        try:
            yield room
        finally:
            stop()

    async def count(self, key: DocumentKey) -> tuple[int, int]:
        """People and connections on a page, on all nodes. Raises StoreError."""
        if self.neighbours is None:
            found = self._rooms.get(key)
            presence = found.room.presence if isinstance(found, Gathering) else Presence()
        else:
            # Other nodes' people are known to who has the page open.
            async with self.attend(key) as room:
                await self.neighbours.presence.answered(room)
                presence = room.room.presence
        return presence.people, presence.connections

    async def _load(self, key: DocumentKey) -> Gathering:
        revision = self._watch.revision
        try:
            loaded = await self.store.load(key)
            room = Gathering(
                key,
                loaded,
                committer=self._committer,
                counters=self.counters,
                sources=self.sources,
                tuning=self._tuning,
                hooks=self.hooks,
                keeper=self,
            )
        except (EngineFailure, StoreCorrupt) as error:
            self._damaged.note(key, error)
            if isinstance(error, EngineFailure):
                raise unreadable(key) from error
            raise
        self._damaged.forget(key)
        room.revision = revision
        self.counters.add("rooms_opened")
        self._fresh += 1
        if self._fresh >= self._keeping.crowd:
            self._crowded.set()
        return room

    def changed(self, room: Gathering) -> None:
        """See `Keeper`."""
        if room.dropped:
            self._forget(room)
        else:
            self._timer.set(room)

    def _forget(self, room: Gathering) -> None:
        if self._rooms.get(room.key) is room:
            del self._rooms[room.key]
            if self.neighbours is not None:
                self.neighbours.closed(room)

    def tell(self, room: Gathering, append: Append) -> None:
        """See `Keeper`."""
        if self.neighbours is not None:
            self.neighbours.tell(room, append)

    def read_rest(self, room: Gathering) -> None:
        """See `Keeper`."""
        self._catching_up.ask(room)

    async def _receive(
        self, channel: Channel, room: Gathering, number: int, attendance: Attendance
    ) -> None:
        """Feed the room until the peer is gone."""
        try:
            while not room.dropped:
                frame = await channel.receive()
                attendance.reading = True
                while room.room.backlog > BACKLOG and not room.dropped:
                    await room.progress.wait()
                if not room.dropped:
                    room.receive(number, frame)
                attendance.reading = False
            await anyio.sleep_forever()
        except ChannelClosed:
            return

    async def _send(
        self,
        channel: Channel,
        room: Gathering,
        number: int,
        attendance: Attendance,
        tasks: TaskGroup,
    ) -> None:
        """Send what the room queues; the only task that writes to the channel."""
        outbox = attendance.outbox
        try:
            while True:
                attendance.idle = True
                await attendance.wanted.wait()
                attendance.wanted = anyio.Event()
                attendance.idle = False
                while outbox or outbox.behind:
                    frames = outbox.take()
                    for frame in frames:
                        await channel.send(frame)
                        attendance.count((frame,))
                    # Some are as large as the page: nothing here may hold on to them.
                    frames.clear()
                    frame = b""
                    outbox.sent()
                    if outbox.behind and not room.dropped:
                        self.counters.add("sessions_behind")
                        room.perform(room.room.drained(number))
                    if outbox.behind:
                        break  # the room is gone, or the session is closing
                if attendance.ending is not None:
                    await channel.close(*attendance.ending)
                    break
        except ChannelClosed:
            return  # the reader notices too, once it has taken what the peer said before
        tasks.cancel_scope.cancel()

    async def _keep_house(self) -> None:
        while True:
            with anyio.move_on_after(min(self._keeping.grace, 5.0) or 1.0):
                await self._crowded.wait()
            self._crowded, self._fresh = anyio.Event(), 0
            await self._tidy()

    async def _tidy(self) -> None:
        """Fold long logs into snapshots, and let go of rooms that nobody uses."""
        keeping = self._keeping
        moment = self.sources.now()
        now = moment.steady
        for room in self.rooms():
            try:
                room.room.tidy(moment)
            except EngineFailure as error:
                room.fail(error)
            if room.since_snapshot >= keeping.snapshot_live:
                await self.compact(room)
        for room in keeping.leaving(self.rooms(), now):
            if room.since_snapshot >= keeping.snapshot_entries:
                await self.compact(room)
            if not room.in_use and self._rooms.get(room.key) is room:
                self._forget(room)
                self.counters.add("rooms_evicted")

    async def compact(self, room: Gathering) -> None:
        """Fold a room's log into a snapshot."""
        if room.dropped:
            return  # while others were folded: what its document holds now nobody knows
        room.since_snapshot = 0
        try:
            state, sequence = room.replica.state(), room.room.history.sequence
            await self.store.snapshot(room.key, room.room.history.epoch, sequence, state)
            await tidy(self.store, room.key, room.replica, self.sources.now().wall)
        except StoreError as error:
            logger.warning("a snapshot could not be written: %s", error)
        except EngineFailure as error:
            room.fail(error)


def _ignore(news: object) -> None:
    """A listener that only keeps the room open."""
