"""Page versions that no record names any more are let go of."""

from __future__ import annotations

from crdtchat.document.page_version import Values, named_versions
from crdtchat.stores.base import DocumentKey, Store

_GRACE_MS = 3_600_000
"""What nobody names goes after that long: another node's records may be newer than ours."""


async def tidy(store: Store, key: DocumentKey, document: Values, now: int) -> int:
    """Erase the versions of a page that no living record of its document names; answer how many.

    Raises StoreError.
    """
    if not await store.versions(key):
        return 0
    # Read in the same breath as it is asked for: what is named later is put later.
    return await store.keep_versions(key, named_versions(document).keys(), now - _GRACE_MS)
