"""What a hub does not know for sure: it looks, and need not be told."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import anyio
import pytest

from crdtchat.document.replica import Write
from crdtchat.host.far_presence import FarPresence
from crdtchat.host.following import Following
from crdtchat.host.gathering import Gathering
from crdtchat.host.hub import Hub
from crdtchat.host.telling import Kind, decode_presence, encode_presence
from crdtchat.stores.base import Append, Conflict, Entry, Head, Lease, Loaded, StoreUnavailable
from crdtchat.stores.memory import MemoryData, MemoryStore
from crdtchat.sync import message
from crdtchat.sync.codes import CloseCode
from crdtchat.sync.presence import Far
from tests.host.pipe import KEY, connected, peer

NOW = 1_700_000_000_000


class Mute(MemoryStore):
    """Does what it is asked for, and says that it failed."""

    def __init__(self) -> None:
        super().__init__()
        self.mute = False

    async def append(self, appends: Sequence[Append]) -> list[int | Conflict]:
        outcomes = await super().append(appends)
        if self.mute:
            self.mute = False
            raise StoreUnavailable("the answer was lost")
        return outcomes


async def test_what_was_committed_without_an_answer_is_shown_without_anybody_asking() -> None:
    """It stayed in the log unseen until the next write on the page."""
    store = Mute()
    await store.open()
    async with Hub(store) as hub, connected(hub, "bob") as bob:
        store.mute = True
        write = ("a", "anno", ("ann", NOW, "words", "", "", 0, 5))
        with pytest.raises(StoreUnavailable):
            await hub.write(KEY, peer("ann"), [write], bytes(16))
        batch = await bob.until(message.Batch, lambda batch: bool(batch.events))
        assert [event.aid for event in batch.events] == ["anno"]
        room = await hub.open(KEY)
        assert room.head == (await store.heads([KEY]))[0]


async def test_a_doubt_that_cannot_be_settled_is_settled_later() -> None:
    store = Mute()
    await store.open()
    async with Hub(store) as hub, connected(hub, "bob") as bob:
        store.mute = True
        write = ("a", "anno", ("ann", NOW, "words", "", "", 0, 5))
        load, store.load = store.load, _cannot  # type: ignore[method-assign,assignment]
        with pytest.raises(StoreUnavailable):
            await hub.write(KEY, peer("ann"), [write], bytes(16))
        room = await hub.open(KEY)
        while not room.following.is_doubtful:
            await anyio.lowlevel.checkpoint()
        store.load = load  # type: ignore[method-assign]
        await bob.until(message.Batch, lambda batch: bool(batch.events))
        assert not room.following.is_doubtful


async def test_a_log_that_was_set_back_ends_the_room() -> None:
    """An older backup was put below a server that ran on: whose next append is refused, and then
    there is nothing to catch up with. It was looked for without end, and nobody served."""
    data = MemoryData()
    store = MemoryStore(data)
    await store.open()
    async with Hub(store) as hub, connected(hub, "bob") as bob:
        await hub.write(KEY, peer("ann"), [_annotation("first")], bytes(16))
        backup = deepcopy(data.documents[KEY])
        await hub.write(KEY, peer("ann"), [_annotation("lost")], bytes(15) + b"1")
        data.documents[KEY] = backup
        with pytest.raises(StoreUnavailable):
            await hub.write(KEY, peer("ann"), [_annotation("refused")], bytes(15) + b"2")
        assert await bob.code() == CloseCode.UNAVAILABLE
        await hub.write(KEY, peer("ann"), [_annotation("fresh")], bytes(15) + b"3")
        room = await hub.open(KEY)
        assert set(room.replica.values("a")) == {"first", "fresh"}


async def test_a_log_that_was_set_back_is_seen_without_an_append() -> None:
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub, connected(hub, "bob") as bob:
        await hub.write(KEY, peer("ann"), [_annotation("lost")], bytes(16))
        store._data.documents.clear()
        room = await hub.open(KEY)
        room.following.look(room, (await store.heads([KEY]))[0])
        assert await bob.code() == CloseCode.UNAVAILABLE


def _annotation(aid: str) -> Write:
    return ("a", aid, ("ann", NOW, "words", "", "", 0, 5))


async def _cannot(*_: object, **__: object) -> None:
    raise StoreUnavailable("it cannot be read")


async def test_people_of_a_node_that_says_nothing_more_of_a_page_are_gone() -> None:
    """The message that the last of them had left was lost: they stayed for ever."""
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub, connected(hub, "bob"):
        room = await hub.open(KEY)
        time = 0.0
        far = FarPresence("here", lambda: [room], _tell_nobody, lambda: time)
        there = Far([(1, "ann", "Ann", {}, 77)], {})
        far.receive(room, Kind.PRESENCE, encode_presence("there", there))
        assert room.room.presence.people == 2
        for _ in range(60):
            time += 1.0
            far.receive(None, Kind.ALIVE, b"there")
            far.tick()
        assert room.room.presence.people == 1


@pytest.mark.parametrize("asked", [True, False])
async def test_others_hear_that_a_page_was_given_up_also_where_they_had_just_asked(
    asked: bool,
) -> None:
    """Its people stayed on their lists for half a minute."""
    store = MemoryStore()
    await store.open()
    there: list[Far] = []

    def publish(room: Gathering | None, kind: Kind, body: bytes) -> None:
        if kind == Kind.PRESENCE:
            there.append(decode_presence(body)[1])

    async with Hub(store) as hub, connected(hub, "bob"):
        room = await hub.open(KEY)
        far = FarPresence("here", lambda: [room], publish, lambda: 1.0)
        far.opened(room)
        far.tick()
        assert [len(one.named) for one in there] == [1]
        if asked:
            far.receive(room, Kind.ASKED, b"")
        else:
            far.connected()
        far.closed(room)
        assert [len(one.named) for one in there] == [1, 0]


def _tell_nobody(room: Gathering | None, kind: Kind, body: bytes) -> None:
    """There is nobody."""


async def test_the_id_that_a_stock_client_announced_elsewhere_is_its_own() -> None:
    """Everybody on the page sees it; at another node somebody else could bind it first."""
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub:
        room = await hub.open(KEY)
        room.hear_presence("there", Far([(1, "ann", "Ann", {}, 77)], {}))
        leases = room.room.ledger.leases
        assert leases.may_bind(77, "ann") and not leases.may_bind(77, "eve")


class Follower:
    """A room whose log is empty."""

    dropped = flying = False
    head = Head(1, 0)

    def __init__(self) -> None:
        self.told: list[str] = []

    def absorb(self, entries: Sequence[Entry], leases: Sequence[Lease]) -> None:
        self.told.append("absorb")

    def failed(self, reason: str) -> None:
        self.told.append("failed")

    def assured(self) -> None:
        self.told.append("assured")

    def unsure(self, reason: str) -> None:
        self.told.append("unsure")

    def drop(self, code: CloseCode, reason: str) -> None:
        self.told.append("drop")


def test_a_doubt_is_not_settled_by_a_read_that_began_before_it() -> None:
    """What waited was judged by a log that had been read before it came."""
    reads: list[Follower] = []
    following = Following(reads.append)
    room = Follower()
    following.doubt(room)
    following.doubt(room)
    assert len(reads) == 1
    following.loaded(room, Loaded())
    assert len(reads) == 2 and not room.told
    following.loaded(room, Loaded())
    assert room.told == ["assured"]
