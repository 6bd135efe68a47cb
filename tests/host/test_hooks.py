"""Webhooks: from the append to a receiver that is up, down, slow or wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from threading import Event
from typing import cast

import anyio
import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from crdtchat.document import records, schema
from crdtchat.document.replica import Write
from crdtchat.host.hook_delivery import Deliverer, Pace
from crdtchat.host.hook_request import Sender
from crdtchat.host.hook_signing import new_secret
from crdtchat.host.hub import Hub
from crdtchat.host.sources import Sources
from crdtchat.stores.base import DocumentKey, Store
from crdtchat.stores.hooking import FURTHEST_MS, Webhook
from crdtchat.stores.memory import MemoryStore
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.tuning import Moment
from tests.host.pipe import peer
from tests.host.receiver import NETWORK, Got, Receiver, running_receiver
from tests.host.telling import Telling, empty, failures, known, set_aside, settled

NAMES = ("new-text-chat", "updated-text-chat", "deleted-text-chat")
PAGE = DocumentKey("demo", "https://example.org/ż")
OTHER = DocumentKey("demo", "other")
SWIFT = Pace(first=0.01, longest=0.05, look=0.02, count=0.0)
ANN = peer("ann")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Telling]:
    found: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "db")
    await found.open()
    yield Telling(found)
    await found.close()


def webhook(receiver: Receiver, **more: object) -> Webhook:
    """One that hears of everything."""
    made = Webhook("wh-1", "demo", receiver.url, (new_secret(),), NAMES)
    return made._replace(**more)  # type: ignore[arg-type]


@asynccontextmanager
async def delivering(
    store: Telling,
    pace: Pace = SWIFT,
    timeout_s: float = 15.0,
    sources: Sources | None = None,
) -> AsyncIterator[Hub]:
    """A hub that delivers, as the server makes it."""
    async with Hub(cast(Store, store), sources=sources) as hub, anyio.create_task_group() as tasks:
        sender = Sender([ip_network(NETWORK)], timeout_s=timeout_s)
        tasks.start_soon(Deliverer(hub, sender, pace).run)
        yield hub
        tasks.cancel_scope.cancel()


async def write(hub: Hub, *writes: Write, key: DocumentKey = PAGE) -> None:
    await hub.write(key, ANN, writes, b"operation-of-ann")


async def annotate(hub: Hub, aid: str, key: DocumentKey = PAGE) -> None:
    """One operation: an annotation with its first comment."""
    now = hub.sources.now().wall
    head = records.AnnotationRecord("ann", now, records.Target(exact="the words"))
    comment = records.CommentRecord("ann", now, "Nobody else's to read.")
    await write(
        hub,
        (schema.ANNOTATIONS, aid, records.annotation_value(head)),
        (schema.COMMENTS, f"{aid}/c0001", records.comment_value(comment)),
        key=key,
    )


async def test_events_arrive_signed_and_tell_what_streams_tell(
    store: Telling, receiver: Receiver
) -> None:
    hook = webhook(receiver)
    await store.put_webhook(hook)
    async with delivering(store) as hub:
        await annotate(hub, "anno")
        got = await receiver.next()
        said = got.verify(hook.secrets[0])
        assert said["type"] == "new-text-chat"
        event = said["data"]
        assert {name: event[name] for name in ("tenant", "page", "aid", "cid", "by")} == {
            "tenant": "demo",
            "page": PAGE.page,
            "aid": "anno",
            "cid": "",
            "by": "ann",
        }
        assert "Nobody" not in got.body.decode()
        assert got.headers["content-type"] == "application/json"
        stone = records.TombstoneRecord("ann", event["at"])
        await write(hub, (schema.TOMBSTONES, "anno", records.tombstone_value(stone)))
        later = await receiver.next()
        assert later.verify(hook.secrets[0])["type"] == "deleted-text-chat"
        assert later.id != got.id
        await empty(store)
        assert hub.counters["webhooks_delivered"] == 2
    with pytest.raises(WebhookVerificationError):
        got.verify(new_secret())


async def test_during_rotation_both_secrets_verify(store: Telling, receiver: Receiver) -> None:
    hook = webhook(receiver, secrets=(new_secret(), new_secret()))
    await store.put_webhook(hook)
    async with delivering(store) as hub:
        await annotate(hub, "anno")
        got = await receiver.next()
    for secret in hook.secrets:
        got.verify(secret)


async def test_only_what_was_asked_for_is_sent(store: Telling, receiver: Receiver) -> None:
    await store.put_webhook(webhook(receiver, pages="https://example.org/*"))
    await store.put_webhook(
        webhook(receiver, id="wh-2", url=f"{receiver.url}deleted", events=NAMES[2:])
    )
    await store.put_webhook(webhook(receiver, id="wh-3", active=False))
    await store.put_webhook(webhook(receiver, id="wh-4", tenant="else"))
    async with delivering(store) as hub:
        await annotate(hub, "far-away", OTHER)
        await annotate(hub, "here")
        got = await receiver.next()
        assert (got.path, got.data["aid"]) == ("/", "here")
        await empty(store)
    assert receiver.got.empty()


async def test_a_webhook_that_is_added_or_removed_while_it_runs(
    store: Telling, receiver: Receiver
) -> None:
    hook = webhook(receiver)
    async with delivering(store) as hub:
        await store.put_webhook(hook)
        await known(store, hub, "wh-1")
        await annotate(hub, "anno")
        assert (await receiver.next()).data["aid"] == "anno"
        await store.remove_webhook("demo", "wh-1")
        await known(store, hub)
        await annotate(hub, "unheard")
    assert receiver.got.empty()


async def test_down_then_up_loses_nothing_and_keeps_each_pages_order(
    store: Telling, receiver: Receiver
) -> None:
    refused: list[str] = []

    def answer(got: Got) -> int:
        """Down for the first tries, and now and then after."""
        if len(refused) < 4 or (got.id not in refused[-3:] and len(refused) < 12):
            refused.append(got.id)
            return 500
        return 200

    receiver.answer = answer
    await store.put_webhook(webhook(receiver))
    aids = {key: [f"{key.page[:5].strip(':/')}-{n}" for n in range(6)] for key in (PAGE, OTHER)}
    async with delivering(store) as hub:
        for pair in zip(*aids.values(), strict=True):
            for key, aid in zip(aids, pair, strict=True):
                await annotate(hub, aid, key)
        await empty(store)
        assert hub.counters["webhooks_failed"] == len(refused)
    told: dict[str, list[str]] = {key.page: [] for key in aids}
    ids: dict[str, set[str]] = {}
    for _ in range(12 + len(refused)):
        got = await receiver.next()
        ids.setdefault(got.data["aid"], set()).add(got.id)
        page = told[got.data["page"]]
        if page[-1:] != [got.data["aid"]]:
            page.append(got.data["aid"])
    assert told == {key.page: own for key, own in aids.items()}
    assert all(len(own) == 1 for own in ids.values()), "an event has one id, however often sent"


async def test_a_receiver_that_is_not_there_is_tried_again(store: Telling) -> None:
    receiver = Receiver()
    with receiver.listening() as port:
        pass
    await store.put_webhook(webhook(receiver))
    async with delivering(store) as hub:
        await annotate(hub, "anno")
        await failures(store, hub, 7)
        with receiver.listening(port):
            assert (await receiver.next()).data["aid"] == "anno"
            await empty(store)


async def test_a_slow_one_delays_nobody(store: Telling, receiver: Receiver) -> None:
    free = Event()

    def answer(got: Got) -> int:
        if got.path == "/slow":
            free.wait()
        return 200

    receiver.answer = answer
    await store.put_webhook(webhook(receiver, id="wh-slow", url=f"{receiver.url}slow"))
    await store.put_webhook(webhook(receiver))
    try:
        async with delivering(store, replace(SWIFT, at_once=2, in_all=4)) as hub:
            for number in range(10):
                await annotate(hub, f"anno-{number}", DocumentKey("demo", f"page {number}"))
            fast = [await receiver.next() for _ in range(10)]
            assert {got.path for got in fast} == {"/"}
            free.set()
            slow = [await receiver.next() for _ in range(10)]
            assert {got.path for got in slow} == {"/slow"}
    finally:
        free.set()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (302, "answered 302"),
        (404, "answered 404"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 20_000, "the answer has no end"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "the connection failed: EndOfStream"),
        (b"", "the connection failed: EndOfStream"),
    ],
)
async def test_what_is_not_taken_is_set_aside_in_the_end(
    receiver: Receiver, answer: int | bytes, why: str
) -> None:
    receiver.answer = lambda got: answer
    store = Telling(MemoryStore())
    await store.open()
    await store.put_webhook(webhook(receiver))
    async with delivering(store, replace(SWIFT, patience=-1.0)) as hub:
        await annotate(hub, "anno")
        assert (await receiver.next()).path == "/"
        aside = await set_aside(store, 1)
        assert [one.error for one in aside] == [why]
        receiver.answer = lambda got: b"HTTP/1.1 103 \r\n\r\nHTTP/1.1 299 OK\r\n\r\nany" * 1_000
        await store.redeliver("wh-1")
        again = await receiver.next()
        assert (again.path, again.id) == ("/", aside[0].id)
        await empty(store)
    assert receiver.got.empty(), "a redirect was followed"


async def test_silence_ends_at_the_deadline(store: Telling, receiver: Receiver) -> None:
    free = Event()

    def answer(got: Got) -> int:
        free.wait()
        return 200

    receiver.answer = answer
    await store.put_webhook(webhook(receiver))
    try:
        async with delivering(store, replace(SWIFT, patience=-1.0), timeout_s=0.2) as hub:
            await annotate(hub, "anno")
            aside = await set_aside(store, 1)
            assert [one.error for one in aside] == ["no answer within 0.2 s"]
    finally:
        free.set()


async def test_gone_stops_it(store: Telling, receiver: Receiver) -> None:
    receiver.answer = lambda got: 410
    await store.put_webhook(webhook(receiver))
    async with delivering(store) as hub:
        await annotate(hub, "anno")
        await receiver.next()
        await known(store, hub)
        await annotate(hub, "unheard")
        lines = await store.deeds("demo", page=None, first=0, last=2**53, after=0, most=9)
        assert [(line.deed.action, line.deed.target) for line in lines] == [
            ("webhook-gone", "wh-1")
        ]
    (queue,) = await store.queues()
    assert queue.waiting == 1


@pytest.mark.parametrize("change", ["rotated", "moved", "removed"])
async def test_what_an_operator_does_while_it_says_that_it_is_gone_stands(
    store: Telling, receiver: Receiver, change: str
) -> None:
    """A webhook that was removed came back, and a secret that was ended signed again."""
    free = Event()

    def answer(got: Got) -> int:
        if got.path == "/gone":
            receiver.got.put(got)
            free.wait()
            return 410
        return 204

    receiver.answer = answer
    hook = webhook(receiver, url=f"{receiver.url}gone")
    await store.put_webhook(hook)
    try:
        async with delivering(store) as hub:
            await annotate(hub, "anno")
            await receiver.next()
            if change == "removed":
                await store.remove_webhook("demo", hook.id)
            else:
                if change == "rotated":
                    hook = hook._replace(secrets=(new_secret(),))
                else:
                    hook = hook._replace(url=receiver.url)
                await store.put_webhook(hook)
            free.set()
            await settled(store, 1)
    finally:
        free.set()
    wanted = {"rotated": [hook._replace(active=False)], "moved": [hook], "removed": []}
    assert await store.webhooks() == wanted[change]


async def test_a_webhook_that_fails_is_asked_ever_more_rarely(receiver: Receiver) -> None:
    """Behind the circuit one request at a time; what waited too long goes all at once."""
    store = Telling(MemoryStore())
    await store.open()
    await store.put_webhook(webhook(receiver))
    under_way: list[int] = []
    most = 0

    def answer(got: Got) -> int:
        nonlocal most
        under_way.append(1)
        if hub.counters["webhooks_failed"] >= 8:
            most = max(most, len(under_way))
        under_way.pop()
        return 503

    receiver.answer = answer
    async with delivering(store, replace(SWIFT, trips=3)) as hub:
        for number in range(12):
            await annotate(hub, f"anno-{number}", DocumentKey("demo", f"page {number}"))
        await failures(store, hub, 16)
        assert most == 1
        (queue,) = await store.queues()
        assert (queue.waiting, queue.aside) == (12, 0)
    async with delivering(store, replace(SWIFT, trips=1, patience=-1.0)) as hub:
        await set_aside(store, 12)
        assert hub.counters["webhooks_failed"] < 12


class Clock(Sources):
    """The wall clock of a machine that is set."""

    back_ms = 0

    def now(self) -> Moment:
        steady, wall = super().now()
        return Moment(steady, wall - self.back_ms)


async def test_a_clock_that_is_set_back_holds_nothing_up(
    store: Telling, receiver: Receiver
) -> None:
    """What had failed before was tried again when the clock had come so far once more."""
    await store.put_webhook(webhook(receiver))
    receiver.answer = lambda got: 503
    clock = Clock()
    async with delivering(store, replace(SWIFT, trips=3), sources=clock) as hub:
        await annotate(hub, "anno")
        await failures(store, hub, 4)
        clock.back_ms = 10 * FURTHEST_MS
        receiver.answer = lambda got: 204
        await empty(store)


def test_pauses_grow_and_are_spread() -> None:
    pace = Pace()
    shortest, longest = partial(pace.delay, chance=0.0), partial(pace.delay, chance=1.0)
    assert [longest(attempt) for attempt in range(4)] == [5, 20, 80, 320]
    assert [shortest(attempt) for attempt in range(4)] == [2.5, 10, 40, 160]
    assert longest(1_000) == 21_600
    attempts: Sequence[float] = [longest(attempt) for attempt in range(20)]
    assert sum(attempts) > pace.patience, "some tries in three days, not thousands"
