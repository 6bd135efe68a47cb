"""The webhooks of all tenants, in memory, so that an append knows at once who is to hear of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256

from crdtchat.document.events import EVENT_NAMES
from crdtchat.stores.base import DocumentKey, Store
from crdtchat.stores.hooking import Notice, Webhook
from crdtchat.sync.message import Event


class HookList:
    """A copy of what the store holds; `refresh` brings it up to date."""

    def __init__(self) -> None:
        self.revision = -1
        """Of the store, that this is a copy of."""
        self.by_id: dict[str, Webhook] = {}
        self.on_queued: Callable[[], None] = _nobody
        """Called when an append with notices is on disk."""
        self._active: dict[str, list[Webhook]] = {}

    async def refresh(self, store: Store) -> None:
        """Read all webhooks anew if any changed. Raises StoreError."""
        revision = await store.revision()
        if revision == self.revision:
            return
        found = await store.webhooks()
        active: dict[str, list[Webhook]] = defaultdict(list)
        for webhook in found:
            if webhook.active:
                active[webhook.tenant].append(webhook)
        self.by_id = {webhook.id: webhook for webhook in found}
        self._active = dict(active)
        self.revision = revision

    def notices(
        self, key: DocumentKey, epoch: int, events: Sequence[Event], sequences: Sequence[int]
    ) -> tuple[Notice, ...]:
        """What an append's events mean to the tenant's webhooks; `sequences`: of their operations.

        An event has the same id wherever it is sent, and a repeated append gives it again.
        """
        webhooks = self._active.get(key.tenant)
        if webhooks is None:
            return ()
        here = [webhook for webhook in webhooks if fnmatchcase(key.page, webhook.pages)]
        notices = []
        for number, (event, sequence) in enumerate(zip(events, sequences, strict=True)):
            name = EVENT_NAMES[event.kind]
            told = tuple(webhook.id for webhook in here if name in webhook.events)
            if told:
                earlier = sequences.index(sequence)
                place = (*key, str(epoch), str(sequence), str(number - earlier))
                notices.append(Notice(_event_id(place), event, told))
        return tuple(notices)


def _event_id(place: Sequence[str]) -> str:
    """Names an event by where it stands; no two places are spelt alike."""
    spelt = "".join(f"{len(part)}:{part}" for part in place)
    return f"evt_{sha256(spelt.encode()).hexdigest()[:32]}"


def _nobody() -> None:
    """Nobody delivers in this process."""
