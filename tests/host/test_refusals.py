"""Refused attempts in the audit log: each counted once, and never more lines than are allowed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crdtchat.access.principal import Denied
from crdtchat.host.refusals import LINES_PER_HOUR, OTHERS, Refusals
from crdtchat.stores.base import DocumentKey, StoreError
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.effects import Deed

KEY = DocumentKey("demo", "page")
NOW = 1_700_000_000_000
HOUR = 3_600_000


class Faulty(MemoryStore):
    """Cannot be written while it is `broken`."""

    broken = False

    async def add_deeds(self, key: DocumentKey, deeds: object) -> None:
        if self.broken:
            raise StoreError("full", retry=True)
        await super().add_deeds(key, deeds)  # type: ignore[arg-type]


@pytest.fixture
async def store() -> Faulty:
    store = Faulty()
    await store.open()
    return store


async def lines(store: MemoryStore, tenant: str = "demo") -> list[Deed]:
    found = await store.deeds(tenant, page=None, first=0, last=2**53, after=0, most=10_000)
    return [line.deed for line in found]


async def test_what_is_alike_is_one_line(store: Faulty) -> None:
    refusals = Refusals()
    for at in (NOW, NOW + 1, NOW + 2):
        refusals.note(KEY, "forged-author", at, who="eve", role="commenter", via="socket")
    refusals.note(KEY, "forbidden", NOW, who="eve", role="commenter", via="rest")
    await refusals.flush(store, NOW + 9)
    assert await lines(store) == [
        Deed("eve", "commenter", "refused", "forged-author", NOW + 2, "socket", 3),
        Deed("eve", "commenter", "refused", "forbidden", NOW, "rest"),
    ]
    await refusals.flush(store, NOW + 20)
    assert len(await lines(store)) == 2


async def test_strangers_are_one_line_whatever_they_ask_for(store: Faulty) -> None:
    refusals = Refusals()
    for number in range(50):
        key = DocumentKey("demo", f"page {number}")
        refusals.note_denied(key, Denied("no such token"), NOW, "socket")
        refusals.note_denied(key, Denied("sign in", missing=True), NOW, "socket")
    await refusals.flush(store, NOW)
    assert await lines(store) == [Deed("", "", "refused", "sign-in", NOW, "socket", 50)]


async def test_an_attacker_gets_no_more_lines(store: Faulty) -> None:
    refusals = Refusals()
    for number in range(5_000):
        who = f"~{number}"
        refusals.note(KEY, "not-author", NOW, who=who, role="commenter", via="socket")
        if number % 100 == 0:
            await refusals.flush(store, NOW)
    refusals.note(DocumentKey("other", "page"), "locked", NOW, who="ann", via="rest")
    await refusals.flush(store, NOW)
    assert len(await lines(store)) == LINES_PER_HOUR
    assert len(await lines(store, "other")) == 1
    # The rest when the hour is over, and from then on there is space again.
    refusals.note(KEY, "not-author", NOW + HOUR, who="eve", via="socket")
    await refusals.flush(store, NOW + HOUR)
    found = await lines(store)
    assert len(found) == LINES_PER_HOUR + 2
    by_code = {line.target: line.times for line in found[LINES_PER_HOUR:]}
    assert by_code == {OTHERS: 5_000 - LINES_PER_HOUR, "not-author": 1}
    assert sum(line.times for line in found) == 5_001


async def test_nothing_is_lost_or_doubled_while_the_store_is_broken(store: Faulty) -> None:
    refusals = Refusals()
    refusals.note(KEY, "locked", NOW, who="ann", via="rest")
    store.broken = True
    with pytest.raises(StoreError):
        await refusals.flush(store, NOW)
    refusals.note(KEY, "locked", NOW + 1, who="ann", via="rest")
    store.broken = False
    await refusals.flush(store, NOW + 1)
    assert [(line.times, line.at) for line in await lines(store)] == [(2, NOW + 1)]


async def test_another_tenant_has_its_first_while_lines_are_written() -> None:
    """Which ended the loop that writes them, and the server with it."""
    refusals = Refusals()
    other = DocumentKey("other", "page")

    class Meanwhile(MemoryStore):
        async def add_deeds(self, key: DocumentKey, deeds: Sequence[Deed]) -> None:
            refusals.note(other, "locked", NOW, who="bob", via="rest")
            await super().add_deeds(key, deeds)

    store = Meanwhile()
    await store.open()
    refusals.note(KEY, "locked", NOW, who="ann", via="rest")
    await refusals.flush(store, NOW)
    assert len(await lines(store)) == 1
    await refusals.flush(store, NOW)
    assert [line.who for line in await lines(store, "other")] == ["bob"]


async def test_the_last_word_is_written(store: Faulty) -> None:
    refusals = Refusals()
    for number in range(LINES_PER_HOUR + 7):
        refusals.note(KEY, "locked", NOW, who=f"u{number}", via="rest")
    await refusals.flush(store, NOW, last=True)
    found = await lines(store)
    assert (len(found), found[-1].times) == (LINES_PER_HOUR + 1, 7)
