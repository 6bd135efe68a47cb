"""Five hundred clients of every kind, who come, write, read, are cut off and come back.

People use the Python client, through a proxy that can be cut; readers and writers are stock
y-websocket clients or readers of crdtchat.v1; others ask over REST, listen to events, or mean no
good. All of them move on with each storm.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote

import anyio
import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

import crdtchat
from crdtchat.bench.client import BenchClient, Lost
from crdtchat.bench.door import Door
from crdtchat.bench.records import Writer
from crdtchat.client.errors import ClientError, NotSaved, UnknownRecord
from tests.raw_client import broadcast_id, raw_client

USER = "writer"
"""Whom the token of the light clients is for."""
FRONT = "the front page"
"""Where everybody passes by: it is read and reacted on, and never new."""
PAGES = 10
"""Others at a time; two of them are new with each storm, and two are left for good."""


@dataclass(slots=True)
class Ground:
    """What all clients share."""

    url: str
    """Of the server itself."""
    proxy_url: str
    """Of the way that is cut in storms."""
    token: str
    chance: Random
    pages: list[str] = field(default_factory=lambda: [f"page {n}" for n in range(PAGES)])
    storm: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when everybody leaves; a new one takes its place."""
    is_over: bool = False
    did: Counter[str] = field(default_factory=Counter)
    """What was done how often."""
    wrong: list[str] = field(default_factory=list)
    """What nobody should have met with."""
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    """By page, the annotations that are on disk."""
    _turned: int = PAGES

    @property
    def port(self) -> int:
        """Of the server."""
        return int(self.url.rpartition(":")[2])

    def path(self, page: str) -> str:
        """Path and query of a page's WebSocket."""
        return f"/sync/demo/{quote(page, safe='')}?token={self.token}"

    def some_page(self) -> str:
        """Where somebody goes next."""
        return FRONT if self.chance.random() < 0.2 else self.chance.choice(self.pages)

    def turn(self) -> None:
        """A storm: all move on, two pages are over."""
        self.pages = [*self.pages[2:], f"page {self._turned}", f"page {self._turned + 1}"]
        self._turned += 2
        over, self.storm = self.storm, asyncio.Event()
        over.set()
        if self.is_over:
            self.storm.set()  # for those who are on their way in

    async def pause(self, mean: float, storm: asyncio.Event) -> bool:
        """Wait a while, as people do; answers whether `storm` came before its end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self.chance.expovariate(1 / mean), 6 * mean)):
                await storm.wait()
        return storm.is_set()


async def live(ground: Ground, visit: Callable[[Ground], Awaitable[None]]) -> None:
    """One client's life: visit after visit."""
    while not ground.is_over:
        try:
            await visit(ground)
        except (ClientError, OSError, httpx.HTTPError) as error:
            ground.wrong.append(f"{visit.__qualname__}: {error!r}")
        await asyncio.sleep(ground.chance.uniform(0.0, 1.0))


class Person:
    """Uses the Python client; stays the same guest for good."""

    def __init__(self, number: int) -> None:
        self._name = f"person {number}"
        self._token: str | None = None

    async def visit(self, ground: Ground) -> None:
        """Be on a page until a storm; through every other one, with the page left open."""
        name = ground.some_page()
        token, url = self._token, ground.proxy_url
        try:
            async with crdtchat.connect(url, page=name, token=token, name=self._name) as page:
                for _ in range(ground.chance.choice((1, 2))):
                    storm = ground.storm
                    while not await ground.pause(10.0, storm):
                        await self._act(ground, page, name)
                    if ground.is_over:
                        break
                self._token = page.token or self._token
                ground.did["people's joins"] += 1
        except NotSaved as unsaved:
            for draft in unsaved.drafts:
                ground.did[f"refused: {draft.code}"] += 1
            if unsaved.pending:
                ground.did["left before it was saved"] += 1

    async def _act(self, ground: Ground, page: crdtchat.Page, name: str) -> None:
        chance = ground.chance
        threads = [one for one in page.annotations[-10:] if one.comments]
        mine = [one for one in threads if page.me and one.author == page.me.id]
        kinds = ("annotate", "reply", "reply", "resolve", "react", "edit", "delete", "type")
        kind = chance.choice(kinds)
        if name == FRONT and kind in ("annotate", "reply", "delete"):
            kind = "react" if threads else "type"
        if kind in ("reply", "resolve", "react") and not threads:
            kind = "annotate"
        if kind in ("edit", "delete") and not mine:
            kind = "annotate" if name != FRONT else "type"
        with suppress(UnknownRecord):  # deleted since we looked
            if kind == "annotate":
                aid = await page.annotate("words " * 12, "said of them " * 8, prefix="before " * 9)
                await page.wait_saved()
                ground.acknowledged.setdefault(name, set()).add(aid)
            elif kind == "reply":
                await page.reply(chance.choice(threads).aid, "what I think of it " * 4)
            elif kind == "resolve":
                thread = chance.choice(threads)
                await (page.reopen if thread.resolved else page.resolve)(thread.aid)
            elif kind == "react":
                thread = chance.choice(threads)
                change = chance.choice((page.react, page.unreact))
                await change(thread.aid, thread.comments[0].cid, "👍")
            elif kind == "edit":
                thread = chance.choice(mine)
                await page.edit(thread.aid, thread.comments[0].cid, "rather this " * 8)
            elif kind == "delete":
                await page.delete(chance.choice(mine).aid)
            else:
                await page.show(typing=threads[0].aid if threads else None)
            ground.did[kind] += 1


