"""The webhooks of a `MemoryStore`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from crdtchat.stores.base import DocumentKey
from crdtchat.stores.hooking import FURTHEST_MS, Delivery, Notice, Queue, Settlement, Webhook
from crdtchat.stores.text import webhook_texts

_Lane = tuple[str, str]
"""Webhook and page."""


@dataclass(slots=True)
class MemoryHooks:
    """Deliveries of all tenants, in order of number."""

    webhooks: dict[str, Webhook] = field(default_factory=dict)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    last: int = 0
    lanes: dict[_Lane, tuple[int, int]] = field(default_factory=dict)
    """When the first delivery that waits is due, and how often it failed."""

    def queue(self, key: DocumentKey, notices: Sequence[Notice]) -> None:
        """Queue an append's notices."""
        for notice in notices:
            for webhook in notice.webhooks:
                found = self.webhooks.get(webhook)
                if found is not None and found.tenant == key.tenant:
                    self.last += 1
                    delivery = Delivery(self.last, webhook, key.page, notice.id, notice.event)
                    self.deliveries[self.last] = delivery
                    self.lanes.setdefault((webhook, key.page), (0, 0))

    def remove(self, webhooks: Sequence[str]) -> None:
        """Forget webhooks and all that is theirs."""
        for webhook in webhooks:
            del self.webhooks[webhook]
        for number in [one.number for one in self.deliveries.values() if one.webhook in webhooks]:
            del self.deliveries[number]
        self.lanes = {lane: state for lane, state in self.lanes.items() if lane[0] not in webhooks}

    def forget_user(self, tenant: str, user: str) -> None:
        """A user's id goes."""
        for number, one in self.deliveries.items():
            if one.event.by == user and self.webhooks[one.webhook].tenant == tenant:
                self.deliveries[number] = one._replace(event=one.event._replace(by=""))

    def waiting(self, webhook: str, page: str | None = None) -> Iterator[Delivery]:
        """What waits, in order."""
        for number in sorted(self.deliveries):
            one = self.deliveries[number]
            if one.webhook == webhook and page in (None, one.page) and not one.aside:
                yield one

    def settle(self, settlement: Settlement) -> None:
        """See `Hooking.settle_deliveries`."""
        one = self.deliveries.get(settlement.number)
        if one is None or one.aside:
            return
        lane = (one.webhook, one.page)
        if settlement.error and settlement.due:
            self.lanes[lane] = (settlement.due, self.lanes[lane][1] + 1)
            return
        if settlement.error:
            error, at = settlement.error, settlement.at
            self.deliveries[one.number] = one._replace(error=error, aside=at)
        else:
            del self.deliveries[one.number]
        self.renew(lane)

    def renew(self, lane: _Lane) -> None:
        """Its first delivery is another now."""
        if next(self.waiting(*lane), None) is None:
            self.lanes.pop(lane, None)
        else:
            self.lanes[lane] = (0, 0)


def _is_due(due: int, now: int) -> bool:
    return not now < due <= now + FURTHEST_MS


class MemoryHooking(ABC):
    """A store's share of methods about them."""

    def __init__(self, hooks: MemoryHooks, changed: Callable[[], None]) -> None:
        """`changed` makes the store's revision grow."""
        self._hooks = hooks
        self._hooks_changed = changed

    @abstractmethod
    async def _enter(self, *texts: str) -> None:
        """Every call's single await."""

    async def put_webhook(self, webhook: Webhook, *, over: Webhook | None = None) -> bool:
        """See `Hooking`."""
        await self._enter(*webhook_texts(webhook))
        if over not in (None, self._hooks.webhooks.get(webhook.id)):
            return False
        self._hooks.webhooks[webhook.id] = webhook
        self._hooks_changed()
        return True

    async def webhooks(self, tenant: str | None = None) -> list[Webhook]:
        """See `Hooking`."""
        await self._enter(tenant or "")
        found = [one for one in self._hooks.webhooks.values() if tenant in (None, one.tenant)]
        return sorted(found, key=lambda one: (one.created, one.id))

    async def remove_webhook(self, tenant: str, webhook: str) -> bool:
        """See `Hooking`."""
        await self._enter(tenant, webhook)
        found = self._hooks.webhooks.get(webhook)
        if found is None or found.tenant != tenant:
            return False
        self._hooks.remove([webhook])
        self._hooks_changed()
        return True

    async def due_webhooks(self, now: int) -> list[str]:
        """See `Hooking`."""
        await self._enter()
        return sorted(
            {webhook for (webhook, _), (due, _) in self._hooks.lanes.items() if _is_due(due, now)}
        )

    async def take_deliveries(
        self, webhook: str, now: int, until: int, most: int
    ) -> list[Delivery]:
        """See `Hooking`."""
        await self._enter(webhook)
        lanes = [
            (due, lane[1], attempts)
            for lane, (due, attempts) in self._hooks.lanes.items()
            if lane[0] == webhook and _is_due(due, now)
        ]
        taken = []
        for _, page, attempts in sorted(lanes)[:most]:
            self._hooks.lanes[webhook, page] = (until, attempts)
            taken.append(next(self._hooks.waiting(webhook, page))._replace(attempts=attempts))
        return taken

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> None:
        """See `Hooking`."""
        await self._enter(*(one.error for one in settlements))
        for settlement in settlements:
            self._hooks.settle(settlement)

    async def expire_deliveries(self, webhook: str, before: int, settlement: Settlement) -> int:
        """See `Hooking`."""
        await self._enter(webhook, settlement.error)
        doomed = [one for one in self._hooks.waiting(webhook) if one.event.at < before]
        for one in doomed:
            error, at = settlement.error, settlement.at
            self._hooks.deliveries[one.number] = one._replace(error=error, aside=at)
        for page in {one.page for one in doomed}:
            self._hooks.renew((webhook, page))
        return len(doomed)

    async def aside_deliveries(self, webhook: str, most: int) -> list[Delivery]:
        """See `Hooking`."""
        await self._enter(webhook)
        found = [one for one in self._hooks.deliveries.values() if one.aside]
        found = [one for one in found if one.webhook == webhook]
        return sorted(found, key=lambda one: one.number)[:most]

    async def redeliver(self, webhook: str) -> int:
        """See `Hooking`."""
        found = await self.aside_deliveries(webhook, self._hooks.last)
        for one in found:
            self._hooks.deliveries[one.number] = one._replace(error="", aside=0)
            self._hooks.lanes[webhook, one.page] = (0, 0)
        return len(found)

    async def drop_aside(self, before: int) -> int:
        """See `Hooking`."""
        await self._enter()
        doomed = [one for one in self._hooks.deliveries.values() if 0 < one.aside < before]
        for one in doomed:
            del self._hooks.deliveries[one.number]
        return len(doomed)

    async def queues(self) -> list[Queue]:
        """See `Hooking`."""
        await self._enter()
        found = []
        for webhook in sorted(self._hooks.webhooks):
            waiting = list(self._hooks.waiting(webhook))
            own = sum(one.webhook == webhook for one in self._hooks.deliveries.values())
            oldest = waiting[0].event.at if waiting else 0
            found.append(Queue(webhook, len(waiting), oldest, own - len(waiting)))
        return found
