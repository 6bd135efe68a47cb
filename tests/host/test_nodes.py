"""Two hubs on one store, as on two machines: memory and PostgreSQL, with and without a broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from crdtchat.brokers.memory import MemoryBroker, MemoryExchange, SilentBroker
from crdtchat.document.replica import Replica
from crdtchat.host.erasing import erase_annotations
from crdtchat.host.hub import Hub
from crdtchat.host.newest import newest
from crdtchat.host.telling import Kind, page_topic, seal
from crdtchat.stores.base import DocumentKey, Entry, Loaded, Store
from crdtchat.stores.memory import MemoryData, MemoryStore
from crdtchat.stores.postgres import PostgresStore
from crdtchat.sync import message
from tests.host.pipe import KEY, PipeClient, connected, peer
from tests.postgres_server import PostgresServer

NOW = 1_700_000_000_000
MakeStore = Callable[[], Store]


@pytest.fixture(params=["memory", "postgres"])
def make_store(request: pytest.FixtureRequest) -> MakeStore:
    if request.param == "memory":
        return partial(MemoryStore, MemoryData())
    server: PostgresServer = request.getfixturevalue("postgres")
    return partial(PostgresStore, server.url(server.fresh()))


@asynccontextmanager
async def hubs(
    make_store: MakeStore, *, exchange: MemoryExchange | None = None
) -> AsyncIterator[tuple[Hub, Hub]]:
    """Two nodes; without an exchange neither hears of the other."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(2):
            store = make_store()
            await store.open()
            stack.push_async_callback(store.close)
            broker = SilentBroker() if exchange is None else MemoryBroker(exchange)
            hub = Hub(store, broker=broker)
            found.append(await stack.enter_async_context(hub))
        yield found[0], found[1]


def document_of(loaded: Loaded) -> Replica:
    """A fresh fold of the log."""
    replica = Replica()
    if loaded.snapshot:
        replica.apply(loaded.snapshot)
    for entry in loaded.entries:
        replica.apply(entry.update)
    return replica


async def write_many(client: PipeClient, count: int, told: dict[str, str]) -> None:
    """Write annotations one after the other, each acknowledged."""
    for number in range(count):
        aid = f"{client.user}{number:04d}"
        await client.annotate(aid, NOW)
        told[aid] = client.user


async def test_what_one_node_writes_the_others_clients_see(make_store: MakeStore) -> None:
    async with (
        hubs(make_store, exchange=MemoryExchange()) as (one, two),
        connected(one, "ann") as ann,
        connected(two, "bob") as bob,
    ):
        await ann.annotate("anno", NOW)
        batch = await bob.until(message.Batch, lambda batch: bool(batch.events))
        assert [(event.aid, event.by) for event in batch.events] == [("anno", "ann")]
        assert bob.replica.get("a", "anno") == ("ann", NOW, "words", "", "", 0, 5)
        await bob.annotate("reply", NOW)
        await ann.until(message.Batch, lambda batch: bool(batch.events))
        assert ann.replica.get("a", "reply")
        assert one.counters["appends_conflicting"] == two.counters["appends_conflicting"] == 0


@pytest.mark.parametrize("told", [True, False], ids=["with a broker", "without"])
async def test_writers_on_both_lose_nothing(make_store: MakeStore, told: bool) -> None:
    """Everything acknowledged is in the log once, by its author, and all replicas are equal."""
    acknowledged: dict[str, str] = {}
    exchange = MemoryExchange() if told else None
    async with hubs(make_store, exchange=exchange) as (one, two):
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(connected(hub, user))
                for hub, user in ((one, "ann"), (one, "bob"), (two, "cid"), (two, "dan"))
            ]
            async with anyio.create_task_group() as tasks:
                for client in clients:
                    tasks.start_soon(write_many, client, 25, acknowledged)
        loaded = await one.store.load(KEY)
        replica = document_of(loaded)
        assert len(acknowledged) == 100
        for aid, user in acknowledged.items():
            found = replica.get("a", aid)
            assert isinstance(found, tuple) and found[0] == user
        own = [entry.broadcast_id for entry in loaded.entries if entry.principal]
        assert len(own) == 100
        for hub in (one, two):
            assert hub.neighbours is not None
            room = await hub.open(KEY)
            await hub.neighbours.look([room])
            while room.room.history.sequence < loaded.sequence:
                await room.progress.wait()
            assert room.replica.values("a") == replica.values("a")
            assert room.replica.values("u") == replica.values("u")


async def test_requests_without_a_session_on_both_nodes(make_store: MakeStore) -> None:
    """Both nodes write under the server's client id, and make what they wrote anew."""
    outcomes: list[int] = []

    async def write(hub: Hub, user: str, number: int) -> None:
        value = (user, NOW, "words", "", "", 0, 5)
        broadcast_id = f"{user}{number}".encode().ljust(16)
        written = [("a", f"{user}{number:04d}", value)]
        outcomes.append(await hub.write(KEY, peer(user), written, broadcast_id))

    async with hubs(make_store, exchange=MemoryExchange()) as (one, two):
        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(write, one, "ann", number)
                tasks.start_soon(write, two, "bob", number)
        assert len(outcomes) == 20 and all(outcomes)
        replica = document_of(await one.store.load(KEY))
        assert len(replica.values("a")) == 20


