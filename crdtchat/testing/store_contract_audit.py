"""The exam of a store, third part: the audit log. Subclassed beside `StoreContract`."""

from __future__ import annotations

from crdtchat.stores.auditing import Audited, Report
from crdtchat.stores.base import Append, DocumentKey, Erasure, Store
from crdtchat.sync.effects import Deed
from crdtchat.testing.store_contract import KEY, OTHER, entries

ALWAYS = 2**53


def deed(at: int, action: str = "hide") -> Deed:
    """A line."""
    return Deed("mod-ż", "moderator", action, "anno/c001", at, "rest")


async def log(
    store: Store,
    tenant: str = "demo",
    *,
    page: str | None = None,
    first: int = 0,
    last: int = ALWAYS,
    after: int = 0,
    most: int = 100,
) -> list[Audited]:
    """Read the audit log."""
    return await store.deeds(tenant, page=page, first=first, last=last, after=after, most=most)


class AuditContract:
    """Needs the fixture `store`."""

    async def test_deeds_are_written_with_their_append_or_not_at_all(self, store: Store) -> None:
        await store.append([Append(KEY, 1, 0, entries(1, 1), deeds=(deed(1), deed(2, "lock")))])
        await store.append([Append(KEY, 1, 0, entries(1, 1), deeds=(deed(3),))])  # conflicts
        lines = await log(store)
        assert [line.deed for line in lines] == [deed(1), deed(2, "lock")]
        assert {line.page for line in lines} == {KEY.page}
        assert lines[0].number < lines[1].number

    async def test_deeds_of_an_erasure(self, store: Store) -> None:
        await store.append([Append(KEY, 1, 0, entries(1, 1))])
        await store.erase(Erasure(KEY, 1, 9, b"", deeds=(deed(1, "erase"),)))  # conflicts
        await store.erase(Erasure(KEY, 1, 1, b"", deeds=(deed(2, "erase"),)))
        assert [line.deed for line in await log(store)] == [deed(2, "erase")]

    async def test_the_audit_log_is_read_in_parts_and_by_tenant(self, store: Store) -> None:
        for at in range(1, 6):
            await store.add_deeds(KEY if at % 2 else OTHER, [deed(at)])
        await store.add_deeds(DocumentKey("other", ""), [deed(9)])
        lines = await log(store)
        assert [line.deed.at for line in lines] == [1, 2, 3, 4, 5]
        assert await log(store, most=2) == lines[:2]
        assert await log(store, after=lines[1].number, most=2) == lines[2:4]
        assert await log(store, page=OTHER.page) == lines[1::2]
        assert await log(store, first=2, last=4) == lines[1:4]
        assert [line.page for line in await log(store, "other")] == [""]
        assert await log(store, "nobody") == []

    async def test_pages_are_found_by_what_was_done_there(self, store: Store) -> None:
        await store.add_deeds(OTHER, [deed(1), deed(2), deed(3, "lock")])
        await store.add_deeds(KEY, [deed(4, "delete")])
        await store.add_deeds(DocumentKey("demo", ""), [deed(5)])
        await store.add_deeds(DocumentKey("other", "theirs"), [deed(6)])
        assert await store.pages_of_deeds("demo", ("hide", "lock")) == [OTHER.page]
        both = sorted((KEY.page, OTHER.page))
        assert await store.pages_of_deeds("demo", ("delete", "lock")) == both
        assert await store.pages_of_deeds("demo", ("import",)) == []

    async def test_old_lines_are_trimmed_by_tenant(self, store: Store) -> None:
        other = DocumentKey("other", "")
        for at in (1, 2, 3):
            await store.add_deeds(KEY, [deed(at)])
            await store.add_deeds(other, [deed(at)])
        assert await store.trim_deeds("demo", 3) == 2
        assert await store.trim_deeds("demo", 3) == 0
        assert [line.deed.at for line in await log(store)] == [3]
        assert len(await log(store, "other")) == 3
        for page in ("held ż", 'held "2"', "free"):
            await store.add_deeds(DocumentKey("demo", page), [deed(2)])
        assert await store.trim_deeds("demo", 3, {"held ż", 'held "2"', "no lines"}) == 1
        assert [line.page for line in await log(store, last=2)] == ["held ż", 'held "2"']
        newest = (await log(store))[-1].number
        await store.trim_deeds("demo", ALWAYS)
        await store.add_deeds(KEY, [deed(4)])
        assert (await log(store))[0].number > newest, "a number is never used twice"

    async def test_reports_are_one_a_user_and_go_when_dealt_with(self, store: Store) -> None:
        def report(by: str, at: int, target: str = "anno") -> Report:
            return Report(KEY.page, target, by, "spam", at)

        for one in (report("ann", 1), report("bob", 2), report("ann", 3)):
            await store.add_report("demo", one)
        await store.add_report("demo", report("ann", 4, "anno/c001"))
        await store.add_report("other", report("ann", 5))
        assert await store.reports("demo") == [
            report("bob", 2),
            report("ann", 3),
            report("ann", 4, "anno/c001"),
        ]
        assert await store.remove_reports(KEY, "anno") == 2
        assert await store.remove_reports(KEY, "anno") == 0
        assert await store.reports("demo") == [report("ann", 4, "anno/c001")]
        await store.remove_user("demo", "ann")
        assert await store.reports("demo") == []
        assert len(await store.reports("other")) == 1
