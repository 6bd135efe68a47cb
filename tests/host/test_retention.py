"""Retention: what goes after so many days, and what stays."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crdtchat.access.directory import Directory
from crdtchat.access.tenants import Tenant
from crdtchat.document import rebuild
from crdtchat.document.schema import ROOTS
from crdtchat.document.view import read_view
from crdtchat.host.damage import Damage
from crdtchat.host.erasing import rebuild_document
from crdtchat.host.folding import replica_of
from crdtchat.host.retention import DAY_MS, apply_retention
from crdtchat.host.sources import Sources
from crdtchat.server.retention import keep_retention
from crdtchat.stores.base import (
    Append,
    Conflict,
    DocumentKey,
    Entry,
    Erasure,
    Page,
    PageVersion,
    Store,
    StoreUnavailable,
)
from crdtchat.stores.memory import MemoryStore
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.sync.effects import Deed
from crdtchat.sync.tuning import Moment
from crdtchat.testing.store_contract import opened

KEY = DocumentKey("demo", "page")
NOW = 1_700_000_000_000
OLD, NEW = NOW - 40 * DAY_MS, NOW - DAY_MS
MONTH = Tenant("demo", retention_days=30)
SECRET = "what nobody needs any more"
TARGET = ("words", "", "", 0, 5)


class Faulty(MemoryStore):
    """Cannot be read while it is `broken`."""

    broken = False

    async def pages(self, tenant: str, **part: Any) -> list[Page]:
        if self.broken:
            raise StoreUnavailable("broken")
        return await super().pages(tenant, **part)


@pytest.fixture
async def store() -> Faulty:
    store = Faulty()
    await store.open()
    return store


async def test_resolved_and_quiet_goes_after_its_days() -> None:
    content: rebuild.Content = {root: {} for root in ROOTS}
    for aid, answered in (("quiet", OLD), ("busy-one", NEW), ("open-one", OLD)):
        content["a"][aid] = ("ann", OLD, *TARGET)
        content["c"][f"{aid}/c001"] = ("ann", answered, "text")
    for aid in ("quiet", "busy-one"):
        content["s"][aid] = (1, "ann", OLD)
    content["d"] = {"gone-old": ("ann", OLD), "gone-new": ("ann", NEW)}
    store = MemoryStore()
    await store.open()
    entry = Entry(rebuild.encode_content(content, 1), "ann", OLD)
    deeds = (Deed("m", "moderator", "hide", "x", OLD, "rest"),)
    await store.append([Append(KEY, 1, 0, (entry,), deeds=deeds)])
    assert await apply_retention(store, Tenant("demo"), NOW, "server", Damage()) == 0
    assert await apply_retention(store, MONTH, NOW, "server", Damage()) == 1
    left = rebuild.read_content(replica_of(await store.load(KEY)))
    assert set(left["a"]) == {"busy-one", "open-one"}
    assert set(left["d"]) == {"gone-new", "quiet"}
    lines = await store.deeds("demo", page=None, first=0, last=2**53, after=0, most=9)
    assert [(line.deed.action, line.deed.target) for line in lines] == [("expire", "quiet")]
    assert await apply_retention(store, MONTH, NOW, "server", Damage()) == 0


async def test_what_went_comment_by_comment_does_not_come_back_without_them(
    store: MemoryStore,
) -> None:
    """An annotation whose comments were all deleted is gone; so it is when their tombstones go."""
    content: rebuild.Content = {root: {} for root in ROOTS}
    for aid in ("gone-old", "gone-new", "answered", "bare"):
        content["a"][aid] = ("ann", OLD, *TARGET)
    content["c"]["answered/c002"] = ("bob", OLD, "text")
    for key, at in (("gone-old/c001", OLD), ("gone-new/c001", NEW), ("answered/c001", OLD)):
        content["d"][key] = ("ann", at)
    content["d"]["gone-new/c002"] = ("ann", OLD)
    entry = Entry(rebuild.encode_content(content, 1), "ann", OLD)
    await store.append([Append(KEY, 1, 0, (entry,))])
    seen = [found.aid for found in read_view(replica_of(await store.load(KEY)))]
    assert seen == ["answered", "bare"]
    assert await apply_retention(store, MONTH, NOW, "server", Damage()) == 1
    replica = replica_of(await store.load(KEY))
    assert [found.aid for found in read_view(replica)] == seen
    assert set(replica.values("a")) == {"gone-new", "answered", "bare"}
    assert set(replica.values("d")) == {"gone-old", "gone-new/c001"}
    assert await apply_retention(store, MONTH, NOW + 30 * DAY_MS, "server", Damage()) == 1
    replica = replica_of(await store.load(KEY))
    assert [found.aid for found in read_view(replica)] == seen


async def _old_thread(store: Store, page: str, at: int = OLD) -> DocumentKey:
    """A page with a thread that was resolved long ago."""
    key = DocumentKey("demo", page)
    content: rebuild.Content = {root: {} for root in ROOTS}
    content["a"]["quiet"] = ("ann", at, SECRET, "", "", 0, len(SECRET))
    content["c"]["quiet/c001"] = ("ann", at, SECRET)
    content["s"]["quiet"] = (1, "ann", at)
    content["d"]["gone-old"] = ("ann", at)
    await store.append([Append(key, 1, 0, (Entry(rebuild.encode_content(content, 1), "ann", at),))])
    return key


async def test_a_page_that_is_held_stays_as_it_is(store: MemoryStore) -> None:
    held, other = await _old_thread(store, "case-7/a"), await _old_thread(store, "case-8/a")
    tenant = replace(MONTH, retention_holds=("case-7/*", "elsewhere"))
    for key in (held, other):
        await store.add_deeds(key, [Deed("m", "moderator", "hide", "x", OLD, "rest")])
    assert await apply_retention(store, tenant, NOW, "server", Damage()) == 1
    assert (await store.load(held)).epoch == 1
    assert (await store.load(other)).epoch == 2
    lines = await store.deeds("demo", page=None, first=0, last=2**53, after=0, most=9)
    assert [(line.page, line.deed.action) for line in lines] == [
        (held.page, "hide"),
        (other.page, "expire"),
    ]
    assert await apply_retention(store, MONTH, NOW, "server", Damage()) == 1
    assert (await store.load(held)).epoch == 2


async def test_who_decides_is_not_in_the_way_of_the_event_loop(store: MemoryStore) -> None:
    key = await _old_thread(store, "page")
    threads = []

    def change(content: rebuild.Content, loaded: object) -> rebuild.Content:
        threads.append(threading.get_ident())
        return content

    assert await rebuild_document(store, key, change) == 2
    assert threads != [threading.get_ident()]


class Clock(Sources):
    """Says what time it is by a test's word."""

    wall = NOW

    def now(self) -> Moment:
        return Moment(self.wall / 1_000, self.wall)


