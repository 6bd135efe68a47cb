"""The exam of a store, webhooks and their queue. Subclassed beside `StoreContract`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import anyio
import pytest

from crdtchat.stores.base import Append, Conflict, DocumentKey, Store, StoredTenant, StoreError
from crdtchat.stores.hooking import FURTHEST_MS, Delivery, Notice, Queue, Settlement, Webhook
from crdtchat.sync.message import Event, EventKind
from crdtchat.testing.store_contract import KEY, OTHER, entries, opened

_ALL = ("new-text-chat", "updated-text-chat", "deleted-text-chat")
HOOK = Webhook("wh1", "demo", "https://example.org/ż?a=b", ("whsec_new", "whsec_old"), _ALL)
SECOND = Webhook("wh2", "demo", "https://example.com/", ("whsec_a",), _ALL[:1], "a*", created=1)
FOREIGN = Webhook("wh3", "other", "https://example.net/", ("whsec_b",), _ALL)


def event(number: int, by: str = "ann") -> Event:
    """An event, at the time `number`."""
    return Event(EventKind(number % 3), bytes([number]) * 16, f"a{number}", "", by, number)


def notice(number: int, *webhooks: str, by: str = "ann") -> Notice:
    """A notice of it."""
    return Notice(f"evt-{number}", event(number, by), webhooks or ("wh1",))


async def queue(store: Store, *notices: Notice, key: DocumentKey = KEY) -> int | Conflict:
    """Append something with these notices."""
    after = (await store.load(key)).sequence
    (outcome,) = await store.append(
        [Append(key, 1, after, entries(after + 1, after + 1), notices=notices)]
    )
    return outcome


def numbers(deliveries: Sequence[Delivery]) -> list[int]:
    """Times of their events, which are the numbers that tests give."""
    return [one.event.at for one in deliveries]


class HooksContract:
    """Needs the fixtures `store` and `make_store`."""

    @pytest.fixture
    async def hooked(self, store: Store) -> Store:
        await store.put_webhook(HOOK)
        return store

    async def test_webhooks_are_kept_by_tenant(self, store: Store) -> None:
        assert await store.webhooks() == []
        for webhook in (SECOND, HOOK, FOREIGN):
            await store.put_webhook(webhook)
        assert await store.webhooks("demo") == [HOOK, SECOND]
        assert await store.webhooks() == [HOOK, FOREIGN, SECOND]
        changed = HOOK._replace(url="http://x/", secrets=("whsec_c",), events=(), active=False)
        await store.put_webhook(changed)
        assert await store.webhooks("demo") == [changed, SECOND]
        assert not await store.remove_webhook("other", "wh1")
        assert await store.remove_webhook("demo", "wh1")
        assert not await store.remove_webhook("demo", "wh1")
        assert await store.webhooks("demo") == [SECOND]

    async def test_a_webhook_is_kept_over_what_its_writer_saw(self, store: Store) -> None:
        changed, late = HOOK._replace(secrets=("whsec_c",)), HOOK._replace(active=False)
        assert not await store.put_webhook(late, over=HOOK)
        assert await store.put_webhook(HOOK)
        assert await store.put_webhook(changed, over=HOOK)
        revision = await store.revision()
        assert not await store.put_webhook(late, over=HOOK)
        assert await store.webhooks() == [changed]
        assert await store.revision() == revision
        assert await store.put_webhook(late, over=changed)
        assert await store.webhooks() == [late]
        await store.remove_webhook("demo", HOOK.id)
        assert not await store.put_webhook(changed, over=late)
        assert await store.webhooks() == []

    async def test_every_change_of_webhooks_is_a_new_revision(self, store: Store) -> None:
        await store.put_tenant(StoredTenant("demo", "{}"))
        seen = [await store.revision()]
        changes: tuple[Callable[[], Awaitable[bool]], ...] = (
            lambda: store.put_webhook(HOOK),
            lambda: store.put_webhook(HOOK),
            lambda: store.remove_webhook("demo", "wh1"),
            lambda: store.put_webhook(HOOK),
            lambda: store.remove_tenant("demo"),
        )
        for change in changes:
            await change()
            seen.append(await store.revision())
        assert seen == sorted(set(seen))
        assert await store.webhooks() == []
        await store.remove_webhook("demo", "wh1")
        assert await store.revision() == seen[-1]

    async def test_notices_are_queued_with_their_append_or_not_at_all(self, hooked: Store) -> None:
        assert await queue(hooked, notice(1), notice(2)) == 1
        late = Append(KEY, 1, 0, entries(1, 1), notices=(notice(3),))
        other = Append(OTHER, 1, 0, entries(1, 1), notices=(notice(4),))
        assert await hooked.append([late, other]) == [Conflict(1, 1), 1]
        bad = Append(OTHER, 1, 1, entries(2, 2), notices=(notice(5, by="\0"),))
        with pytest.raises(StoreError):
            await hooked.append([bad])
        taken = await hooked.take_deliveries("wh1", 5, 10, 9)
        assert sorted(numbers(taken)) == [1, 4]
        assert await hooked.queues() == [Queue("wh1", 3, 1, 0)]

    async def test_only_the_tenants_own_webhooks_hear(self, hooked: Store) -> None:
        await hooked.put_webhook(FOREIGN)
        await queue(hooked, notice(1, "wh1", "wh3", "gone"))
        assert await hooked.queues() == [Queue("wh1", 1, 1, 0), Queue("wh3", 0, 0, 0)]
        assert await hooked.due_webhooks(0) == ["wh1"]

    async def test_a_delivery_is_taken_once_until_its_time(self, hooked: Store) -> None:
        await queue(hooked, notice(7, by="użytkownik"))
        (taken,) = await hooked.take_deliveries("wh1", 100, 200, 9)
        assert taken[1:] == ("wh1", KEY.page, "evt-7", event(7, "użytkownik"), 0, "", 0)
        assert await hooked.take_deliveries("wh1", 199, 300, 9) == []
        assert await hooked.due_webhooks(199) == []
        assert await hooked.due_webhooks(200) == ["wh1"]
        assert await hooked.take_deliveries("wh1", 200, 300, 9) == [taken]
        assert await hooked.take_deliveries("wh2", 500, 600, 9) == []

    async def test_a_page_goes_in_order_and_pages_apart(self, hooked: Store) -> None:
        await queue(hooked, notice(1), notice(2))
        await queue(hooked, notice(3), key=OTHER)
        await queue(hooked, notice(4))
        first = await hooked.take_deliveries("wh1", 0, 50, 9)
        assert sorted(numbers(first)) == [1, 3]
        await hooked.settle_deliveries([Settlement(one.number) for one in first])
        second = await hooked.take_deliveries("wh1", 0, 50, 9)
        assert numbers(second) == [2]
        await hooked.settle_deliveries([Settlement(second[0].number, "refused", due=30)])
        assert await hooked.take_deliveries("wh1", 29, 50, 9) == []
        (again,) = await hooked.take_deliveries("wh1", 30, 50, 9)
        assert again == second[0]._replace(attempts=1)
        await hooked.settle_deliveries([Settlement(again.number)])
        (last,) = await hooked.take_deliveries("wh1", 30, 50, 9)
        assert (last.event.at, last.attempts) == (4, 0)
        await hooked.settle_deliveries([Settlement(last.number)])
        assert await hooked.queues() == [Queue("wh1", 0, 0, 0)]
        assert await hooked.due_webhooks(2**50) == []

    async def test_a_clock_that_is_set_back_puts_nothing_off(self, hooked: Store) -> None:
        await queue(hooked, notice(1))
        now = 10 * FURTHEST_MS
        (taken,) = await hooked.take_deliveries("wh1", now, now + 20, 9)
        await hooked.settle_deliveries([Settlement(taken.number, "busy", due=now + 50)])
        assert await hooked.due_webhooks(now) == []
        assert await hooked.take_deliveries("wh1", now, now + 20, 9) == []
        before = now + 49 - FURTHEST_MS
        assert await hooked.due_webhooks(before) == ["wh1"]
        (again,) = await hooked.take_deliveries("wh1", before, before + 20, 9)
        assert again == taken._replace(attempts=1)
        assert await hooked.due_webhooks(before) == []

    async def test_the_longest_due_are_taken_first(self, hooked: Store) -> None:
        for number in (1, 2, 3):
            await queue(hooked, notice(number), key=DocumentKey("demo", f"p{number}"))
        taken = await hooked.take_deliveries("wh1", 0, 50, 9)
        due = {1: 30, 2: 10, 3: 20}
        await hooked.settle_deliveries(
            [Settlement(one.number, "refused", due=due[one.event.at]) for one in taken]
        )
        assert numbers(await hooked.take_deliveries("wh1", 60, 90, 2)) == [2, 3]
        assert numbers(await hooked.take_deliveries("wh1", 60, 90, 2)) == [1]

    async def test_what_is_set_aside_makes_way_and_can_be_queued_again(self, hooked: Store) -> None:
        await queue(hooked, notice(1), notice(2))
        (first,) = await hooked.take_deliveries("wh1", 0, 50, 9)
        await hooked.settle_deliveries([Settlement(first.number, "gone ż", at=40)])
        aside = first._replace(error="gone ż", aside=40)
        assert await hooked.aside_deliveries("wh1", 9) == [aside]
        assert await hooked.aside_deliveries("wh1", 0) == []
        (second,) = await hooked.take_deliveries("wh1", 0, 50, 9)
        assert second.event.at == 2
        await hooked.settle_deliveries([Settlement(first.number), Settlement(10**9)])
        assert await hooked.queues() == [Queue("wh1", 1, 2, 1)]
        await hooked.settle_deliveries([Settlement(second.number, "busy", due=90)])
        assert await hooked.redeliver("wh1") == 1
        assert await hooked.redeliver("wh1") == 0
        (again,) = await hooked.take_deliveries("wh1", 50, 60, 9)
        assert again == first
        await hooked.settle_deliveries([Settlement(again.number)])
        assert numbers(await hooked.take_deliveries("wh1", 60, 90, 9)) == [2]

    async def test_old_ones_expire_together_and_are_dropped_later(self, hooked: Store) -> None:
        await queue(hooked, notice(1), notice(2), notice(3))
        await queue(hooked, notice(1), key=OTHER)
        (taken, _) = await hooked.take_deliveries("wh1", 0, 50, 9)
        assert await hooked.expire_deliveries("wh1", 3, Settlement(0, "too old", at=70)) == 3
        assert await hooked.expire_deliveries("wh1", 3, Settlement(0, "too old", at=70)) == 0
        assert [one.error for one in await hooked.aside_deliveries("wh1", 9)] == ["too old"] * 3
        assert numbers(await hooked.take_deliveries("wh1", 0, 50, 9)) == [3]
        await hooked.settle_deliveries([Settlement(taken.number)])  # too late
        assert await hooked.queues() == [Queue("wh1", 1, 3, 3)]
        assert await hooked.drop_aside(70) == 0
        assert await hooked.drop_aside(71) == 3
        assert await hooked.queues() == [Queue("wh1", 1, 3, 0)]

    async def test_a_removed_webhook_takes_its_queue_along(self, hooked: Store) -> None:
        await hooked.put_webhook(SECOND)
        await queue(hooked, notice(1, "wh1", "wh2"), notice(2, "wh1"))
        (taken,) = await hooked.take_deliveries("wh1", 0, 50, 9)
        await hooked.remove_webhook("demo", "wh1")
        await hooked.settle_deliveries([Settlement(taken.number, "late", due=5)])
        await hooked.put_webhook(HOOK)
        assert await hooked.queues() == [Queue("wh1", 0, 0, 0), Queue("wh2", 1, 1, 0)]
        assert await hooked.due_webhooks(99) == ["wh2"]

    async def test_a_webhook_that_changes_keeps_its_queue(self, hooked: Store) -> None:
        await queue(hooked, notice(1))
        await hooked.put_webhook(HOOK._replace(active=False))
        assert await hooked.queues() == [Queue("wh1", 1, 1, 0)]

    async def test_a_removed_users_id_goes_from_the_queue(self, hooked: Store) -> None:
        await hooked.put_webhook(FOREIGN)
        await queue(hooked, notice(1, by="bob"), notice(2))
        await queue(hooked, notice(3, "wh3", by="bob"), key=DocumentKey("other", "p"))
        await hooked.remove_user("demo", "bob")
        (taken,) = await hooked.take_deliveries("wh1", 0, 50, 9)
        assert taken.event == event(1, "")
        (taken,) = await hooked.take_deliveries("wh3", 0, 50, 9)
        assert taken.event.by == "bob"

    async def test_appends_and_deliveries_that_race_lose_nothing(
        self, hooked: Store, make_store: Callable[[], Store]
    ) -> None:
        told: list[int] = []
        written = anyio.Event()

        async def write(key: DocumentKey, first: int) -> None:
            for number in range(first, first + 20):
                await queue(hooked, notice(number), key=key)

        async def deliver(store: Store) -> None:
            while True:
                done = written.is_set()
                taken = await store.take_deliveries("wh1", 0, 50, 2)
                told.extend(numbers(taken))
                await store.settle_deliveries([Settlement(one.number) for one in taken])
                if done and not taken:
                    return

        async with opened(make_store()) as second, anyio.create_task_group() as tasks:
            tasks.start_soon(deliver, hooked)
            tasks.start_soon(deliver, second)
            async with anyio.create_task_group() as writers:
                writers.start_soon(write, KEY, 0)
                writers.start_soon(write, OTHER, 100)
            written.set()
        assert sorted(told) == [*range(20), *range(100, 120)]
        for page in (range(20), range(100, 120)):
            assert [number for number in told if number in page] == list(page)
