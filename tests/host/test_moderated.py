"""What is hidden or locked, on all pages: read once, and again where somebody has written."""

from __future__ import annotations

import json

import pytest

from crdtchat.document import rebuild
from crdtchat.document.schema import HIDDEN, LOCKED, ROOTS
from crdtchat.host.damage import Damage
from crdtchat.host.moderated import ModeratedPages
from crdtchat.stores.base import Append, DocumentKey, Entry, Erasure, Head, Loaded
from crdtchat.stores.memory import MemoryStore

NOW = 1_700_000_000_000
PAGES = ("one", "two", "three")


class Counting(MemoryStore):
    """Knows which pages were read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    async def load(self, key: DocumentKey, *, known: Head | None = None) -> Loaded:
        self.read.append(key.page)
        return await super().load(key, known=known)


def update(flags: int, at: int) -> bytes:
    """A page whose one annotation was decided about."""
    content: rebuild.Content = {root: {} for root in ROOTS}
    content["a"]["anno"] = ("ann", NOW, "words", "", "", 0, 5)
    content["c"]["anno/c001"] = ("ann", NOW, "text")
    content["m"]["anno"] = (flags, "mod", at)
    return rebuild.encode_content(content, 1)


@pytest.fixture
async def store() -> Counting:
    store = Counting()
    await store.open()
    for at, page in enumerate(PAGES, NOW):
        entry = Entry(update(HIDDEN, at), "mod", at)
        await store.append([Append(DocumentKey("demo", page), 1, 0, (entry,))])
    return store


async def look(pages: ModeratedPages, store: Counting) -> list[tuple[str, bool, bool]]:
    """What a moderator is shown: page, hidden, locked."""
    found = await pages.find(store, "demo", PAGES, Damage())
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    items = [(one.page, json.loads(one.item)) for one in found]
    return [(page, bool(item.get("hidden")), bool(item.get("locked"))) for page, item in items]


async def test_a_page_is_read_when_somebody_has_written_there(store: Counting) -> None:
    pages = ModeratedPages()
    first = [("three", True, False), ("two", True, False), ("one", True, False)]
    assert await look(pages, store) == first
    assert store.read == list(PAGES)
    store.read.clear()
    assert await look(pages, store) == first
    assert store.read == []
    # Whoever wrote, by whichever way: an erasure writes it anew.
    await store.erase(Erasure(DocumentKey("demo", "one"), 1, 1, update(LOCKED, NOW + 9)))
    changed = [("one", False, True), ("three", True, False), ("two", True, False)]
    assert await look(pages, store) == changed
    assert store.read == ["one"]


@pytest.mark.parametrize("most_bytes", [0, 1_500, 2_500])
async def test_what_is_remembered_is_bounded(store: Counting, most_bytes: int) -> None:
    pages = ModeratedPages(most_bytes)
    for _ in range(3):
        assert [page for page, *_ in await look(pages, store)] == ["three", "two", "one"]
    assert pages._size <= most_bytes
    assert pages._size == sum(seen.size for seen in pages._seen.values())
