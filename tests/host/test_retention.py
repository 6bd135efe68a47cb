"""Retention: what goes after so many days, and what stays."""

from crdtchat.document import rebuild
from crdtchat.document.schema import ROOTS
from crdtchat.host.folding import replica_of
from crdtchat.host.retention import DAY_MS, apply_retention
from crdtchat.stores.base import Append, DocumentKey, Entry
from crdtchat.stores.memory import MemoryStore
from crdtchat.sync.effects import Deed

KEY = DocumentKey("demo", "page")
NOW = 1_700_000_000_000
OLD, NEW = NOW - 40 * DAY_MS, NOW - DAY_MS
TARGET = ("words", "", "", 0, 5)


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
    assert await apply_retention(store, "demo", 0, NOW, "server") == 0
    assert await apply_retention(store, "demo", 30, NOW, "server") == 1
    left = rebuild.read_content(replica_of(await store.load(KEY)))
    assert set(left["a"]) == {"busy-one", "open-one"}
    assert set(left["d"]) == {"gone-new", "quiet"}
    lines = await store.deeds("demo", page=None, first=0, last=2**53, after=0, most=9)
    assert [(line.deed.action, line.deed.target) for line in lines] == [("expire", "quiet")]
    assert await apply_retention(store, "demo", 30, NOW, "server") == 0
