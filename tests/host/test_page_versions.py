"""Page versions come with records and go with them; nothing damaged is given out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from crdtchat.document.page_version import VERSIONS_PER_PAGE, version_of
from crdtchat.document.replica import Write
from crdtchat.host import page_versions
from crdtchat.host.hub import Hub
from crdtchat.host.sources import Sources
from crdtchat.stores.base import DocumentKey, Put, StoreCorrupt
from crdtchat.stores.memory import MemoryData, MemoryStore
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment

KEY = DocumentKey("demo", "page")
ANN = Peer("ann", "Ann", "commenter", may_comment=True, may_moderate=False)
HOUR_MS = 3_600_000


class Later(Sources):
    """A clock that tests put forward."""

    ahead_ms = 0

    def now(self) -> Moment:
        moment = super().now()
        return Moment(moment.steady, moment.wall + self.ahead_ms)


@pytest.fixture
def data() -> MemoryData:
    return MemoryData()


@pytest.fixture
async def hub(data: MemoryData) -> AsyncIterator[Hub]:
    store = MemoryStore(data)
    await store.open()
    async with Hub(store, sources=Later()) as hub:
        yield hub


async def annotate(hub: Hub, aid: str, text: str) -> str:
    """Write an annotation that names a version, and bring its text; answer its name."""
    name = version_of(text)
    now = hub.sources.now().wall
    write: Write = ("a", aid, ("ann", now, "words", "", "", 0, 5, "", "", name))
    await hub.write(KEY, ANN, [write], aid.encode().ljust(16))
    assert await page_versions.put(hub, KEY, "ann", name, text.encode()) is Put.STORED
    return name


async def delete(hub: Hub, aid: str) -> None:
    stone: Write = ("d", aid, ("ann", hub.sources.now().wall))
    await hub.write(KEY, ANN, [stone], aid.encode().rjust(16))


async def test_who_names_a_version(hub: Hub) -> None:
    name = await annotate(hub, "anno", "some text")
    assert await page_versions.names(hub, KEY, "ann", name)
    assert not await page_versions.names(hub, KEY, "bob", name)
    moderator = replace(ANN, user="mod", may_moderate=True)
    now = hub.sources.now().wall
    anchor: Write = ("t", "anno", ("mod", now, "words", "", "", 0, 5, "", "", version_of("new")))
    await hub.write(KEY, moderator, [anchor], b"x" * 16)
    assert await page_versions.names(hub, KEY, "mod", version_of("new"))
    assert await page_versions.names(hub, KEY, "ann", name)
    await delete(hub, "anno")
    assert not await page_versions.names(hub, KEY, "ann", name)


async def test_what_no_record_names_goes_with_the_next_snapshot(hub: Hub) -> None:
    kept, gone = await annotate(hub, "keep", "kept"), await annotate(hub, "gone", "gone")
    await delete(hub, "gone")
    async with hub.attend(KEY) as room:
        await hub.compact(room)
        assert await hub.store.versions(KEY) == [kept, gone]
        assert isinstance(hub.sources, Later)
        hub.sources.ahead_ms = HOUR_MS + 1_000
        await hub.compact(room)
    assert await hub.store.versions(KEY) == [kept]
    assert await page_versions.get(hub.store, KEY, kept) == b"kept"
    assert await page_versions.get(hub.store, KEY, gone) is None


async def test_a_full_page_makes_room(hub: Hub) -> None:
    for number in range(VERSIONS_PER_PAGE):
        await annotate(hub, f"a{number:03}", f"text {number}")
    assert await page_versions.put(hub, KEY, "ann", version_of("more"), b"more") is Put.FULL
    await delete(hub, "a007")
    assert isinstance(hub.sources, Later)
    hub.sources.ahead_ms = HOUR_MS + 1_000
    assert await page_versions.put(hub, KEY, "ann", version_of("more"), b"more") is Put.STORED
    assert version_of("text 7") not in await hub.store.versions(KEY)
    assert hub.counters["versions_full"] == 1


@pytest.mark.parametrize("bad", [b"", b"x\x9c\x03", b"\x00" * 40])
async def test_a_damaged_text_is_not_given_out(hub: Hub, data: MemoryData, bad: bytes) -> None:
    name = await annotate(hub, "anno", "some text")
    versions = data.documents[KEY].versions
    versions[name] = replace(versions[name], data=bad)
    with pytest.raises(StoreCorrupt, match="cannot be read back"):
        await page_versions.get(hub.store, KEY, name)
