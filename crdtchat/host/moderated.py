"""What moderators hid or locked, on whatever page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from anyio.to_thread import run_sync

from crdtchat.document import schema
from crdtchat.document.jsonld import export_json
from crdtchat.document.rebuild import Values, read_content
from crdtchat.document.records import ModerationRecord, read_moderation
from crdtchat.document.replica import EngineFailure
from crdtchat.document.view import read_view
from crdtchat.host.damage import Damage
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Head, Loaded, Store, StoreCorrupt

DECISIONS = ("hide", "import", "lock")
"""Deeds by which something on a page may be hidden or locked."""


REMEMBERED_BYTES = 16_777_216
"""Of what was found, on pages that nobody has written on since."""
_PAGE_BYTES = 512
"""What a page takes beside that, about."""


@dataclass(frozen=True, slots=True)
class Moderated:
    """An annotation that is hidden or locked, or has a hidden comment."""

    page: str
    at: int
    """Of the newest decision."""
    item: bytes
    """As an export has it: JSON."""


class _Seen(NamedTuple):
    """What was found on a page."""

    head: Head
    found: tuple[Moderated, ...]

    @property
    def size(self) -> int:
        return _PAGE_BYTES + sum(len(one.item) for one in self.found)


class ModeratedPages:
    """Looks for them. What was found on a page holds as long as nobody writes there: moderators'
    browsers ask every minute, and to read a page takes milliseconds."""

    def __init__(self, most_bytes: int = REMEMBERED_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._seen: dict[DocumentKey, _Seen] = {}
        """Those that were asked for last come last."""

    async def find(
        self, store: Store, tenant: str, pages: Iterable[str], damage: Damage
    ) -> list[Moderated]:
        """Look on these pages; what was decided last comes first. `damage` hears of those that
        cannot be read back. Raises StoreError."""
        keys = [DocumentKey(tenant, page) for page in pages]
        found: list[Moderated] = []
        for key, head in zip(keys, await store.heads(keys), strict=True):
            with damage.passed_over(key):
                seen = self._seen.get(key)
                if seen is None or seen.head != head:
                    seen = await _read(store, key)
                self._remember(key, seen)
                found += seen.found
        return sorted(found, key=lambda one: -one.at)

    def _remember(self, key: DocumentKey, seen: _Seen) -> None:
        self._forget(key)
        self._seen[key] = seen
        self._size += seen.size
        while self._size > self._most:
            self._forget(next(iter(self._seen)))

    def _forget(self, key: DocumentKey) -> None:
        before = self._seen.pop(key, None)
        if before is not None:
            self._size -= before.size


async def _read(store: Store, key: DocumentKey) -> _Seen:
    loaded = await store.load(key)
    # A large page takes seconds: in a thread, so that others are served.
    items = await run_sync(_look, loaded, key.page)
    if isinstance(items, str):
        raise StoreCorrupt(f"page {key.page!r} cannot be read back: {items}")
    return _Seen(Head(loaded.epoch, loaded.sequence), tuple(items))


def _look(loaded: Loaded, page: str) -> list[Moderated] | str:
    """Those of one page, or what is wrong with it: an exception would carry the replica, which
    belongs to this thread, into another one."""
    try:
        replica = replica_of(loaded)
        verdicts = {
            key: verdict
            for key, value in replica.values(schema.MODERATION).items()
            if (verdict := read_moderation(value)) and (verdict.hidden or verdict.locked)
        }
        if not verdicts:
            return []
        content = read_content(replica)
    except EngineFailure as error:
        return str(error)
    aids = {key.partition("/")[0] for key in verdicts}
    kept = {
        root: values
        if root == schema.USERS
        else {key: value for key, value in values.items() if key.partition("/")[0] in aids}
        for root, values in content.items()
    }
    return [
        Moderated(page, _newest(verdicts, annotation.aid), json.dumps(item).encode())
        for annotation in read_view(Values(kept))
        if (item := export_json(annotation, page, verdicts)) and "moderation" in item
    ]


def _newest(verdicts: dict[str, ModerationRecord], aid: str) -> int:
    return max(verdict.at for key, verdict in verdicts.items() if key.partition("/")[0] == aid)
