"""The exam of a store, lists: parts of them, whatever is written in between."""

from __future__ import annotations

from crdtchat.stores.base import Append, DocumentKey, Entry, Page, Store

_AT = 1_700_000_000_000


def _written(
    page: str, at: int, *, after: int = 0, tenant: str = "demo", scope: str = ""
) -> Append:
    entry = Entry(b"something", "ann", _AT + at, b"%016d" % at)
    return Append(DocumentKey(tenant, page, scope), 1, after, (entry,))


class ListContract:
    """Subclass beside `StoreContract`, which gives the fixture `store`."""

    async def test_pages_in_parts(self, store: Store) -> None:
        """Several were written in one moment; `ż` and `🙂` stand in the order of code points."""
        names = ("a", "b", "z", "ż", "\ufffd", "🙂")
        await store.append([_written(name, index // 3) for index, name in enumerate(names)])
        await store.append([_written("b", 1, scope="s"), _written("a", 5, tenant="other")])
        whole = await store.pages("demo")
        assert [(page.key.page, page.key.scope) for page in whole] == [
            *(("b", "s"), ("ż", ""), ("\ufffd", ""), ("🙂", "")),
            *(("a", ""), ("b", ""), ("z", "")),
        ]
        assert await store.pages("demo", most=0) == []
        for size in (1, 2, 3, 7, 8):
            found: list[Page] = []
            while part := await store.pages("demo", after=found[-1] if found else None, most=size):
                assert len(part) <= size
                found += part
            assert found == whole
        assert await store.pages("demo", after=whole[2]) == whole[3:]

    async def test_a_part_begins_where_the_one_before_ended(self, store: Store) -> None:
        """Also where its last page was written on since, and others are new."""
        await store.append([_written(f"page {number}", number) for number in range(6)])
        first = await store.pages("demo", most=3)
        await store.append([_written(first[-1].key.page, 10, after=1), _written("new", 11)])
        second = await store.pages("demo", after=first[-1], most=3)
        names = [page.key.page for page in (*first, *second)]
        assert names == [f"page {number}" for number in (5, 4, 3, 2, 1, 0)]
