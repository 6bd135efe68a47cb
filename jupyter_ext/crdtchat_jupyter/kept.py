"""Which discussions the database has, whatever became of the table of files."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from anyio.to_thread import run_sync

from crdtchat.document import schema
from crdtchat.document.records import read_annotation
from crdtchat.document.replica import EngineFailure
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import Loaded
from crdtchat_jupyter.discussions import path_of
from crdtchat_jupyter.principal import TENANT
from crdtchat_jupyter.recognition import Known
from crdtchat_jupyter.running import DATABASE, RunningHub

_log = logging.getLogger(__name__)
_CELL = re.compile(r"(?:^|&)cell=([^&]+)")


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


def _cells(loaded: Loaded) -> frozenset[str] | None:
    """The ids of the cells that a page's annotations name; None for a page that cannot be read: an
    exception would carry the replica, which belongs to this thread, into another one."""
    try:
        values = replica_of(loaded).values(schema.ANNOTATIONS).values()
    except EngineFailure:
        return None
    parts = [record.target.part for value in values if (record := read_annotation(value))]
    return frozenset(cell for part in parts for cell in _CELL.findall(part))
