"""Which discussions the database has, whatever became of the table of files."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from anyio.to_thread import run_sync

from crdtchat.document import schema
from crdtchat.document.records import read_anchor, read_annotation
from crdtchat.document.replica import EngineFailure
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey, Loaded
from crdtchat_jupyter.discussions import path_of
from crdtchat_jupyter.principal import TENANT
from crdtchat_jupyter.recognition import Known
from crdtchat_jupyter.running import DATABASE, RunningHub

_log = logging.getLogger(__name__)
_CELL = re.compile(r"(?:^|&)cell=([^&]+)")


async def quotes_on(data: Path, running: RunningHub, page: str) -> Sequence[str] | None:
    """The words that are discussed on a page; None for one that cannot be read back. Raises
    StoreError. Opens no database that is not there."""
    if not (data / DATABASE).is_file():
        return ()
    store = (await running.wait()).hub.store
    return await run_sync(_quotes, await store.load(DocumentKey(TENANT, page)))


async def kept_discussions(data: Path, running: RunningHub) -> list[Known]:
    """All discussions of files, marked by the cells that they are about. Raises StoreError.

    Opens no database that is not there. What cannot be read back is passed over, and logged.
    """
    if not (data / DATABASE).is_file():
        return []
    store = (await running.wait()).hub.store
    found = []
    for page in await store.pages(TENANT):
        path = path_of(page.key.page)
        if path and not page.key.scope:
            marks = await run_sync(_cells, await store.load(page.key))
            if marks is None:
                _log.error("page %r cannot be read back: it is offered to no file", page.key.page)
                continue
            found.append(Known(path, page.key.page, "", marks, lost=True))
    return found


def _quotes(loaded: Loaded) -> Sequence[str] | None:
    try:
        replica = replica_of(loaded)
        made, moved = (replica.values(root) for root in (schema.ANNOTATIONS, schema.ANCHORS))
        stones = replica.values(schema.TOMBSTONES)
    except EngineFailure:
        return None
    found = []
    for aid in made.keys() - stones.keys():
        records = (read_annotation(made[aid]), read_anchor(moved.get(aid)))
        found += [record.target.exact for record in records if record is not None]
    return found


def _cells(loaded: Loaded) -> frozenset[str] | None:
    """The ids of the cells that a page's annotations name; None for a page that cannot be read: an
    exception would carry the replica, which belongs to this thread, into another one."""
    try:
        values = replica_of(loaded).values(schema.ANNOTATIONS).values()
    except EngineFailure:
        return None
    parts = [record.target.part for value in values if (record := read_annotation(value))]
    return frozenset(cell for part in parts for cell in _CELL.findall(part))
