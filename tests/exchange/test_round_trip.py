"""What was exported and imported again is what it was, to the byte."""

from __future__ import annotations

from functools import partial
from io import StringIO

import anyio
from hypothesis import given, settings

from crdtchat.document import schema
from crdtchat.document.json_items import JsonItems
from crdtchat.document.portable import imported_id
from crdtchat.document.tally import Tally
from crdtchat.host.exporting import exported as all_of
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items
from crdtchat.server.exchange import OPERATOR
from crdtchat.stores.base import DocumentKey, Store
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.session import Peer
from crdtchat.sync.update import Value
from tests.exchange.pages import contents, fill, replica, view

KEY = DocumentKey("demo", "https://example.org/ż")


def importer(*, restore: bool = False) -> Peer:
    return Peer(
        OPERATOR,
        "",
        "owner",
        may_comment=True,
        may_moderate=True,
        may_import=True,
        may_restore=restore,
    )


async def exported(store: Store) -> str:
    return "".join([part async for part in all_of(store, "demo")])


async def brought_in(store: Store, text: str, *, restore: bool = False) -> Tally:
    async with Hub(store) as hub:
        return await import_items(
            hub, "demo", JsonItems(StringIO(text).read), importer(restore=restore)
        )


async def _there_and_back(content: dict[str, dict[str, Value]]) -> None:
    first, second = MemoryStore(), MemoryStore()
    await first.open()
    await second.open()
    await fill(first, KEY, content)
    text = await exported(first)
    tally = await brought_in(second, text, restore=True)
    assert not tally.left_out
    assert not tally.altered
    assert await view(second, KEY) == await view(first, KEY)
    assert await exported(second) == text
    shown = {annotation.aid for annotation in await view(first, KEY)}
    was, now = await replica(first, KEY), await replica(second, KEY)
    for root in schema.ROOTS:
        kept = {key for key in was.values(root) if key.partition("/")[0] in shown}
        assert now.values(root).keys() >= kept or root == schema.TOMBSTONES
    again = await brought_in(second, text, restore=True)
    assert not again.added
    assert not again.left_out
    assert next(iter(again.lines())).startswith("nothing is new")
    assert await exported(second) == text


@given(contents())
@settings(max_examples=80, deadline=None)
def test_a_backup_comes_back_as_it_was(content: dict[str, dict[str, Value]]) -> None:
    anyio.run(partial(_there_and_back, content))


async def _as_imported(content: dict[str, dict[str, Value]]) -> None:
    first, second, third = MemoryStore(), MemoryStore(), MemoryStore()
    for store in (first, second, third):
        await store.open()
    await fill(first, KEY, content)
    tally = await brought_in(second, await exported(first))
    assert not tally.left_out
    was, now = await view(first, KEY), await view(second, KEY)
    assert [one.aid for one in now] == [one.aid for one in was]
    for before, after in zip(was, now, strict=True):
        assert after.author == imported_id(before.author)
        assert [comment.text for comment in after.comments] == [
            comment.text for comment in before.comments
        ]
        for comment in after.comments:
            assert comment.author.startswith("import:") or not comment.author
    # Imported words that are exported stay the words of the same imported people.
    text = await exported(second)
    await brought_in(third, text)
    assert await exported(third) == text


@given(contents())
@settings(max_examples=40, deadline=None)
def test_an_import_tells_its_people_apart(content: dict[str, dict[str, Value]]) -> None:
    anyio.run(partial(_as_imported, content))