async def read(ground: Ground) -> None:
    """A page is open and read: a stock client or one of crdtchat.v1."""
    client = await _open(ground, ground.some_page(), v1=ground.chance.random() < 0.5)
    if client is None:
        return
    ground.did["readers' joins"] += 1
    await ground.storm.wait()
    _leave(ground, client)


async def write(ground: Ground) -> None:
    """A stock client writes."""
    chance = ground.chance
    storm = ground.storm
    client = await _open(ground, chance.choice(ground.pages), v1=False)
    if client is None:
        return
    writer = Writer(chance.getrandbits(32) | 1 << 20, USER, seed=chance.getrandbits(32))
    while not await ground.pause(8.0, storm):
        now = time.time_ns() // 1_000_000
        aid = writer.annotations[-1] if writer.annotations else ""
        kind = chance.choice(("create", "reply", "edit", "resolve", "react")) if aid else "create"
        match kind:
            case "create":
                update = writer.create(now)
            case "reply":
                update = writer.reply(aid, now)
            case "edit":
                update = writer.edit(writer.comments[-1], now)
            case "resolve":
                update = writer.resolve(aid, now)
            case _:
                update = writer.react(writer.comments[-1])
        client.send_update(update)
        ground.did[f"stock {kind}"] += 1
    _leave(ground, client)


async def _open(ground: Ground, page: str, *, v1: bool) -> BenchClient | None:
    try:
        return await BenchClient.open(Door("127.0.0.1", ground.port, ground.path(page), v1))
    except Lost:
        ground.did["joins that took more than 20 s"] += 1
        return None


def _leave(ground: Ground, client: BenchClient) -> None:
    if client.closed:
        ground.wrong.append(f"a client was sent away: {client.closed}")
    client.hang_up()


async def ask(ground: Ground) -> None:
    """Somebody uses REST: reads with an ETag, writes now and then."""
    url = f"{ground.url}/api/v1/demo/annotations"
    page, tag, storm = ground.chance.choice(ground.pages), "", ground.storm
    authorization = {"Authorization": f"Bearer {ground.token}"}
    async with httpx.AsyncClient(timeout=60, headers=authorization) as http:
        while not await ground.pause(5.0, storm):
            if ground.chance.random() < 0.2:
                exact = "".join(ground.chance.choices("abcdefgh ", k=80))
                target = {"source": page, "selector": {"type": "TextQuoteSelector", "exact": exact}}
                body = {"target": target, "body": "said over REST " * 6}
                answer = await http.post(url, params={"page": page}, json=body)
            else:
                sent = {"If-None-Match": tag} if tag else {}
                answer = await http.get(url, params={"page": page}, headers=sent)
                tag = answer.headers.get("ETag", tag)
            ground.did[f"REST {answer.request.method} {answer.status_code}"] += 1
            if answer.status_code not in (200, 201, 304, 429):
                ground.wrong.append(f"REST {answer.status_code}: {answer.text[:200]}")


async def listen(ground: Ground) -> None:
    """Somebody listens to a page's events."""
    page = quote(ground.chance.choice(ground.pages), safe="")
    head = f"GET /api/v1/demo/events?page={page} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    head += f"Authorization: Bearer {ground.token}\r\n\r\n"
    storm = ground.storm
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.port)
    writer.write(head.encode())
    status = await reader.readline()
    if b" 200 " not in status:
        ground.wrong.append(f"events: {status!r}")
    reading = asyncio.create_task(_drain(reader))
    await storm.wait()
    if reading.done():
        ground.wrong.append("a stream of events ended")
    reading.cancel()
    writer.transport.abort()
    ground.did["streams"] += 1


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


async def offend(ground: Ground) -> None:
    """Somebody sends what is no operation, and is sent away."""
    chance = ground.chance
    socket_url = ground.url.replace("http", "ws", 1)
    name = ground.some_page()
    try:
        async with raw_client(
            socket_url, name, token=ground.token, v1=chance.random() < 0.5
        ) as bad:
            if chance.random() < 0.5:
                await bad.send(bytes([chance.choice((0, 1, 64, 65, 69))]) + chance.randbytes(30))
            else:
                await bad.operate(broadcast_id(chance.getrandbits(60)), chance.randbytes(40))
            with anyio.move_on_after(5.0):
                await bad.closed()
    except (OSError, ConnectionClosed, InvalidHandshake):
        ground.did["offenders kept out"] += 1
    ground.did["offences"] += 1
    await ground.pause(4.0, ground.storm)
