"""Random pages, and stores that hold them."""

from __future__ import annotations

from hypothesis import strategies as st

from crdtchat.document import schema
from crdtchat.document.rebuild import encode_content
from crdtchat.document.records import Target
from crdtchat.document.replica import Replica
from crdtchat.document.view import Annotation, read_view
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import Append, DocumentKey, Entry, Store
from crdtchat.sync.rules import server_client
from crdtchat.sync.update import Value

NOW = 1_700_000_000_000
USERS = ("ann", "bob", "~0a", "import:acct:cy@h.is", "żółw 🙂", "")
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
_TIME = st.integers(1, NOW)
_WHO = st.sampled_from(USERS)
_ID = st.text(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=4, max_size=22
).filter(schema.is_id)


@st.composite
def _target(draw: st.DrawFn) -> tuple[str | int, ...]:
    kind = draw(st.sampled_from(sorted(schema.TARGET_KINDS)))
    exact = draw(_TEXT if kind in schema.WHOLE_KINDS else _WORDS)
    start = draw(st.integers(0, 9_000))
    end = start + draw(st.integers(0, 90))
    return (exact, draw(_TEXT), draw(_TEXT), start, end, kind, draw(_TEXT), draw(_TEXT))


@st.composite
def _thread(draw: st.DrawFn, content: dict[str, dict[str, Value]], aid: str) -> None:
    content["a"][aid] = (draw(_WHO), draw(_TIME), *draw(_target()))
    cids = draw(st.lists(_ID, unique=True, max_size=4))
    for number, cid in enumerate(cids):
        key = f"{aid}/{cid}"
        if draw(st.integers(0, 3)) == 0:
            content["d"][key] = (draw(_WHO), draw(_TIME))
            continue
        parent = draw(st.sampled_from(["", *cids[:number]]))
        edited = draw(st.just(0) | _TIME)
        content["c"][key] = (draw(_WHO), draw(_TIME), draw(_TEXT), edited, parent)
        for user in draw(st.lists(_WHO.filter(bool), unique=True, max_size=2)):
            given = draw(st.lists(st.sampled_from("👍🎉@:"), min_size=1, max_size=3, unique=True))
            content["r"][f"{key}/{user}"] = " ".join(given)
        if draw(st.integers(0, 3)) == 0:
            content["m"][key] = (draw(st.integers(0, 1)), draw(_WHO), draw(_TIME))
    if draw(st.integers(0, 3)) == 0:
        content["m"][aid] = (draw(st.integers(0, 3)), draw(_WHO), draw(_TIME))
    if draw(st.booleans()):
        content["s"][aid] = (draw(st.integers(0, 1)), draw(_WHO), draw(_TIME))
    if draw(st.booleans()):
        followed = draw(st.integers(0, 1))
        content["t"][aid] = (draw(_WHO), draw(_TIME), *draw(_target()), followed)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, dict[str, Value]]:
    """All values of a page, as its rules allow them."""
    content: dict[str, dict[str, Value]] = {root: {} for root in schema.ROOTS}
    for aid in draw(st.lists(_ID, unique=True, max_size=4)):
        draw(_thread(content, aid))
    for user in draw(st.lists(_WHO.filter(bool), unique=True)):
        content["u"][user] = (draw(st.text("ąB 🙂", min_size=1, max_size=9)),)
    return content


async def fill(store: Store, key: DocumentKey, content: dict[str, dict[str, Value]]) -> None:
    """Put a page into a store."""
    update = encode_content(content, server_client(1))
    await store.append([Append(key, 1, 0, (Entry(update, "", NOW),))])


async def replica(store: Store, key: DocumentKey) -> Replica:
    """A page as it is stored."""
    return replica_of(await store.load(key))


async def view(store: Store, key: DocumentKey) -> tuple[Annotation, ...]:
    """A page as people see it."""
    return read_view(await replica(store, key))


def target(exact: str = "words", **more: object) -> Target:
    """A target."""
    return Target(exact, **{"end_cp": len(exact), **more})  # type: ignore[arg-type]
