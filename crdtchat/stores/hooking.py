"""Webhooks, and the queue of what they are to hear. Part of `Store`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from crdtchat.sync.message import Event

FURTHEST_MS = 86_400_000
"""No attempt is put off for longer. What seems to be was put off before the clock was set back, and
is due."""


class Webhook(NamedTuple):
    """An address that a tenant's events are sent to."""

    id: str
    tenant: str
    url: str
    secrets: tuple[str, ...]
    """Newest first; every delivery is signed with all of them."""
    events: tuple[str, ...]
    """Names of the events it hears of."""
    pages: str = "*"
    """Glob over page ids."""
    active: bool = True
    """While it is not, nothing is queued for it, and what waits stays."""
    created: int = 0
    """Milliseconds since 1970."""


class Notice(NamedTuple):
    """An event of an append, for the webhooks that are to hear of it. Ids and times, no words."""

    id: str
    """The event's own, at whatever webhook and however often it is sent."""
    event: Event
    webhooks: tuple[str, ...]
    """Ids; those that are not the tenant's, or not there any more, hear nothing."""


class Delivery(NamedTuple):
    """A notice on its way to one webhook."""

    number: int
    """Grows from delivery to delivery, with holes."""
    webhook: str
    page: str
    id: str
    event: Event
    attempts: int = 0
    """That failed so far; 0 for what was set aside."""
    error: str = ""
    """Why it was set aside."""
    aside: int = 0
    """When, in milliseconds since 1970; 0: it waits."""


class Settlement(NamedTuple):
    """How an attempt ended. A number that is not there any more settles nothing."""

    number: int
    error: str = ""
    """Empty: it was delivered, and is forgotten."""
    due: int = 0
    """With an error: when to try again, in milliseconds since 1970; 0: never, it is set aside."""
    at: int = 0
    """Now."""


class Queue(NamedTuple):
    """What there is for one webhook."""

    webhook: str
    waiting: int
    oldest: int
    """`Event.at` of the first that waits; 0 if none does."""
    aside: int


class Hooking(Protocol):
    """See `crdtchat.stores.base.Store`, whose promises hold here too.

    The notices of a committed append are queued in its transaction. Of one webhook's deliveries
    about one page only the first that waits can be taken, so they arrive in the order of commits.
    """

    async def put_webhook(self, webhook: Webhook, *, over: Webhook | None = None) -> bool:
        """Keep a webhook in place of what stands under its id; with `over` only if that is what
        stands there still. Answers whether it is kept. Its tenant never changes. Makes
        `Store.revision` grow."""

    async def webhooks(self, tenant: str | None = None) -> list[Webhook]:
        """List a tenant's webhooks by creation and id, or everybody's."""

    async def remove_webhook(self, tenant: str, webhook: str) -> bool:
        """Forget a webhook with all that is queued or set aside for it; answers whether it was
        there. Makes `Store.revision` grow."""

    async def due_webhooks(self, now: int) -> list[str]:
        """Ids of the webhooks, also inactive ones, that a delivery could be taken for."""

    async def take_deliveries(
        self, webhook: str, now: int, until: int, most: int
    ) -> list[Delivery]:
        """Take what is due at `now`, or not within `FURTHEST_MS`, for at most `most` pages, longest
        due first.

        Nobody else gets these, nor any other about their pages, before they are settled or
        `until` has come. Times in milliseconds since 1970.
        """

    async def settle_deliveries(self, settlements: Sequence[Settlement]) -> None:
        """Say how attempts ended, all in one transaction. What was delivered or set aside makes
        way for the next about its page, which is due at once."""

    async def expire_deliveries(self, webhook: str, before: int, settlement: Settlement) -> int:
        """Set aside all of a webhook's deliveries whose `Event.at` is before a time, with the
        error and the time of a settlement (of no number); answers how many."""

    async def aside_deliveries(self, webhook: str, most: int) -> list[Delivery]:
        """List what was set aside for a webhook, oldest first."""

    async def redeliver(self, webhook: str) -> int:
        """Queue again, each at its old place, what was set aside; answers how many."""

    async def drop_aside(self, before: int) -> int:
        """Forget what was set aside before a time; answers how many."""

    async def queues(self) -> list[Queue]:
        """What there is for each webhook, by id. Counts: not to be asked for every second."""
