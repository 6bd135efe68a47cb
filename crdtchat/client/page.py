"""One annotated page: the asynchronous client."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, SupportsIndex

import anyio
from anyio.abc import TaskGroup

from crdtchat.client.actions import Actions
from crdtchat.client.address import Address
from crdtchat.client.api import Api
from crdtchat.client.attaching import Attaching
from crdtchat.client.effects import Draft
from crdtchat.client.errors import ClientError, Closed, NotSaved, QueueFull, ReadOnly, Stopped
from crdtchat.client.events import Events, Listeners
from crdtchat.client.exchanging import Exchanging
from crdtchat.client.greeting import Principal
from crdtchat.client.intents import Operation
from crdtchat.client.line import Line, now_ms
from crdtchat.client.moderating import Moderating
from crdtchat.client.page_texts import PageTexts
from crdtchat.client.place import well_formed, whole
from crdtchat.client.presence import Person
from crdtchat.client.provider import NORMAL, Phase, Provider
from crdtchat.client.surroundings import Place, locate
from crdtchat.client.table import to_dataframe
from crdtchat.document.records import InvalidRecord
from crdtchat.document.schema import is_id
from crdtchat.document.view import Annotation, read_view
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.wire import MAX_UINT

QUEUE = 10_000
"""Operations that may wait for a connection."""
FLUSH_S = 10.0
"""How long leaving a page waits for what was written to be saved."""


def connect(
    url: str | None = None,
    *,
    page: str | None = None,
    tenant: str | None = None,
    token: str | None = None,
    name: str | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> Page:
    """Open a page: `async with crdtchat.connect("http://127.0.0.1:8000", page="...") as page:`.

    Runs on asyncio and trio. Entering waits until the page is there, or the first attempt to
    connect has failed: then the page is offline, takes writes, and goes on trying. Entering raises
    `Stopped` if the server refuses for good (sign in, no such tenant). Leaving waits up to
    `FLUSH_S` seconds for what was written, and raises `NotSaved` if something was not.

    url: the server; by default the environment's `CRDTCHAT_URL`. In a notebook of a Jupyter server
    with crdtchat nothing need be given: it is found, with the notebook's page, and you are that
    server's user; for this the server is asked, and its answer waited for. Raises ValueError
    where no server or no page is found, and for a URL with a user or a password in it.
    tenant: by default `demo`.
    token: who you are; by default `CRDTCHAT_TOKEN`. Without one you are a guest called `name`.

    Between the program and a server elsewhere stands the proxy of the environment, if it names one
    (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`): one of `http://`, which lets CONNECT
    through to the server's port. This machine's own servers are asked straight.
    """
    return page_at(locate(url, tenant, page, token, ssl_context), name, ssl_context)


def page_at(place: Place, name: str | None, ssl_context: ssl.SSLContext | None) -> Page:
    """The page of a place, as `connect` opens it. Raises ValueError."""
    address = Address(place.url, place.tenant, place.page, place.direct)
    name = well_formed(name or "", "the name")
    return Page(address, token=place.token, name=name, ssl_context=ssl_context)


class Page(Attaching, Moderating, Exchanging):
    """A live copy of one page's annotations. Made by `connect`; use it in one event loop only.

    Writing never waits for the network: what you write is on `annotations` at once and is sent
    when the connection allows. `wait_saved` tells whether it arrived.
    """

    def __init__(
        self,
        address: Address,
        *,
        token: str,
        name: str,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        """Use `connect`."""
        self._provider = Provider()
        self._actions = Actions(self._provider, secrets.token_bytes)
        self._listeners = Listeners(address)
        self._line = Line(
            self._provider,
            address,
            token=token,
            name=name,
            context=ssl_context,
            on_event=self._listeners.push,
            on_change=self._note_change,
        )
        self._api = Api(address, self._token_now, ssl_context)
        self._texts = PageTexts(
            self._api,
            self._provider.outbox,
            is_refused=self._is_refused,
            is_offered=self._keeps_versions,
        )
        self._address = address
        self._changed = anyio.Event()
        self._sent = anyio.Event()
        self._tasks: TaskGroup | None = None
        self._closed = False
        self._flushes = True
        self.flush_s = FLUSH_S
        """Seconds that leaving waits at most for what was written."""
        self._told_drafts = 0
        self._view: tuple[int, tuple[Annotation, ...]] = (-1, ())

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise RuntimeError("a page is opened once; connect again")
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        try:
            await self._tasks.start(self._line.run)
            self._tasks.start_soon(self._send_texts)
            if self._provider.phase is Phase.STOPPED:
                raise Stopped(*self._provider.stopped)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None and self._flushes:
                await self._flush()
        finally:
            await self._end()

    # ---- reading

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """All annotations with their threads, oldest first; comments in order of (created, cid).

        Includes what was written here and is not saved yet. The records never change: look again.
        """
        version, view = self._view
        if version != self._provider.version:
            view = read_view(self._provider, hidden=self._moderates)
            self._view = (self._provider.version, view)
        return view

    def annotation(self, aid: str) -> Annotation | None:
        """One annotation, or None if there is none of that id."""
        return next((found for found in self.annotations if found.aid == aid), None)

    def to_dataframe(self) -> Any:
        """All comments as a pandas DataFrame, one row each. Raises ImportError without pandas."""
        return to_dataframe(self.annotations)

    def events(self) -> Events:
        """What others do from now on: `async for event in page.events()`.

        Own changes are no news. A slow reader loses the oldest events, and is told so (see
        `Events`).
        """
        return self._listeners.add(Events(self._why_ended))

    @property
    def people(self) -> tuple[Person, ...]:
        """Who is here, this connection included; at most 50 are named. Empty while offline."""
        return self._provider.presence.here

    @property
    def people_count(self) -> int:
        """How many different people are here, exactly; 0 while offline."""
        return self._provider.presence.people

    @property
    def connection_count(self) -> int:
        """How many connections are open on this page, exactly; 0 while offline."""
        return self._provider.presence.connections

    @property
    def me(self) -> Principal | None:
        """Who the server says you are; None before the first connection."""
        greeting = self._provider.greeting
        return greeting.principal if greeting else None

    @property
    def token(self) -> str:
        """What this client signs in with: the token given, or the one the server gave a guest."""
        return self._line.token

    @property
    def state(self) -> str:
        """`connecting`, `live`, `offline` (trying again), `stopped` (refused) or `closed`."""
        if self._closed:
            return "closed"
        phase = self._provider.phase
        if phase is Phase.JOINING or (phase is Phase.OFFLINE and self._line.dialing):
            return "connecting"
        return str(phase)

    @property
    def trouble(self) -> str:
        """Why the newest connection ended or could not be made; empty if there was no trouble."""
        return self._line.trouble

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """What the server refused, with its code and reason: the text is still here."""
        return tuple(self._provider.drafts)

    @property
    def unsaved(self) -> int:
        """How many operations the server has not acknowledged."""
        return len(self._provider.outbox)

    def export(self) -> bytes:
        """The page's document as one Yjs v1 update, without what is unsaved."""
        return self._provider.state()

    # ---- the rest of writing is in `Writing`

    async def show(
        self,
        *,
        typing: str | None = None,
        selection: tuple[SupportsIndex, SupportsIndex] | None = None,
    ) -> None:
        """Tell others what you do: typing in the thread of an annotation id, and the code-point
        offsets of what you selected. Without arguments: nothing. Raises InvalidRecord for what is
        neither."""
        if typing and not is_id(typing):
            raise InvalidRecord(f"not an annotation id: {typing[:64]!r}")
        span = None if selection is None else (whole(selection[0]), whole(selection[1]))
        if span is not None and not 0 <= span[0] <= span[1] <= MAX_UINT:
            raise InvalidRecord("the selection ends before it begins, or nowhere")
        self._line.perform(self._provider.receive_activity(typing, span))
        await anyio.lowlevel.checkpoint()

    def discard(self, draft: Draft) -> None:
        """Forget a draft. Raises ValueError if it is not among `drafts`."""
        index = self._provider.drafts.index(draft)
        del self._provider.drafts[index]
        self._told_drafts -= index < self._told_drafts

    def forget_unsaved(self) -> None:
        """Leaving will not wait for what is unsaved, and not complain about it."""
        self._flushes = False

    # ---- waiting

    async def wait_live(self) -> None:
        """Wait until the page is connected and up to date. Raises Stopped."""
        await self._wait(lambda: self._provider.phase is Phase.LIVE)

    async def wait_saved(self) -> None:
        """Wait until the server has everything that was written here, on disk.

        Raises NotSaved if it refused something since the last time (see `drafts`), and Stopped.
        """
        await self._wait(lambda: not self._provider.outbox or self._new_drafts())
        drafts = self._new_drafts()
        self._told_drafts = len(self._provider.drafts)
        if drafts:
            raise NotSaved(drafts, self.unsaved)

    async def wait_for(self, condition: Callable[[Page], bool]) -> None:
        """Wait until `condition(page)` holds; it is asked again after every change. Raises
        Stopped."""
        await self._wait(lambda: condition(self))

    # ---- inside

    async def _wait(self, condition: Callable[[], object]) -> None:
        await anyio.lowlevel.checkpoint()
        while not condition():
            end = self._why_ended()
            if end is not None:
                raise end
            await self._changed.wait()

    def _new_drafts(self) -> list[Draft]:
        return self._provider.drafts[self._told_drafts :]

    def _check_text(self, text: str) -> None:
        greeting = self._provider.greeting
        most = greeting.comment_cp if greeting else 0
        if most and len(text) > most:
            raise InvalidRecord(f"the comment has {len(text)} characters, {most} are allowed here")

    def _tick(self) -> int:
        return self._provider.clock.tick(now_ms())

    async def _submit(self, operation: Operation, text: str | None = None) -> None:
        # Who is cancelled here has written nothing; nobody is once it is written.
        await anyio.lowlevel.checkpoint_if_cancelled()
        greeting = self._provider.greeting
        end = self._why_ended()
        if end is not None:
            raise end
        if greeting is not None and greeting.readonly:
            raise ReadOnly(f"the role {greeting.principal.role} may not write here")
        if operation.size > (greeting.update_bytes if greeting else OPERATION.update_bytes):
            raise InvalidRecord("too much for one change")
        if len(self._provider.outbox) >= QUEUE:
            raise QueueFull(f"{QUEUE} changes wait for a connection")
        if text is not None:
            self._texts.owe(operation, text)
        self._line.perform(self._provider.submit(operation, now_ms()))
        await anyio.lowlevel.cancel_shielded_checkpoint()

    def _keeps_versions(self) -> bool:
        greeting = self._provider.greeting
        return greeting is None or greeting.page_versions

    def _token_now(self) -> str:
        return self._line.token

    def _is_refused(self, operation: Operation) -> bool:
        return any(draft.broadcast_id == operation.broadcast_id for draft in self._provider.drafts)

    async def _send_texts(self) -> None:
        """Send page versions as soon as the records that name them are saved."""
        while True:
            changed = self._changed
            if self._provider.phase is Phase.LIVE:
                await self._texts.send()
            if not self._texts.owed:
                self._sent.set()
                self._sent = anyio.Event()
            await changed.wait()

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
        if self._why_ended() is not None:
            self._listeners.wake()

    def _why_ended(self) -> ClientError | None:
        if self._tasks is None:
            # Nobody would ever send what is written, or end a wait.
            raise RuntimeError("the page is not open: async with crdtchat.connect(...) as page")
        if self._provider.phase is Phase.STOPPED:
            return Stopped(*self._provider.stopped)
        return Closed() if self._closed else None

    async def _flush(self) -> None:
        """Wait for what was written, for a while."""
        with anyio.move_on_after(self.flush_s):
            while self._provider.outbox and self._provider.phase is not Phase.STOPPED:
                await self._changed.wait()
            while self._texts.owed and self._provider.phase is Phase.LIVE:
                await self._sent.wait()
        drafts = self._new_drafts()
        if drafts or self._provider.outbox:
            raise NotSaved(drafts, self.unsaved)

    async def _end(self) -> None:
        tasks = self._tasks
        assert tasks is not None
        tasks.cancel_scope.cancel()
        try:
            await tasks.__aexit__(None, None, None)
        finally:
            self._closed = True
            if self._provider.phase is not Phase.STOPPED:
                self._provider.receive_closed(NORMAL, "the page was left")
            self._note_change()
