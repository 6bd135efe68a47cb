"""Delivers what is queued for webhooks: at least once, in order per page, patiently.

Any number of processes may deliver from one store: what one takes, the others leave alone.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from random import Random

import anyio
from anyio.abc import TaskGroup

from crdtchat.host.hook_address import BadUrl
from crdtchat.host.hook_request import Sender, Undelivered
from crdtchat.host.hook_signing import payload, signed_headers
from crdtchat.host.hub import Hub
from crdtchat.stores.base import DocumentKey, StoreError
from crdtchat.stores.hooking import Delivery, Queue, Settlement, Webhook
from crdtchat.stores.outage import Outage
from crdtchat.sync.effects import Deed

logger = logging.getLogger("crdtchat.host")

_LEASE_S = 5.0
"""Beyond the time that a request may take: for the store."""
_DROP_S = 3_600.0
"""Between two looks for what was set aside long ago."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a webhook is tried. Times in seconds."""

    first: float = 5.0
    """Before the second attempt; each further one waits four times as long."""
    longest: float = 21_600.0
    patience: float = 3 * 86_400.0
    """After which an event is set aside."""
    memory: float = 30 * 86_400.0
    """After which what was set aside is forgotten."""
    look: float = 1.0
    """Between two looks at the queue, beside those that an append causes."""
    count: float = 15.0
    """Between two counts of all that waits."""
    at_once: int = 4
    """Requests of one webhook under way."""
    in_all: int = 128
    """Beyond half of them every webhook has one: who is slow takes nobody's turn."""
    trips: int = 5
    """Failures in a row after which a webhook is asked once at a time, ever more rarely."""

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds before trying again after failure `attempt` (0: the first), spread over half."""
        return min(self.longest, self.first * 4.0 ** min(attempt, 12)) * (0.5 + 0.5 * chance)


@dataclass(slots=True)
class _Line:
    """One webhook, as this process knows it."""

    flying: int = 0
    failures: int = 0
    """In a row."""
    closed_until: float = 0.0
    """On the steady clock: the other one may be set back."""


class Deliverer:
    """Serves a store's queue.

    1. A delivery is forgotten only after its 2xx, or with its webhook.
    2. Of one webhook at most `at_once` requests are under way, of all at most `in_all`; none waits
       for another webhook's.
    """

    def __init__(self, hub: Hub, sender: Sender, pace: Pace | None = None) -> None:
        self.queues: list[Queue] = []
        """As counted last, for figures."""
        self._store = hub.store
        self._hooks = hub.hooks
        self._counters = hub.counters
        self._sources = hub.sources
        self._sender = sender
        self._pace = pace or Pace()
        self._chance = Random()
        self._lines: dict[str, _Line] = defaultdict(_Line)
        self._ended: list[tuple[Delivery, Settlement]] = []
        self._wanted = anyio.Event()
        self._counted = self._dropped = float("-inf")
        self._outage = Outage(logger, "webhooks have to wait")

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._hooks.on_queued = self._wake
        async with anyio.create_task_group() as tasks:
            while True:
                self._wanted = anyio.Event()
                try:
                    await self._settle()
                    if self._hooks.by_id:
                        await self._take(tasks)
                        await self._keep_house()
                except StoreError as error:
                    self._outage.goes_on(error)
                    await anyio.sleep(self._pace.look)
                else:
                    self._outage.is_over()
                with anyio.move_on_after(self._pace.look):
                    await self._wanted.wait()

    def _wake(self) -> None:
        self._wanted.set()

    @property
    def _now(self) -> int:
        return self._sources.now().wall

    async def _take(self, tasks: TaskGroup) -> None:
        """Begin all that is due and has room."""
        now = self._now
        until = now + round(1_000 * (self._sender.timeout_s + _LEASE_S))
        due = await self._store.due_webhooks(now)
        self._chance.shuffle(due)  # none comes first every time
        for name in due:
            webhook = self._hooks.by_id.get(name)
            room = self._room(name)
            if webhook is None or not webhook.active or not room:
                continue
            for delivery in await self._store.take_deliveries(name, now, until, room):
                self._lines[name].flying += 1
                tasks.start_soon(self._deliver, webhook, delivery)

    def _room(self, webhook: str) -> int:
        """How many more requests of a webhook may be under way."""
        pace, line = self._pace, self._lines[webhook]
        if line.failures >= pace.trips:
            return int(self._sources.now().steady >= line.closed_until and not line.flying)
        in_all = sum(one.flying for one in self._lines.values())
        if in_all >= pace.in_all:
            return 0
        most = pace.at_once if 2 * in_all < pace.in_all else 1
        return max(0, min(most - line.flying, pace.in_all - in_all))

    async def _deliver(self, webhook: Webhook, delivery: Delivery) -> None:
        """Make one attempt."""
        body = payload(delivery, webhook.tenant)
        headers = signed_headers(webhook.secrets, delivery.id, self._now, body)
        line = self._lines[webhook.id]
        try:
            await self._sender.post(webhook.url, headers, body)
        except (BadUrl, Undelivered) as failure:
            line.failures += 1
            settlement = self._failed(delivery, str(failure), line)
            if isinstance(failure, Undelivered) and failure.gone:
                await self._stop(webhook)
        else:
            line.failures = 0
            self._counters.add("webhooks_delivered")
            settlement = Settlement(delivery.number)
        self._ended.append((delivery, settlement))
        self._wake()

    def _failed(self, delivery: Delivery, why: str, line: _Line) -> Settlement:
        pace, now = self._pace, self._now
        self._counters.add("webhooks_failed")
        if line.failures >= pace.trips:
            pause = pace.delay(line.failures - pace.trips, self._chance.random())
            line.closed_until = self._sources.now().steady + pause
        if now - delivery.event.at > 1_000 * pace.patience:
            self._counters.add("webhooks_aside")
            return Settlement(delivery.number, why, at=now)
        pause = pace.delay(delivery.attempts, self._chance.random())
        return Settlement(delivery.number, why, due=now + max(1, round(1_000 * pause)))

    async def _settle(self) -> None:
        """Write down how attempts ended. Raises StoreError; then they are kept."""
        if not self._ended:
            return
        ended = list(self._ended)
        await self._store.settle_deliveries([settlement for _, settlement in ended])
        del self._ended[: len(ended)]
        for delivery, _ in ended:
            self._lines[delivery.webhook].flying -= 1

    async def _stop(self, webhook: Webhook) -> None:
        """The receiver wants no more of it: nothing is sent until an operator says so. What they
        changed while it was asked stands, and if they have it sent elsewhere, or not at all by now,
        the answer is not about that."""
        deed = Deed("", "", "webhook-gone", webhook.id, self._now, "server")
        try:
            stopped = False
            while not stopped:
                for newest in await self._store.webhooks(webhook.tenant):
                    if newest.id == webhook.id and newest.url == webhook.url and newest.active:
                        break
                else:
                    return
                stopped = await self._store.put_webhook(newest._replace(active=False), over=newest)
            await self._store.add_deeds(DocumentKey(webhook.tenant, ""), [deed])
            await self._hooks.refresh(self._store)
        except StoreError as error:
            logger.warning("a webhook that is gone is tried again: %s", error)

    async def _keep_house(self) -> None:
        """Count, now and then; set aside what waits too long; forget what was set aside."""
        steady, now = self._sources.now()
        if steady < self._counted + self._pace.count:
            return
        self._counted = steady
        self.queues = await self._store.queues()
        before = now - round(1_000 * self._pace.patience)
        for queue in self.queues:
            failing = self._lines[queue.webhook].failures >= self._pace.trips
            if failing and queue.waiting and queue.oldest < before:
                why = Settlement(0, "waited too long for a webhook that fails", at=now)
                count = await self._store.expire_deliveries(queue.webhook, before, why)
                self._counters.add("webhooks_aside", count)
        for name in self._lines.keys() - self._hooks.by_id.keys():
            if not self._lines[name].flying:
                del self._lines[name]
        if steady >= self._dropped + _DROP_S:
            self._dropped = steady
            await self._store.drop_aside(now - round(1_000 * self._pace.memory))
