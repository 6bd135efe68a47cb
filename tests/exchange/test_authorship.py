"""Nobody's words are put in a living mouth: what an import may sign, and who may import."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from crdtchat.access.principal import Denied, Principal
from crdtchat.access.roles import Role
from crdtchat.document.portable import Portable, imported_id
from crdtchat.document.records import AnnotationRecord, CommentRecord, StatusRecord
from crdtchat.document.replica import Write
from crdtchat.document.schema import is_user
from crdtchat.document.tally import Tally
from crdtchat.host.hub import Hub
from crdtchat.host.importing import bring_in
from crdtchat.stores.base import DocumentKey
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.codes import Refused
from tests.exchange.pages import NOW, target, view

KEY = DocumentKey("demo", "page")
OWNER = Principal("demo", "olga", "Olga", Role.OWNER)
TARGET = ("words", "", "", 0, 5)
THERE: list[Write] = [
    ("a", "anno", ("olga", NOW, *TARGET)),
    ("c", "anno/c001", ("olga", NOW, "mine")),
]
IMPORTED: list[Write] = [
    ("a", "impo", ("import:ann", NOW, *TARGET)),
    ("c", "impo/c001", ("import:ann", NOW, "theirs")),
    ("d", "impo/gone", ("import:bob", NOW)),
    ("c", "impo/c002", ("import:bob", NOW, "reply", 0, "gone")),
    ("s", "impo", (1, "import:bob", NOW)),
    ("r", "impo/c001/import:bob", "👍"),
    ("t", "impo", ("import:bob", NOW, *TARGET)),
    ("u", "import:ann", ("Ann",)),
]


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    store = MemoryStore()
    await store.open()
    async with Hub(store) as hub:
        await hub.write(KEY, OWNER.peer(), THERE, b"1" * 16)
        await hub.write(KEY, OWNER.importer("page"), IMPORTED, b"2" * 16)
        yield hub


async def test_imported_people_are_told_apart(hub: Hub) -> None:
    found = next(one for one in await view(hub.store, KEY) if one.aid == "impo")
    assert (found.author, found.author_name) == ("import:ann", "Ann")
    authors = [comment.author for comment in found.comments]
    assert sorted(authors) == ["", "import:ann", "import:bob"]


async def test_the_log_says_who_imported(hub: Hub) -> None:
    entries = (await hub.store.load(KEY)).entries
    assert [entry.principal for entry in entries if entry.broadcast_id == b"2" * 16] == ["olga"]


@pytest.mark.parametrize(
    ("write", "code"),
    [
        (("a", "forg", ("ann", NOW, *TARGET)), "forged-author"),
        (("c", "impo/c009", ("ann", NOW, "x")), "forged-author"),
        (("s", "impo", (0, "ann", NOW)), "forged-author"),
        (("r", "impo/c001/ann", "👍"), "not-author"),
        (("t", "anno", ("ann", NOW, *TARGET)), "forged-author"),
        (("d", "anno/c009", ("ann", NOW)), "forged-author"),
        (("u", "ann", ("Ann",)), "server-only"),
        (("u", "import:ann", ("x" * 129,)), "bad-value"),
        (("c", "impo/c001", ("import:ann", NOW, "other words")), "not-author"),
        (("c", "anno/c001", ("import:ann", NOW, "other words")), "not-author"),
        (("c", "anno/c001", ("import:ann", NOW, "other words", NOW + 1)), "not-author"),
        (("c", "anno/c001", ("ann", NOW, "other words", NOW + 1)), "forged-author"),
        (("c", "impo/c001", ("import:bob", NOW, "other words", NOW + 1)), "not-author"),
        (("c", "impo/c001", ("import:ann", NOW - 1, "other words", NOW + 1)), "immutable"),
        (("c", "impo/c001", ("import:ann", NOW, "other words", 2**52)), "future"),
        (("a", "impo", ("import:ann", NOW, *TARGET)), "exists"),
        (("d", "none", ("import:ann", NOW)), "unknown-annotation"),
        (("d", "none/c001", ("import:ann", NOW)), "unknown-annotation"),
        (("a", "late", ("import:ann", 2**52, *TARGET)), "future"),
    ],
)
async def test_an_import_signs_for_people_of_elsewhere_only(
    hub: Hub, write: Write, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        await hub.write(KEY, OWNER.importer("page"), [write], b"3" * 16)
    assert refused.value.code == code


@pytest.mark.parametrize("write", IMPORTED)
async def test_nobody_else_signs_so(hub: Hub, write: Write) -> None:
    root, key, value = write
    key = key.replace("impo", "anno" if root != "a" else "newa")
    for peer in (OWNER.peer(), replace(OWNER, role=Role.MODERATOR).peer()):
        with pytest.raises(Refused) as refused:
            await hub.write(KEY, peer, [(root, key, value)], b"3" * 16)
        assert refused.value.code in ("forged-author", "not-author", "server-only")


def test_who_may_import() -> None:
    assert OWNER.importer("page").may_import
    assert not OWNER.peer().may_import
    assert not OWNER.importer("page").may_restore
    for denied in (replace(OWNER, role=Role.MODERATOR), replace(OWNER, pages=("docs/*",))):
        with pytest.raises(Denied, match="may not import"):
            denied.importer("page")


def test_nobody_signs_in_as_somebody_imported() -> None:
    with pytest.raises(Denied, match="kept for imported"):
        Principal("demo", "import:ann", "Ann", Role.COMMENTER)


@pytest.mark.parametrize(
    "user",
    ["ann", "acct:ann@h.is", "https://x.org/ann", "żółw", "a\nb", "x" * 400, "%2F", "import:/"],
)
def test_every_id_has_an_imported_one(user: str) -> None:
    found = imported_id(user)
    assert is_user(found)
    assert found.startswith("import:")
    assert imported_id(found) == found
    assert found != imported_id(user + "x")


def _portable(**changes: object) -> Portable:
    head = AnnotationRecord("ann", NOW, target())
    comments = {"c001": CommentRecord("ann", NOW, "hello")}
    whole = Portable("page", "port", head, comments, names={"ann": "Ann"})
    return replace(whole, **changes)  # type: ignore[arg-type]


async def _again(hub: Hub, portable: Portable) -> Tally:
    tally = Tally()
    await bring_in(hub, "demo", [portable], OWNER.importer("page"), tally)
    return tally


async def test_a_second_import_adds_what_is_new(hub: Hub) -> None:
    first = await _again(hub, _portable())
    assert first.added == {"annotations": 1, "comments": 1}
    more = {
        "c001": CommentRecord("ann", NOW, "edited since"),
        "c002": CommentRecord("bo", NOW, "2"),
    }
    second = await _again(hub, _portable(comments=more))
    assert (second.added, second.known) == ({"comments": 1}, {"annotations": 1, "comments": 1})
    found = next(one for one in await view(hub.store, KEY) if one.aid == "port")
    assert [comment.text for comment in found.comments] == ["hello", "2"]


async def test_a_later_edit_of_imported_words_comes(hub: Hub) -> None:
    async def brought(author: str, edited: int, text: str) -> tuple[Tally, str]:
        comments = {"c001": CommentRecord(author, NOW, text, edited)}
        tally = await _again(hub, _portable(comments=comments))
        found = next(one for one in await view(hub.store, KEY) if one.aid == "port")
        return tally, found.comments[0].text

    await _again(hub, _portable())
    tally, text = await brought("ann", NOW + 2, "edited")
    assert (tally.added, tally.left_out, text) == ({"edits": 1}, {}, "edited")
    for author, edited in (("ann", NOW + 1), ("ann", NOW + 2), ("bo", NOW + 3)):
        tally, text = await brought(author, edited, "other")
        assert (tally.added, tally.left_out, text) == ({}, {}, "edited")
    # Who has words elsewhere has not signed in here.
    back = Portable(
        "page",
        "anno",
        AnnotationRecord("import:olga", NOW, target()),
        {"c001": CommentRecord("import:olga", NOW, "not mine", NOW + 1)},
    )
    tally = await _again(hub, back)
    assert (tally.added, tally.left_out.total()) == ({}, 1)
    nobody = replace(OWNER, role=Role.MODERATOR).peer()
    edit: Write = ("c", "port/c001", ("import:ann", NOW, "moderated", NOW + 9))
    with pytest.raises(Refused) as refused:
        await hub.write(KEY, nobody, [edit], b"7" * 16)
    assert refused.value.code == "not-author"


async def test_the_newer_state_wins(hub: Hub) -> None:
    await _again(hub, _portable(status=StatusRecord(True, "ann", NOW)))
    older = await _again(hub, _portable(status=StatusRecord(False, "ann", NOW - 1)))
    assert not older.added
    await _again(hub, _portable(status=StatusRecord(False, "ann", NOW + 1)))
    found = next(one for one in await view(hub.store, KEY) if one.aid == "port")
    assert not found.resolved


async def test_what_was_deleted_here_stays_deleted(hub: Hub) -> None:
    await _again(hub, _portable())
    moderator = replace(OWNER, role=Role.MODERATOR).peer()
    await hub.write(KEY, moderator, [("d", "port/c001", ("olga", NOW))], b"4" * 16)
    tally = await _again(hub, _portable())
    assert (tally.added.total(), tally.left_out.total()) == (0, 1)
    await hub.write(KEY, moderator, [("d", "port", ("olga", NOW))], b"5" * 16)
    tally = await _again(hub, _portable())
    assert tally.left_out == {"annotations that were deleted on this page": 1}


async def test_a_taken_id_is_reported(hub: Hub) -> None:
    tally = await _again(hub, _portable(aid="anno"))
    assert tally.left_out == {"annotations whose id another one has on this page": 1}


async def test_what_went_out_from_here_is_known_when_it_comes_back(hub: Hub) -> None:
    await hub.write(KEY, OWNER.peer(), [("r", "anno/c001/olga", "👍")], b"6" * 16)
    back = Portable(
        "page",
        "anno",
        AnnotationRecord("import:olga", NOW, target()),
        {"c001": CommentRecord("import:olga", NOW, "mine"), "c002": CommentRecord("bo", NOW, "2")},
        reactions={("c001", "import:olga"): ("👍",)},
    )
    tally = await _again(hub, back)
    assert (tally.added, tally.left_out) == ({"comments": 1}, {})
    assert tally.known == {"annotations": 1, "comments": 1, "reactions": 1}
    tally = await _again(hub, replace(back, head=replace(back.head, created=NOW + 1)))
    assert tally.left_out, "the same id and author at another time is another annotation"


async def test_a_long_thread_is_split_into_operations(hub: Hub) -> None:
    comments = {f"c{number:04}": CommentRecord("ann", NOW, "x" * 5_000) for number in range(400)}
    tally = await _again(hub, _portable(comments=comments))
    assert tally.added["comments"] == 400
    assert not tally.left_out
