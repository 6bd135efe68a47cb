"""Annotations and comments that come without a date: dated now, and known when they come again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from crdtchat.access.principal import Principal
from crdtchat.access.roles import Role
from crdtchat.document.schema import COMMENT_CP
from crdtchat.document.tally import Tally
from crdtchat.document.view import Annotation
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.memory import MemoryStore
from tests.exchange.pages import view

KEY = DocumentKey("demo", "page")
OWNER = Principal("demo", "olga", "Olga", Role.OWNER)
QUOTE = {"type": "TextQuoteSelector", "exact": "words"}


def annotation(name: str, **more: Any) -> dict[str, Any]:
    body = {"type": "TextualBody", "value": f"text of {name}"}
    where = {"source": "page", "selector": QUOTE}
    return {
        "id": name,
        "type": "Annotation",
        "creator": "ann",
        "body": body,
        "target": where,
        **more,
    }


def reply(name: str, to: str, **more: Any) -> dict[str, Any]:
    return annotation(name, motivation="replying", target=to, creator="bob", **more)


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub:
        yield hub


async def bring(hub: Hub, *items: dict[str, Any]) -> tuple[Tally, list[Annotation]]:
    tally = await import_items(hub, "demo", items, OWNER.importer("page"), page="page")
    return tally, list(await view(hub.store, KEY))


DATED = {"created": "2023-01-02T03:04:05Z"}
ITEMS = (
    annotation("a1"),
    reply("r1", "a1"),
    annotation("a2", **DATED),
    reply("r2", "a2"),
    reply("r3", "r2"),
    reply("r4", "a2", bodyValue="x" * (COMMENT_CP + 1)),
    annotation("a3", created="2999-01-01T00:00:00Z"),
    {
        "id": "a4",
        "target": {"selector": [{"quote": "words", "start": 0, "end": 5}]},
        "bodies": [{"purpose": "commenting", "value": one} for one in ("first", "second")],
    },
)


async def test_a_second_import_knows_them(hub: Hub) -> None:
    first, seen = await bring(hub, *ITEMS)
    assert first.added == {"annotations": 4, "comments": 10, "names": 3}
    second, again = await bring(hub, *ITEMS, reply("r5", "r3"))
    assert second.added == {"comments": 1}
    assert second.known == {"annotations": 4, "comments": 10}
    assert not second.left_out
    texts = {one.aid: [comment.text for comment in one.comments] for one in seen}
    more = {one.aid: [comment.text for comment in one.comments] for one in again}
    (thread,) = (one for one in again if more[one.aid] != texts[one.aid])
    assert sorted(more[thread.aid]) == sorted([*texts[thread.aid], "text of r5"])
    # What replied to the undated replies still does.
    by_text = {comment.text: comment for comment in thread.comments}
    assert by_text["text of r5"].parent == by_text["text of r3"].cid
    assert by_text["text of r3"].parent == by_text["text of r2"].cid


async def test_what_was_deleted_since_stays_deleted(hub: Hub) -> None:
    _, seen = await bring(hub, *ITEMS[:2])
    (opening, gone) = seen[0].comments
    stone = ("d", f"{seen[0].aid}/{gone.cid}", ("olga", 1))
    await hub.write(KEY, OWNER.peer(), [stone], b"1" * 16)
    tally, again = await bring(hub, *ITEMS[:2])
    assert not tally.added
    assert [comment.cid for comment in again[0].comments] == [opening.cid]


async def test_another_authors_annotation_of_that_id_is_left_out(hub: Hub) -> None:
    await bring(hub, annotation("a1"))
    tally, _ = await bring(hub, annotation("a1", creator="mallory"))
    assert tally.left_out == {"annotations whose id another one has on this page": 1}


async def test_so_is_what_another_of_our_servers_dated_ahead(hub: Hub) -> None:
    """Its clock was ahead, or is behind here; edits and answers of later still come."""
    ann = {"type": "Person", "id": "ann", "name": "Ann"}
    ahead = "2999-01-01T00:00:00.000Z"

    def whole(text: str, **more: Any) -> dict[str, Any]:
        body = {"type": "TextualBody", "value": text}
        comment = {"id": "AZyq0kuAw2Lx9b", "creator": ann, "created": ahead, "body": body, **more}
        target = {"source": "page", "selector": [QUOTE]}
        return {
            "id": "anno",
            "creator": ann,
            "created": ahead,
            "target": target,
            "comments": [comment],
        }

    first, _ = await bring(hub, whole("first"))
    assert first.added == {"annotations": 1, "comments": 1, "names": 1}
    second, _ = await bring(hub, whole("first"))
    assert (second.added, second.left_out) == ({}, {})
    third, seen = await bring(hub, whole("second", modified=ahead))
    assert (third.added, third.left_out) == ({"edits": 1}, {})
    assert [comment.text for one in seen for comment in one.comments] == ["second"]