class Enough(Exception):
    """The test has seen what it wanted."""


async def test_the_loop_goes_round_once_a_day_whatever_a_round_ends_in(store: Faulty) -> None:
    key = await _old_thread(store, "page", at=NOW)
    clock, days = Clock(), 0

    async def pause(seconds: float) -> None:
        nonlocal days
        days += 1
        clock.wall += round(seconds * 1_000)
        store.broken = False
        if (await store.load(key)).epoch > 1 or days > 40:
            raise Enough
        store.broken = days == 31  # The round in which it would go.

    with pytest.raises(Enough):
        await keep_retention(store, Directory({"demo": MONTH}, store), clock, pause)
    assert days == 33


async def test_a_round_that_ended_in_the_middle_goes_on_with_the_next(tmp_path: Path) -> None:
    """The process is killed behind the second of three erasures: nothing is left on the disk once
    the next one has gone round."""
    path = tmp_path / "data" / "crdtchat.sqlite3"

    class Killed(BaseException):
        """As good as: nothing after it is done."""

    class Dying(SqliteStore):
        erasures = 0

        async def erase(self, erasure: Erasure) -> int | Conflict:
            if self.erasures == 2:
                raise Killed
            self.erasures += 1
            return await super().erase(erasure)

    async with opened(Dying(path)) as dying:
        for page in ("one", "two", "three"):
            key = await _old_thread(dying, page)
            version = PageVersion(page, page.encode() * 8, "ann", OLD, 9, SECRET.encode())
            await dying.put_version(key, version, 9)
        with pytest.raises(Killed):
            await apply_retention(dying, MONTH, NOW, "server", Damage())
        assert await dying.unscrubbed()
    async with opened(SqliteStore(path)) as store:
        assert await apply_retention(store, MONTH, NOW, "server", Damage()) == 1
        assert not await store.unscrubbed()
        for page in ("one", "two", "three"):
            left = rebuild.read_content(replica_of(await store.load(DocumentKey("demo", page))))
            assert (left["a"], set(left["d"])) == ({}, {"quiet"})
        assert await store.versions(DocumentKey("demo", "three")) == []
        files = [file for file in path.parent.iterdir() if SECRET.encode() in file.read_bytes()]
        assert files == []