async def test_an_erasure_ends_the_epoch_on_all_nodes(make_store: MakeStore) -> None:
    async with (
        hubs(make_store, exchange=MemoryExchange()) as (one, two),
        connected(one, "ann") as ann,
        connected(two, "bob") as bob,
    ):
        await ann.annotate("anno", NOW)
        await erase_annotations(one.store, KEY, None, NOW)
        assert await bob.code() == 4503
        async with connected(two, "cid") as cid:
            assert cid.replica.get("a", "anno") is None


async def test_who_is_told_nothing_looks_by_itself(make_store: MakeStore) -> None:
    async with (
        hubs(make_store) as (one, two),
        connected(one, "ann") as ann,
        connected(two, "bob") as bob,
    ):
        await ann.annotate("anno", NOW)
        await bob.until(message.Batch, lambda batch: bool(batch.events))
        assert bob.replica.get("a", "anno")


async def test_who_asks_has_what_was_acknowledged_at_another_node(make_store: MakeStore) -> None:
    """Also where the log was folded or rebuilt since, and though no node hears of another."""
    async with hubs(make_store) as (one, two), connected(one, "ann") as ann:
        await ann.annotate("anno", NOW)
        async with newest(two, KEY) as room:
            assert room.replica.get("a", "anno")
        # Two's room stays open. What it lacks of the next two is in a snapshot alone.
        for aid in ("anno-2", "anno-3"):
            await ann.annotate(aid, NOW)
        await one.compact(await one.open(KEY))
        async with newest(two, KEY) as after:
            assert after is not room and room.dropped
            assert after.replica.get("a", "anno-2") and after.replica.get("a", "anno-3")
        await erase_annotations(one.store, KEY, None, NOW)
        async with newest(two, KEY) as erased:
            assert erased is not after and after.dropped
            assert erased.replica.get("a", "anno") is None


async def test_messages_of_strangers_are_refused() -> None:
    exchange = MemoryExchange()
    data = MemoryData()
    stranger = MemoryBroker(exchange)
    async with (
        hubs(partial(MemoryStore, data), exchange=exchange) as (one, _),
        connected(one, "ann") as ann,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(stranger.run, lambda topic, message: None, lambda: None)
        await ann.annotate("anno", NOW)
        secret = await one.store.secret("nodes")
        topic = page_topic(secret, KEY)
        body = b"\x01\x03\x00\x00"
        other_page = page_topic(secret, DocumentKey("demo", "other"))
        for bad in (
            b"",
            b"x" * 40,
            seal(b"guessed".ljust(32), topic, Kind.NEWS, body),
            seal(secret, other_page, Kind.NEWS, body),
            seal(secret, topic, Kind.NEWS, body + b"?"),
        ):
            stranger.publish(topic, bad)
        while one.counters["messages_of_nodes_refused"] < 5:
            await anyio.lowlevel.checkpoint()
        await ann.annotate("still", NOW)
        tasks.cancel_scope.cancel()


async def test_what_does_not_fit_drops_the_room_and_not_the_page() -> None:
    """A node that is wrong, or a secret that is known, harms nothing that is stored."""
    data = MemoryData()
    async with hubs(partial(MemoryStore, data)) as (one, _), connected(one, "ann") as ann:
        await ann.annotate("anno", NOW)
        room = await one.open(KEY)
        sequence = room.room.history.sequence
        room.absorb((Entry(b"\x01\x01\x05\x09\x00", "eve", NOW),), ())
        assert room.dropped
        assert await ann.code() == 4500
        again = await one.open(KEY)
        assert again.room.history.sequence == sequence
        assert again.replica.get("a", "anno")


async def counted(client: PipeClient, people: int, connections: int) -> None:
    """Wait until a client is told so."""
    expected = {"people": people, "connections": connections}
    await client.until(message.Presence, lambda seen: expected.items() <= seen.info.items())


async def test_people_are_counted_over_all_nodes() -> None:
    store = partial(MemoryStore, MemoryData())
    async with hubs(store, exchange=MemoryExchange()) as (one, two), connected(one, "ann") as ann:
        async with connected(two, "bob") as bob, connected(two, "ann"):
            await counted(ann, 2, 3)
            await counted(bob, 2, 3)
            assert await one.count(KEY) == await two.count(KEY) == (2, 3)
        await counted(ann, 1, 1)
        elsewhere = DocumentKey("demo", "elsewhere")
        async with connected(one, "cid", key=elsewhere):
            assert await two.count(elsewhere) == (1, 1), "though it never had the page open"


async def test_a_dead_nodes_people_are_gone_with_its_lease() -> None:
    store = partial(MemoryStore, MemoryData())
    exchange = MemoryExchange()
    async with (
        hubs(store, exchange=exchange) as (one, two),
        connected(one, "ann") as ann,
        connected(two, "bob"),
    ):
        await counted(ann, 2, 2)
        # Nobody hears of it any more, as if its machine had lost its power.
        assert two.neighbours is not None
        two.neighbours.broker = SilentBroker()
        await counted(ann, 1, 1)
