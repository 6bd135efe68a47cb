"""The exam of a store, page versions: a base class beside `StoreContract`."""

from __future__ import annotations

import zlib
from dataclasses import replace
from hashlib import sha256

import anyio
import pytest

from crdtchat.stores.base import DocumentKey, PageVersion, Put, Store, StoreError
from crdtchat.testing.store_contract import KEY, OTHER, MakeStore, append_of, opened

MOST = 10


def version(number: int) -> PageVersion:
    """Make a version that no other number has."""
    text = f"Zażółć {number} 🙂\n".encode() * (number + 1)
    return PageVersion(
        f"version-{number}",
        sha256(text).digest(),
        f"użytkownik-{number % 3}",
        1_700_000_000_000 + number,
        len(text),
        zlib.compress(text),
    )


class VersionsContract:
    """Subclass together with `StoreContract`, which gives the fixture `store`."""

    async def test_versions_come_back_as_they_were_put(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 1), append_of(OTHER, 1, 1)])
        for number in (5, 2, 7):
            assert await store.put_version(KEY, version(number), MOST) is Put.STORED
        assert await store.version(KEY, "version-2") == version(2)
        assert await store.versions(KEY) == ["version-5", "version-2", "version-7"]
        assert await store.version(KEY, "version-3") is None
        assert await store.version(OTHER, "version-2") is None
        assert await store.versions(OTHER) == []

    async def test_putting_again_changes_nothing(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 1)])
        await store.put_version(KEY, version(1), MOST)
        again = replace(version(1), by="eve", at=9, data=b"?")
        assert await store.put_version(KEY, again, MOST) is Put.KNOWN
        other = replace(version(1), digest=b"\0" * 32)
        assert await store.put_version(KEY, other, MOST) is Put.TAKEN
        assert await store.version(KEY, "version-1") == version(1)

    async def test_a_page_keeps_no_more_than_it_may(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 1)])
        outcomes = [await store.put_version(KEY, version(number), 3) for number in range(4)]
        assert outcomes == [*[Put.STORED] * 3, Put.FULL]
        assert await store.put_version(KEY, version(0), 3) is Put.KNOWN
        assert len(await store.versions(KEY)) == 3

    async def test_a_page_that_nobody_wrote_on_has_none(self, store: Store) -> None:
        assert await store.put_version(KEY, version(1), MOST) is Put.UNWRITTEN
        assert await store.versions(KEY) == []
        assert await store.keep_versions(KEY, (), 2**53) == 0

    async def test_what_nobody_names_goes_when_it_is_old(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 1), append_of(OTHER, 1, 1)])
        for number in range(6):
            await store.put_version(KEY, version(number), MOST)
            await store.put_version(OTHER, version(number), MOST)
        kept = {"version-1", "version-3", "version-9"}
        assert await store.keep_versions(KEY, kept, version(4).at) == 2
        assert await store.versions(KEY) == [f"version-{number}" for number in (1, 3, 4, 5)]
        assert await store.keep_versions(KEY, kept, version(4).at) == 0
        assert len(await store.versions(OTHER)) == 6

    async def test_all_of_a_page_are_erased_and_no_others(self, store: Store) -> None:
        scoped = KEY._replace(scope="team")
        foreign = DocumentKey("other", KEY.page)
        keys = (KEY, OTHER, scoped, foreign)
        await store.append([append_of(key, 1, 1) for key in keys])
        for key in keys:
            await store.put_version(key, version(1), MOST)
            await store.put_version(key, version(2), MOST)
        assert await store.keep_versions(KEY, (), 2**53) == 2
        assert [len(await store.versions(key)) for key in keys] == [0, 2, 2, 2]
        assert await store.put_version(KEY, version(1), MOST) is Put.STORED

    async def test_they_stay_when_who_brought_them_is_forgotten(self, store: Store) -> None:
        foreign = DocumentKey("other", KEY.page)
        for key in (KEY, OTHER, foreign):
            await store.append([append_of(key, 1, 1)])
            await store.put_version(key, version(1), MOST)
        await store.remove_user("demo", version(1).by)
        for key in (KEY, OTHER):
            assert await store.version(key, "version-1") == replace(version(1), by="")
        assert await store.version(foreign, "version-1") == version(1)

    async def test_of_those_who_put_at_once_one_stores(self, make_store: MakeStore) -> None:
        outcomes: list[Put] = []

        async def put(store: Store) -> None:
            outcomes.append(await store.put_version(KEY, version(1), MOST))

        async with opened(make_store()) as one, opened(make_store()) as two:
            await one.append([append_of(KEY, 1, 1)])
            async with anyio.create_task_group() as tasks:
                for store in (one, two, one, two):
                    tasks.start_soon(put, store)
            assert sorted(outcomes) == [*[Put.KNOWN] * 3, Put.STORED]
        async with opened(make_store()) as again:
            assert await again.version(KEY, "version-1") == version(1)

    @pytest.mark.parametrize("text", ["\0", "x\udfff"])
    async def test_versions_with_text_that_no_database_keeps_are_refused(
        self, store: Store, text: str
    ) -> None:
        await store.append([append_of(KEY, 1, 1)])
        bad = (replace(version(1), name=text), replace(version(1), by=text))
        for one in bad:
            with pytest.raises(StoreError):
                await store.put_version(KEY, one, MOST)
        with pytest.raises(StoreError):
            await store.version(KEY, text)
        assert await store.versions(KEY) == []
